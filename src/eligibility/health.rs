//! Which modules fail. The first failure is noted in the store, which is an event and so a mail to the office; the next
//! ones are not, until the module was well for a while or the office changed it. A module that keeps failing is set aside:
//! for a while nobody asks it, so that what it costs is not paid by every reader of a list.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::judge::rule_set;
use crate::model::{Event, RuleFailure, RuleId, RuleModule, RuleState, Timestamp};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// A module that answered for so long without a failure is well again.
const WELL_AFTER: Duration = Duration::from_hours(1);
/// A module that answered nothing in so many questions in a row is set aside,
const MOST_IN_A_ROW: u32 = 5;
/// for so long. Then one question goes to it: if it fails too, it is set aside again.
const ASIDE_FOR: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug)]
struct Failing {
    last: Timestamp,
    /// Questions without any answer since the last with one.
    in_a_row: u32,
    aside_until: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct RuleHealth(Mutex<HashMap<RuleId, Failing>>);

impl RuleHealth {
    /// Whether this is the first failure since the module was well. `wholly`: no part of the question was answered.
    pub(super) fn failed(&self, rule: RuleId, now: Timestamp, wholly: bool) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&rule).copied();
        let in_a_row = match known {
            _ if !wholly => 0,
            Some(known) => known.in_a_row + 1,
            None => 1,
        };
        let failing = Failing {
            last: now,
            in_a_row,
            aside_until: (in_a_row >= MOST_IN_A_ROW).then(|| now.plus(ASIDE_FOR)),
        };
        all.insert(rule, failing);
        known.is_none()
    }

    /// Whether this answer makes a failing module well.
    pub(super) fn answered(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failing) = all.get_mut(&rule) else {
            return false;
        };
        failing.in_a_row = 0;
        failing.aside_until = None;
        let well = failing.last.plus(WELL_AFTER) <= now;
        if well {
            all.remove(&rule);
        }
        well
    }

    /// Whether nobody is to ask the module now. The first who asks after its time is up is let through, and the next only
    /// when that one has its answer.
    pub(super) fn is_aside(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = all
            .get_mut(&rule)
            .and_then(|rule| rule.aside_until.as_mut())
        else {
            return false;
        };
        let is_aside = now < *until;
        if !is_aside {
            *until = now.plus(ASIDE_FOR);
        }
        is_aside
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
        let health = RuleHealth::default();
        let rule = RuleId::from_bytes([7; 16]);
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        assert!(health.failed(rule, at(0), true));
        assert!(!health.answered(rule, at(1)));
        assert!(!health.failed(rule, at(30), true));
        assert!(!health.answered(rule, at(80)));
        assert!(health.answered(rule, at(90)));
        assert!(health.failed(rule, at(91), true));
        health.forget(rule);
        assert!(health.failed(rule, at(92), true));
    }

    /// A14
    #[test]
    fn a_module_that_keeps_failing_is_set_aside_for_a_while() {
        let health = RuleHealth::default();
        let rule = RuleId::from_bytes([7; 16]);
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        for round in 0..20 {
            health.failed(rule, at(0), round % 4 != 0);
            assert!(!health.is_aside(rule, at(0)), "it answers now and then");
        }
        health.failed(rule, at(1), true);
        health.failed(rule, at(1), true);
        assert!(health.is_aside(rule, at(1)));
        assert!(health.is_aside(rule, at(60)));
        assert!(!health.is_aside(rule, at(61)), "one may ask");
        assert!(health.is_aside(rule, at(61)), "and nobody else");
        health.failed(rule, at(62), true);
        assert!(health.is_aside(rule, at(121)), "it failed again");
        assert!(!health.is_aside(rule, at(122)));
        health.answered(rule, at(122));
        assert!(!health.is_aside(rule, at(122)), "it answered");
    }
}
