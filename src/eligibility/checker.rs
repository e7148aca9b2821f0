//! Asks the modules in use and combines their answers into one verdict. A failing module means `review` (or
//! `ineligible`, if the campus wants that): never `eligible`, and never an error for the caller.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::facts::{Facts, day};
use super::health::{RuleHealth, failing_rules, note_failure, note_recovery};
use super::ready::{ModuleCache, blocking};
use super::verdicts::{Failed, Verdicts, add};
use crate::config::{OnFailure, RulesSettings};
use crate::model::{
    Eligibility, Job, Outcome, RuleId, RuleInUse, RuleKind, RuleModule, RuleSet, Student,
    Timestamp, language_for,
};
use crate::rules::{self, Fault, Host, Module, Verdict};
use crate::store::{Origin, Reader, Store, StoreError, Stored, Transaction, keys, wait};

/// The campus's settings for rules.
pub struct Terms {
    pub zone: TimeZone,
    pub calendar: Vec<rules::Period>,
    /// The first is the default language.
    pub languages: Vec<String>,
    /// The outcome when a module fails, and default parameters for modules.
    pub settings: RulesSettings,
}

pub struct Checker {
    store: Store,
    modules: ModuleCache,
    terms: Terms,
    health: RuleHealth,
}

/// The question of one call, in one language.
#[derive(Clone, Debug)]
pub struct Case {
    pub now: Timestamp,
    pub language: String,
    pub students: Vec<rules::Student>,
    pub jobs: Arc<Vec<rules::Job>>,
    /// Indexes into students and jobs.
    pub pairs: Vec<(u32, u32)>,
    pub purpose: Purpose,
}

/// What an answer is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody waits for it, or a decision depends on it.
    Verdict,
    /// Only shown. Verdicts have priority, and failures do not count against the module.
    DryRun,
}

/// What a call needs besides the cases.
pub(super) struct About<'a> {
    pub now: Timestamp,
    pub language: Option<&'a str>,
    pub purpose: Purpose,
}

/// What the campus rules say about one student and one job.
#[derive(Debug)]
pub struct Checked {
    pub verdict: Eligibility,
    /// See `Verdicts::is_complete`.
    pub is_complete: bool,
    pub shadows: Vec<Shadow>,
}

/// What a shadow module would have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shadow {
    pub rule_id: RuleId,
    pub differs: bool,
}

impl Checker {
    pub fn new(store: Store, host: Arc<Host>, terms: Terms) -> Self {
        Self {
            store,
            modules: ModuleCache::new(host),
            terms,
            health: RuleHealth::default(),
        }
    }

