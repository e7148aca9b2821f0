//! The verdicts of all modules together, one for each pair that they were asked about.

use super::checker::named;
use crate::model::{Eligibility, Outcome, Reason, RuleId, RuleInUse};
use crate::rules::{self, Fault, Verdict};

/// One verdict for each pair.
#[derive(Debug)]
pub struct Verdicts {
    pub all: Vec<Eligibility>,
    /// Where a module failed. It may answer differently the next time.
    pub failed: Vec<Failed>,
}

impl Verdicts {
    /// Whether all modules were asked about all pairs. If not, the machine was too busy, and some verdicts say `review`
    /// for no other reason.
    pub fn is_complete(&self) -> bool {
        self.failed.iter().all(|failed| failed.fault != Fault::Busy)
    }
}

/// A pair, by its index, for which a module failed.
#[derive(Clone, Debug)]
pub struct Failed {
    pub at: usize,
    pub rule_id: RuleId,
    pub fault: Fault,
}

/// Adds one module's answer to a verdict. The strictest outcome wins. All reasons are kept.
pub(super) fn add(verdict: &mut Eligibility, rule: &RuleInUse, answer: Verdict) {
    let outcome = match answer.outcome {
        rules::Outcome::Eligible => Outcome::Eligible,
        rules::Outcome::Review => Outcome::Review,
        rules::Outcome::Ineligible => Outcome::Ineligible,
    };
    let reasons = answer.reasons.into_iter().map(|reason| Reason {
        code: reason.code,
        message: reason.message,
        remedy: reason.remedy,
        rule: named(rule),
    });
    verdict.outcome = match (verdict.outcome, outcome) {
        (Outcome::Ineligible, _) | (_, Outcome::Ineligible) => Outcome::Ineligible,
        (Outcome::Review, _) | (_, Outcome::Review) => Outcome::Review,
        (Outcome::Eligible, Outcome::Eligible) => Outcome::Eligible,
    };
    verdict.reasons.extend(reasons);
}
