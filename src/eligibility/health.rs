//! Tracks which modules fail. The first failure is recorded in the store; its event leads to a mail to the office.
//! Later failures are not recorded until the module has worked for a while or the office changed it. A module that
//! keeps failing is skipped for a while, so that it does not slow down every list.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::checker::rule_set;
use crate::model::{Event, RuleFailure, RuleId, RuleModule, RuleState, Timestamp};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// A module that worked for this long without a failure is healthy again.
const WELL_AFTER: Duration = Duration::from_hours(1);
/// How often to record that a module fails. Nothing happens if it is recorded already.
const RECORD_EVERY: Duration = Duration::from_mins(1);
/// After this many calls in a row without any answer, a module is skipped
const MOST_IN_A_ROW: u32 = 5;
/// for this long. Then it gets one call, and is skipped again if that fails too.
const SKIP_FOR: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug)]
struct Failing {
    last: Timestamp,
    /// When its failing was last recorded.
    recorded: Timestamp,
    /// Calls without any answer since the last one with an answer.
    in_a_row: u32,
    skipped_until: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct RuleHealth(Mutex<HashMap<RuleId, Failing>>);

impl RuleHealth {
    /// Whether to record the failure: the first one since the module was healthy, and then one a minute, since another server
    /// may have forgotten the record because the office changed the module. `wholly`: no part of the call was answered.
    pub(super) fn failed(&self, rule: RuleId, now: Timestamp, wholly: bool) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&rule).copied();
        let in_a_row = match known {
            _ if !wholly => 0,
            Some(known) => known.in_a_row + 1,
            None => 1,
        };
        let recorded = known.map(|known| known.recorded);
        let recorded = recorded.filter(|recorded| now < recorded.plus(RECORD_EVERY));
        let failing = Failing {
            last: now,
            recorded: recorded.unwrap_or(now),
            in_a_row,
            skipped_until: (in_a_row >= MOST_IN_A_ROW).then(|| now.plus(SKIP_FOR)),
        };
        all.insert(rule, failing);
        recorded.is_none()
    }

    /// Whether this answer makes a failing module healthy.
    pub(super) fn answered(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failing) = all.get_mut(&rule) else {
            return false;
        };
        failing.in_a_row = 0;
        failing.skipped_until = None;
        let well = failing.last.plus(WELL_AFTER) <= now;
        if well {
            all.remove(&rule);
        }
        well
    }

    /// Whether to skip the module now. After the pause, the first caller is let through, and the next ones only once
    /// that call was answered.
    pub(super) fn is_skipped(&self, rule: RuleId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = all
            .get_mut(&rule)
            .and_then(|rule| rule.skipped_until.as_mut())
        else {
            return false;
        };
        let is_skipped = now < *until;
        if !is_skipped {
            *until = now.plus(SKIP_FOR);
        }
        is_skipped
    }

    /// The office changed the module, so the next failure is reported again.
    pub(super) fn forget(&self, rule: RuleId) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.remove(&rule);
    }
}

/// The modules in use that are recorded as failing.
pub async fn failing_rules(reader: &Reader) -> Result<Vec<RuleId>, StoreError> {
    let set = rule_set(reader).await?;
    let mut failing = Vec::new();
    for rule in set.active.iter().chain(&set.shadow) {
        let stored: Option<Stored<RuleModule>> = reader.get(&keys::rule(rule.rule_id)).await?;
        if stored.is_some_and(|module| module.failing.is_some()) {
            failing.push(rule.rule_id);
        }
    }
    Ok(failing)
}

pub(super) async fn note_failure(
    transaction: &mut Transaction,
    id: RuleId,
    message: &str,
) -> Result<(), StoreError> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id)).await?;
    // A draft that fails in a dry run concerns only its author.
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
    transaction.update(&old, failing).await?;
    transaction.log(Event::RuleFailed { rule_id: id })
}

pub(super) async fn note_recovery(
    transaction: &mut Transaction,
    id: RuleId,
) -> Result<(), StoreError> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id)).await?;
    let Some(old) = stored.filter(|module| module.failing.is_some()) else {
        return Ok(());
    };
    let well = RuleModule {
        failing: None,
        ..old.record.clone()
    };
    transaction.update(&old, well).await?;
    transaction.log(Event::RuleRecovered { rule_id: id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_recorded_at_once_and_then_now_and_then() {
        let health = RuleHealth::default();
        let rule = RuleId::from_bytes([7; 16]);
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        assert!(health.failed(rule, at(0), true));
        assert!(!health.answered(rule, at(1)));
        assert!(!health.failed(rule, at(0), true));
        assert!(
            health.failed(rule, at(30), true),
            "another server may have forgotten"
        );
        assert!(!health.answered(rule, at(80)));
        assert!(health.answered(rule, at(90)));
        assert!(health.failed(rule, at(91), true));
        health.forget(rule);
        assert!(health.failed(rule, at(92), true));
    }

    /// A14
    #[test]
    fn a_module_that_keeps_failing_is_skipped_for_a_while() {
        let health = RuleHealth::default();
        let rule = RuleId::from_bytes([7; 16]);
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        for round in 0..20 {
            health.failed(rule, at(0), round % 4 != 0);
            assert!(!health.is_skipped(rule, at(0)), "it answers now and then");
        }
        health.failed(rule, at(1), true);
        health.failed(rule, at(1), true);
        assert!(health.is_skipped(rule, at(1)));
        assert!(health.is_skipped(rule, at(60)));
        assert!(!health.is_skipped(rule, at(61)), "one may ask");
        assert!(health.is_skipped(rule, at(61)), "and nobody else");
        health.failed(rule, at(62), true);
        assert!(health.is_skipped(rule, at(121)), "it failed again");
        assert!(!health.is_skipped(rule, at(122)));
        health.answered(rule, at(122));
        assert!(!health.is_skipped(rule, at(122)), "it answered");
    }
}