    pub fn host(&self) -> &Arc<Host> {
        &self.modules.host
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The office changed a module, so the next failure is reported again.
    pub fn forget_failures(&self, rule: RuleId) {
        self.health.forget(rule);
    }

    /// The student's language: from the profile, or else from the request, or else the campus's first.
    pub fn language_of<'a>(&'a self, student: &Student, asked: Option<&str>) -> &'a str {
        let languages = &self.terms.languages;
        let known = |tag| language_for(languages, tag);
        let own = student.preferences.language.as_deref().and_then(known);
        own.or_else(|| asked.and_then(known))
            .unwrap_or(self.first_language())
    }

    /// The language if there is no particular reader.
    pub fn first_language(&self) -> &str {
        self.terms.languages.first().map_or("en", String::as_str)
    }

    /// Drops a deleted module from the caches.
    pub fn forget_module(&self, rule: &RuleModule) {
        self.health.forget(rule.rule_id);
        self.modules.forget(rule.rule_id);
        if let Ok(digest) = rule.digest.parse() {
            self.modules.host.forget(digest);
        }
    }

    /// Drops the compiled code of an upload, unless the campus has that module.
    pub async fn forget_unless_kept(
        &self,
        reader: &Reader,
        digest: rules::Digest,
    ) -> Result<(), StoreError> {
        let (digits, mut walk) = (digest.to_string(), reader.walk(&keys::rules()));
        while let Some(keys) = walk.next_keys().await? {
            let rules: Vec<Stored<RuleModule>> = reader.get_indexed(&keys).await?;
            if rules.iter().any(|rule| rule.digest == digits) {
                return Ok(());
            }
        }
        self.modules.host.forget(digest);
        Ok(())
    }

    /// The verdict for one student and one job, in a language, and what each shadow module would have changed.
    pub async fn check_one(
        &self,
        reader: &Reader,
        set: &RuleSet,
        student: &Student,
        job: &Job,
        now: Timestamp,
        language: &str,
    ) -> Result<Checked, StoreError> {
        let facts = Facts::new(&self.terms.zone, now);
        let case = Arc::new(Case {
            now,
            language: language.to_owned(),
            students: vec![
                facts
                    .student_beside(reader, 0, student, Some(job.job_id))
                    .await?,
            ],
            jobs: Arc::new(vec![facts.job(0, job)]),
            pairs: vec![(0, 0)],
            purpose: Purpose::Verdict,
        });
        let one = |verdicts: Verdicts| verdicts.all.into_iter().next();
        let verdicts = self.check(reader, set, &case).await?;
        let is_complete = verdicts.is_complete();
        let verdict = one(verdicts).unwrap_or_else(Eligibility::eligible);
        let mut shadows = Vec::new();
        for module in &set.shadow {
            // A machine that was too busy tells nothing about the shadow rule.
            if module.kind == RuleKind::Eligibility && is_complete {
                let beside = self.check(reader, &set.with(module), &case).await?;
                if beside.is_complete() {
                    shadows.push(Shadow {
                        rule_id: module.rule_id,
                        differs: one(beside)
                            .is_some_and(|beside| beside.outcome != verdict.outcome),
                    });
                }
            }
        }
        Ok(Checked {
            verdict,
            is_complete,
            shadows,
        })
    }

    /// One verdict per pair, from all active eligibility modules of a set. `reader` has the modules' bytes.
    pub async fn check(
        &self,
        reader: &Reader,
        set: &RuleSet,
        case: &Arc<Case>,
    ) -> Result<Verdicts, StoreError> {
        let mut verdicts = vec![Eligibility::eligible(); case.pairs.len()];
        let mut failed = Vec::new();
        for rule in set.active(RuleKind::Eligibility) {
            let asked = case.clone();
            let check = move |module: &Module, context: &rules::Context| {
                let Case {
                    students,
                    jobs,
                    pairs,
                    ..
                } = &*asked;
                Ok(module.check_each(context, students, jobs, pairs))
            };
            let about = About {
                now: case.now,
                language: Some(case.language.as_str()),
                purpose: case.purpose,
            };
            let answers = match self.ask(reader, rule, about, check).await? {
                Ok(answers) => answers,
                Err(fault) => vec![Err(fault); case.pairs.len()],
            };
            note_busy(rule, &answers);
            if case.purpose == Purpose::Verdict {
                self.note_health(rule, &answers, case.now);
            }
            for (at, (verdict, answer)) in verdicts.iter_mut().zip(answers).enumerate() {
                match answer {
                    Ok(answer) => add(verdict, rule, answer),
                    Err(fault) => {
                        self.add_failure(verdict, rule, &fault, case);
                        failed.push(Failed {
                            at,
                            rule_id: rule.rule_id,
                            fault,
                        });
                    }
                }
            }
        }
        Ok(Verdicts {
            all: verdicts,
            failed,
        })
    }

    /// Calls one module, in a language.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        reader: &Reader,
        rule: &RuleInUse,
        about: About<'_>,
        question: impl FnOnce(&Module, &rules::Context) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Result<T, Fault>, StoreError> {
        let is_verdict = about.purpose == Purpose::Verdict;
        if is_verdict
            && self
                .health
                .is_skipped(rule.rule_id, self.store.clock().now())
        {
            return Ok(Err(Fault::SetAside));
        }
        let settings = &self.terms.settings;
        let ready = match self.modules.ready(reader, rule, settings).await? {
            Ok(ready) => ready,
            Err(fault) => return Ok(Err(fault)),
        };
        let About { now, language, .. } = about;
        let context = rules::Context {
            now_unix_seconds: now.as_millis().div_euclid(1000),
            today: day(now.day(&self.terms.zone)),
            calendar: self.terms.calendar.clone(),
            language: language.unwrap_or(self.first_language()).to_owned(),
            parameters: ready.parameters.clone(),
        };
        // A module may use its full time limit, and the threads that answer requests must not wait for it.
        blocking(move || {
            if is_verdict {
                question(&ready.module, &context)
            } else {
                question(&ready.module.for_dry_run(), &context)
            }
        })
        .await
    }

    /// Compiles the modules in use, so that the first caller does not wait. Also learns which of them failed before the
    /// start, so that they become healthy after an hour too.
    pub async fn warm(&self) -> Result<(), StoreError> {
        let reader = self.store.read()?;
        let now = self.store.clock().now();
        for rule in failing_rules(&reader).await? {
            self.health.failed(rule, now, false);
        }
        let set = rule_set(&reader).await?;
        for rule in set.active.iter().chain(&set.shadow) {
            let ready = self.modules.ready(&reader, rule, &self.terms.settings);
            if let Err(fault) = ready.await? {
                self.failed(rule, &fault, now, true);
            }
        }
        Ok(())
    }

    /// The student is told that a person will review it, not what broke.
    fn add_failure(&self, verdict: &mut Eligibility, rule: &RuleInUse, fault: &Fault, case: &Case) {
        add(verdict, rule, fault.verdict(&case.language));
        if self.terms.settings.on_failure == OnFailure::Refuse {
            verdict.outcome = Outcome::Ineligible;
        }
    }

    fn note_health(&self, rule: &RuleInUse, answers: &[Result<Verdict, Fault>], now: Timestamp) {
        // Being overloaded is not a failure of the module.
        let asked = || answers.iter().filter(|answer| **answer != Err(Fault::Busy));
        let faults = || asked().filter_map(|answer| answer.as_ref().err());
        match faults().next() {
            Some(fault) => self.failed(rule, fault, now, faults().count() == asked().count()),
            None if asked().next().is_some() => self.answered(rule, now),
            None => {}
        }
    }

    /// `wholly`: no part of the call was answered.
    pub(super) fn failed(&self, rule: &RuleInUse, fault: &Fault, now: Timestamp, wholly: bool) {
        // Being overloaded or skipped is not a failure of the module.
        if matches!(fault, Fault::Busy | Fault::SetAside) {
            return;
        }
        tracing::error!(rule = named(rule), error = %fault, "a campus rule failed");
        if self.health.failed(rule.rule_id, now, wholly) {
            let (store, id, message) = (self.store.clone(), rule.rule_id, fault.to_string());
            self.note(async move || {
                let note = async |transaction: &mut Transaction| {
                    note_failure(transaction, id, &message).await
                };
                store.run(Origin::SYSTEM, note).await
            });
        }
    }

    pub(super) fn answered(&self, rule: &RuleInUse, now: Timestamp) {
        if self.health.answered(rule.rule_id, now) {
            let (store, id) = (self.store.clone(), rule.rule_id);
            self.note(async move || {
                let note =
                    async |transaction: &mut Transaction| note_recovery(transaction, id).await;
                store.run(Origin::SYSTEM, note).await
            });
        }
    }

    /// Runs beside the request: callers do not wait for the report to the office.
    #[expect(clippy::unused_self, reason = "part of what the checker does")]
    fn note(&self, note: impl AsyncFnOnce() -> Result<(), StoreError> + Send + 'static) {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = wait(note()) {
                tracing::error!(%error, "could not record the health of a campus rule");
            }
        });
    }
}

fn note_busy(rule: &RuleInUse, answers: &[Result<Verdict, Fault>]) {
    let busy = answers.iter().filter(|answer| **answer == Err(Fault::Busy));
    let pairs = busy.count();
    if pairs > 0 {
        let all = answers.len();
        tracing::warn!(
            rule = named(rule),
            pairs,
            all,
            "too busy to ask a campus rule"
        );
    }
}

pub(super) fn named(rule: &RuleInUse) -> String {
    format!("{}@{}", rule.name, rule.version)
}

/// The modules in use.
pub async fn rule_set(reader: &Reader) -> Result<RuleSet, StoreError> {
    let stored: Option<Stored<RuleSet>> = reader.get(&keys::rule_set()).await?;
    Ok(stored.map(|set| set.record).unwrap_or_default())
}
