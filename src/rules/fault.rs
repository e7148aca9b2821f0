//! What can be wrong with a module or with a call of one, told apart by what the board does about it. Each text is a
//! sentence for the person in the office.

use super::{Outcome, Reason, Verdict};
use crate::model::Invalid;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Not a module this board can run; found at upload, for good.
    #[error("{0}")]
    Refused(String),
    /// The module stopped by itself: a programming error inside it.
    #[error("the rule stopped with an error of its own: {0}")]
    Trapped(String),
    #[error("the rule took longer than {0} ms of CPU time and was stopped")]
    OutOfTime(u64),
    #[error("the rule wanted more than {0} MiB of memory and was stopped")]
    OutOfMemory(u64),
    /// It answered, but the answer breaks the contract.
    #[error("the rule gave an answer that cannot be used: {0}")]
    WrongAnswer(String),
    /// It said itself that it cannot judge.
    #[error("the rule could not judge: {0}")]
    Declined(String),
    /// The office's settings do not fit the module's schema.
    #[error("the settings do not fit the rule: {0}")]
    BadParameters(Invalid),
    /// It failed so often that it is not asked for a while.
    #[error("the rule failed several times in a row and is not asked for a minute")]
    SetAside,
    /// More calls at once than the board admits, or a machine without time for them; try again.
    #[error("too many rules run at this moment; try again")]
    Busy,
    /// The board's own side failed: no memory for the engine, a folder that cannot be written.
    #[error("the rule engine failed: {0}")]
    Engine(String),
}

/// Of a text inside a fault that a module or its author chose.
const FOREIGN_CHARS: usize = 400;
const NAMES: usize = 5;
const NAME_CHARS: usize = 80;

/// Text of others, cut to what a person reads.
pub(super) fn cut(text: &str) -> String {
    shortened(text, FOREIGN_CHARS)
}

/// Names of others in one line: the first of them, each cut, and how many more there are.
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
    /// Stable, for metrics and for a verdict that had to be put off.
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
            Self::Engine(_) => "rule-engine",
        }
    }

    /// Whether the module may have stumbled over one of the cases it was asked about, and would answer the others.
    pub(super) fn is_of_a_case(&self) -> bool {
        match self {
            // A rule in JavaScript declines by an error thrown on the way, which one odd posting may cause.
            Self::Trapped(_)
            | Self::OutOfTime(_)
            | Self::OutOfMemory(_)
            | Self::WrongAnswer(_)
            | Self::Declined(_) => true,
            Self::Refused(_)
            | Self::BadParameters(_)
            | Self::SetAside
            | Self::Busy
            | Self::Engine(_) => false,
        }
    }

    /// The verdict of a module that failed: a person has to look. The student learns that, and not what broke.
    pub fn verdict(&self, language: &str) -> Verdict {
        let spanish = language.starts_with("es");
        let message = if spanish {
            "Las reglas de este empleo no se pudieron comprobar ahora; la oficina de empleo estudiantil lo revisará."
        } else {
            "The rules for this job could not be checked just now; the student employment office will look at it."
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
    fn a_failed_module_tells_the_student_nothing_of_its_inside() {
        let verdict = Fault::Trapped("secret".into()).verdict("es-MX");
        assert_eq!(verdict.outcome, Outcome::Review);
        assert_eq!(verdict.reasons[0].code, "rule-trapped");
        assert!(verdict.reasons[0].message.starts_with("Las reglas"));
        assert!(!verdict.reasons[0].message.contains("secret"));
    }
}
