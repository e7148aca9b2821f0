//! What a student reads: every finding as a sentence with its numbers, and what to do about it.

mod english;
mod spanish;

use crate::facts::{Day, Decimal, Language, Reason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Gpa,
    Credits,
    Visa,
    Award,
    Graduation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Week {
    Term,
    /// A week in term of a student on a student visa.
    TermWithVisa,
    Break,
}

/// What makes the hours fit. It holds for every kind of week: whoever follows it is not refused for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursRemedy {
    /// So many in this job; fewer elsewhere do not help, as this job alone has too many.
    Ask(Decimal),
    /// So many in this job, or fewer elsewhere.
    AskOrReduce(Decimal),
    /// So many fewer elsewhere; the other jobs leave no room for this one.
    Reduce(Decimal),
    /// So many in this job and none elsewhere.
    AskAndLeave(Decimal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// `hours` is the most in any such week with the job.
    Hours {
        week: Week,
        cap: Decimal,
        hours: Decimal,
        remedy: HoursRemedy,
    },
    Credits {
        least: Decimal,
        has: Decimal,
    },
    /// Enough for one level and not for the other.
    Level {
        undergraduate: Decimal,
        graduate: Decimal,
        has: Decimal,
    },
    Gpa {
        least: Decimal,
        has: Decimal,
    },
    Graduated {
        day: Day,
    },
    GraduatesBeforeStart {
        day: Day,
        start: Day,
    },
    GraduatesBeforeEnd {
        day: Day,
        end: Day,
    },
    Pay {
        least: u64,
        cents: u64,
    },
    WorkStudyVisa,
    NoAwardLeft,
    /// Other jobs use it up before this one starts.
    AwardGoneBefore {
        last: Day,
        start: Day,
    },
    AwardTooSmall {
        left: u64,
        last: Day,
        weeks: i64,
    },
    /// A job that the student has agreed to would go without.
    AwardPromised {
        start: Day,
    },
    AwardRunsOut {
        left: u64,
        last: Day,
    },
    Priority {
        until: Day,
        /// Whether it is known that the student has no award.
        known: bool,
    },
    Missing(Fact),
}

impl Finding {
    /// Stable: statistics and an office's own mails use it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hours { week, .. } => match week {
                Week::TermWithVisa => "visa-hours-in-term",
                Week::Term => "hours-in-term",
                Week::Break => "hours-in-break",
            },
            Self::Credits { .. } => "credits",
            Self::Level { .. } => "level-unknown",
            Self::Gpa { .. } => "gpa",
            Self::Graduated { .. } => "graduated",
            Self::GraduatesBeforeStart { .. } => "graduates-before-start",
            Self::GraduatesBeforeEnd { .. } => "graduates-before-end",
            Self::Pay { .. } => "minimum-wage",
            Self::WorkStudyVisa => "work-study-visa",
            Self::NoAwardLeft | Self::AwardGoneBefore { .. } => "award-used-up",
            Self::AwardTooSmall { .. } => "award-too-small",
            Self::AwardPromised { .. } => "award-promised",
            Self::AwardRunsOut { .. } => "award-runs-out",
            Self::Priority { .. } => "work-study-first",
            Self::Missing(fact) => match fact {
                Fact::Gpa => "gpa-unknown",
                Fact::Credits => "credits-unknown",
                Fact::Visa => "visa-unknown",
                Fact::Award => "award-unknown",
                Fact::Graduation => "graduation-unknown",
            },
        }
    }

    pub fn reason(&self, language: Language, currency: &str) -> Reason {
        let (message, remedy) = match language {
            Language::English => (english::message(self, currency), english::remedy(self)),
            Language::Spanish => (spanish::message(self, currency), spanish::remedy(self)),
        };
        Reason {
            code: self.code(),
            message,
            remedy: Some(remedy),
        }
    }
}
