//! What can go wrong with a module or a call to it, grouped by what the board does about it. Each text is a sentence for
//! the employment office.

use std::io;
use std::path::Path;

use super::{Outcome, Reason, Verdict};
use crate::model::Invalid;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// This board cannot run the module. Found at upload; trying again does not help.
    #[error("{0}")]
    Refused(String),
    /// The module crashed: a programming error in it.
    #[error("the rule crashed: {0}")]
    Trapped(String),
    #[error("the rule took longer than {0} ms of CPU time and was stopped")]
    OutOfTime(u64),
    #[error("the rule needed more than {0} MiB of memory and was stopped")]
    OutOfMemory(u64),
    /// It answered, but the answer breaks the contract.
    #[error("the rule gave an invalid answer: {0}")]
    WrongAnswer(String),
    /// The rule reported that it cannot decide.
    #[error("the rule could not decide: {0}")]
    Declined(String),
    /// The office's settings do not fit the module's schema.
    #[error("the rule's parameters are not valid: {0}")]
    BadParameters(Invalid),
    /// It failed so often that the board does not call it for a while.
    #[error("the rule failed several times in a row; the board tries it again in a minute")]
    SetAside,
    /// Too many calls at once, or too little CPU time for them; try again.
    #[error("too many rules are running right now; try again")]
    Busy,
    /// The board has no space to save the compiled rule.
    #[error("the disk is full; free some space")]
    DiskFull,
    /// The board failed, not the rule: no memory for the engine, or a folder that cannot be written.
    #[error("the rule engine failed: {0}")]
    Engine(String),
}

/// Most characters to keep of a text that a module or its author wrote.
const FOREIGN_CHARS: usize = 400;
const NAMES: usize = 5;
const NAME_CHARS: usize = 80;

/// Shortens a text from outside to a readable length.
pub(super) fn cut(text: &str) -> String {
    shortened(text, FOREIGN_CHARS)
}

/// Names from outside on one line: the first few, each shortened, and how many more there are.
pub(super) fn names<'a>(all: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = all.len().saturating_sub(NAMES);
    let shown = all.take(NAMES).map(|name| shortened(name, NAME_CHARS));
    let line = shown.collect::<Vec<_>>().join(", ");
    if more > 0 {
        return format!("{line} and {more} more");
    }
    line
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Fault {
    /// The board could not use one of its own files.
    pub(super) fn of_file(file: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Engine(format!("{}: {error}", file.display())),
        }
    }

    /// A stable code, for metrics and for verdicts that need a review.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "rule-refused",
            Self::Trapped(_) => "rule-trapped",
            Self::OutOfTime(_) => "rule-out-of-time",
            Self::OutOfMemory(_) => "rule-out-of-memory",
            Self::WrongAnswer(_) => "rule-wrong-answer",
            Self::Declined(_) => "rule-declined",
            Self::BadParameters(_) => "rule-bad-parameters",
            Self::SetAside => "rule-set-aside",
            Self::Busy => "rule-busy",
            Self::DiskFull => "rule-disk-full",
            Self::Engine(_) => "rule-engine",
        }
    }

    /// Whether one of several cases may have caused this, so that the module could still answer the others.
    pub(super) fn is_of_a_case(&self) -> bool {
        match self {
            // A JavaScript rule declines by throwing an error, which a single odd posting may cause.
            Self::Trapped(_)
            | Self::OutOfTime(_)
            | Self::OutOfMemory(_)
            | Self::WrongAnswer(_)
            | Self::Declined(_) => true,
            Self::Refused(_)
            | Self::BadParameters(_)
            | Self::SetAside
            | Self::Busy
            | Self::DiskFull
            | Self::Engine(_) => false,
        }
    }

    /// The verdict of a module that failed: a person has to review it. The student is not told what broke.
    pub fn verdict(&self, language: &str) -> Verdict {
        let spanish = language.starts_with("es");
        let message = if spanish {
            "No se pudieron comprobar los requisitos de este empleo en este momento. La oficina de empleo estudiantil los revisará."
        } else {
            "The rules for this job couldn't be checked right now. The student employment office will review it."
        };
        Verdict {
            outcome: Outcome::Review,
            reasons: vec![Reason {
                code: self.code().into(),
                message: message.into(),
                remedy: None,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_student_no_internals() {
        let verdict = Fault::Trapped("secret".into()).verdict("es-MX");
        assert_eq!(verdict.outcome, Outcome::Review);
        assert_eq!(verdict.reasons[0].code, "rule-trapped");
        assert!(verdict.reasons[0].message.starts_with("No se pudieron"));
        assert!(!verdict.reasons[0].message.contains("secret"));
    }
}
