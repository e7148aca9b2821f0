//! Which modules fail. The first failure is noted in the store, which is an event and so a mail to the office; the next
//! ones are not, until the module was well for a while or the office changed it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::judge::rule_set;
use crate::model::{Event, RuleFailure, RuleId, RuleModule, RuleState, Timestamp};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// A module that answered for so long without a failure is well again.
const WELL_AFTER: Duration = Duration::from_hours(1);

/// When each failing module failed last.
#[derive(Default)]
pub(super) struct Health(Mutex<HashMap<RuleId, Timestamp>>);

impl Health {
    /// Whether this is the first failure since the module was well.
    pub(super) fn failed(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.insert(rule, now).is_none()
    }

    /// Whether this answer makes a failing module well.
    pub(super) fn answered(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let well = failing
            .get(&rule)
            .is_some_and(|last| last.plus(WELL_AFTER) <= now);
        if well {
            failing.remove(&rule);
        }
        well
    }

    /// The office changed the module: its next failure is news.
    pub(super) fn forget(&self, rule: RuleId) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.remove(&rule);
    }
}

/// The modules in use that fail, as it was noted.
pub fn failing_rules(reader: &Reader) -> Result<Vec<RuleId>, StoreError> {
    let set = rule_set(reader)?;
    let mut failing = Vec::new();
    for rule in set.active.iter().chain(&set.shadow) {
        let stored: Option<Stored<RuleModule>> = reader.get(&keys::rule(rule.rule_id))?;
        if stored.is_some_and(|module| module.failing.is_some()) {
            failing.push(rule.rule_id);
        }
    }
    Ok(failing)
}

pub(super) fn note_failure(
    transaction: &mut Transaction,
    id: RuleId,
    message: &str,
) -> Result<(), StoreError> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id))?;
    // A draft that fails in a dry run is its author's affair.
    let is_asked = |module: &RuleModule| {
        module.failing.is_none() && matches!(module.state, RuleState::Active | RuleState::Shadow)
    };
    let Some(old) = stored.filter(|module| is_asked(module)) else {
        return Ok(());
    };
    let failing = RuleModule {
        failing: Some(RuleFailure {
            since: transaction.now(),
            message: message.into(),
        }),
        ..old.record.clone()
    };
    transaction.update(&old, failing)?;
    transaction.log(Event::RuleFailed { rule_id: id })
}

pub(super) fn note_recovery(transaction: &mut Transaction, id: RuleId) -> Result<(), StoreError> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id))?;
    let Some(old) = stored.filter(|module| module.failing.is_some()) else {
        return Ok(());
    };
    let well = RuleModule {
        failing: None,
        ..old.record.clone()
    };
    transaction.update(&old, well)?;
    transaction.log(Event::RuleRecovered { rule_id: id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_until_the_module_was_well_for_an_hour() {
        let health = Health::default();
        let rule = RuleId::from_bytes([7; 16]);
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        assert!(health.failed(rule, at(0)));
        assert!(!health.answered(rule, at(1)));
        assert!(!health.failed(rule, at(30)));
        assert!(!health.answered(rule, at(80)));
        assert!(health.answered(rule, at(90)));
        assert!(health.failed(rule, at(91)));
        health.forget(rule);
        assert!(health.failed(rule, at(92)));
    }
}
