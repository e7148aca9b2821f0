//! The rules' verdict on an application, and an admin's decision in its place.

use super::Refusal;
use crate::eligibility::{Checked, Checker};
use crate::model::{
    Application, ApplicationId, Event, Identity, Invalid, Job, Line, Outcome, Override, RuleSet,
    Student, check_text,
};
use crate::store::{StoreError, Stored, Transaction, keys};

const MAX_REASON_CHARS: usize = 2_000;

/// The verdict of the active modules, for the facts and modules in this transaction. Shadow modules are called too, but
/// only counted.
pub(super) async fn ask_rules(
    checker: &Checker,
    transaction: &mut Transaction,
    student: &Student,
    job: &Job,
    language: &str,
) -> Result<Checked, StoreError> {
    let set: Option<Stored<RuleSet>> = transaction.get(&keys::rule_set()).await?;
    let set = set.map(|set| set.record).unwrap_or_default();
    let (reader, now) = (transaction.reader(), transaction.now());
    let asked = checker.check_one(&reader, &set, student, job, now, language);
    let checked = asked.await?;
    for shadow in &checked.shadows {
        transaction.add(keys::shadow_verdicts(shadow.rule_id), 1);
        transaction.add(
            keys::shadow_differences(shadow.rule_id),
            i64::from(shadow.differs),
        );
    }
    Ok(checked)
}

/// Replaces the rules' verdict with an admin's decision and its reason, until an admin changes it. `matches`: whether
/// the caller knows the current version (If-Match).
pub async fn override_verdict(
    transaction: &mut Transaction,
    identity: &Identity,
    id: ApplicationId,
    outcome: Outcome,
    reason: &str,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<Application>, Refusal> {
    let reason = check_text(reason, Line::Many, 1, MAX_REASON_CHARS)
        .map_err(|fault| Invalid::one("reason", fault))?;
    let stored: Option<Stored<Application>> = transaction.get(&keys::application(id)).await?;
    let old = stored.ok_or(Refusal::NotFound)?;
    if !matches(old.version) {
        return Err(Refusal::Stale);
    }
    if old.application_status().is_final() {
        return Err(Refusal::Decided(old.application_status()));
    }
    let now = transaction.now();
    let mut application = old.record.clone();
    application.overrides.push(Override {
        at: now,
        by: identity.account_id,
        outcome,
        reason,
    });
    let from = application.eligibility.outcome;
    application.eligibility.outcome = outcome;
    application.updated_at = now;
    let application = transaction.update(&old, application).await?;
    transaction.log(Event::EligibilityOverridden {
        application_id: id,
        from,
        to: outcome,
    })?;
    Ok(application)
}
