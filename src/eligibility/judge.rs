//! Asks the modules in use and makes one verdict of their answers. A module that fails gives `review` (or, where the
//! campus wants it so, `ineligible`): never `eligible`, and never an error for the person who asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;

use super::facts::{Facts, day};
use super::health::{Health, failing_rules, note_failure, note_recovery};
use crate::config::{OnFailure, RulesSettings};
use crate::model::{
    Eligibility, Job, Outcome, Reason, RuleId, RuleInUse, RuleKind, RuleModule, RuleSet, Student,
    Timestamp, language_for,
};
use crate::rules::{self, Fault, Host, Module, Schema, Verdict};
use crate::store::{
    Direction, KeyRange, MAX_SCAN_ROWS, Origin, Reader, Store, StoreError, Stored, keys,
};

/// Modules kept ready; a campus uses a handful, and dry runs of drafts come and go.
const MAX_READY: usize = 32;

/// What a campus decides about its rules, beside the modules.
pub struct Terms {
    pub zone: TimeZone,
    pub calendar: Vec<rules::Period>,
    /// The first is the language of people who named none.
    pub languages: Vec<String>,
    /// What becomes of a verdict where a module fails, and parameters of modules beneath those of their records.
    pub settings: RulesSettings,
}

pub struct Judge {
    store: Store,
    host: Arc<Host>,
    terms: Terms,
    health: Health,
    ready: Mutex<HashMap<RuleId, Arc<Ready>>>,
}

/// What is asked in one go, in one language.
#[derive(Clone, Debug)]
pub struct Case {
    pub now: Timestamp,
    pub language: String,
    pub students: Vec<rules::Student>,
    pub jobs: Arc<Vec<rules::Job>>,
    /// Index into students, index into jobs.
    pub pairs: Vec<(u32, u32)>,
}

/// One verdict for each pair.
#[derive(Debug)]
pub struct Verdicts {
    pub all: Vec<Eligibility>,
    /// The places of those that a module failed at: it may have another answer the next time.
    pub unsettled: Vec<usize>,
}

/// What a module in shadow would have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shadow {
    pub rule_id: RuleId,
    pub differs: bool,
}

/// A module in use, ready to be asked.
struct Ready {
    of: RuleInUse,
    module: Arc<Module>,
    parameters: Vec<rules::Attribute>,
}

impl Ready {
    fn make(
        host: &Host,
        of: RuleInUse,
        schema: &str,
        parameters: serde_json::Map<String, serde_json::Value>,
        bytes: &[u8],
    ) -> Result<Self, Fault> {
        let digest = of
            .digest
            .parse()
            .map_err(|error: &str| Fault::Engine(error.into()))?;
        let module = host.module(digest, bytes)?;
        let schema = Schema::parse(schema).map_err(Fault::Refused)?;
        let parameters = schema.read(&serde_json::Value::Object(parameters))?;
        Ok(Self {
            of,
            module,
            parameters,
        })
    }
}

/// Runs what blocks off the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(format!("the rules: {error}")))
}

impl Judge {
    pub fn new(store: Store, host: Arc<Host>, terms: Terms) -> Self {
        Self {
            store,
            host,
            terms,
            health: Health::default(),
            ready: Mutex::default(),
        }
    }

    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The office changed a module: should it fail again, that is news.
    pub fn forget_failures(&self, rule: RuleId) {
        self.health.forget(rule);
    }

    /// The language in which a student reads: the profile's, else what a request asks for, else the campus's first.
    pub fn language_of<'a>(&'a self, student: &Student, asked: Option<&str>) -> &'a str {
        let languages = &self.terms.languages;
        let known = |tag| language_for(languages, tag);
        let own = student.preferences.language.as_deref().and_then(known);
        own.or_else(|| asked.and_then(known))
            .unwrap_or(self.first_language())
    }

    /// The language where nobody in particular reads.
    pub fn first_language(&self) -> &str {
        self.terms.languages.first().map_or("en", String::as_str)
    }

    /// The verdict for one student and one job, in a language, and what each module in shadow would have made of it.
    pub async fn judge_one(
        &self,
        reader: &Reader,
        set: &RuleSet,
        student: &Student,
        job: &Job,
        now: Timestamp,
        language: &str,
    ) -> Result<(Eligibility, Vec<Shadow>), StoreError> {
        let facts = Facts::new(&self.terms.zone, now);
        let case = Arc::new(Case {
            now,
            language: language.to_owned(),
            students: vec![facts.student_beside(reader, 0, student, Some(job.job_id))?],
            jobs: Arc::new(vec![facts.job(0, job)]),
            pairs: vec![(0, 0)],
        });
        let one = |verdicts: Verdicts| verdicts.all.into_iter().next();
        let verdict = one(self.judge(reader, set, &case).await?);
        let verdict = verdict.unwrap_or_else(Eligibility::eligible);
        let mut shadows = Vec::new();
        for module in &set.shadow {
            if module.kind == RuleKind::Eligibility {
                let beside = one(self.judge(reader, &set.with(module), &case).await?);
                shadows.push(Shadow {
                    rule_id: module.rule_id,
                    differs: beside.is_some_and(|beside| beside.outcome != verdict.outcome),
                });
            }
        }
        Ok((verdict, shadows))
    }

    /// One verdict for each pair, by all active eligibility modules of a set. `reader`: where the modules' bytes are.
    pub async fn judge(
        &self,
        reader: &Reader,
        set: &RuleSet,
        case: &Arc<Case>,
    ) -> Result<Verdicts, StoreError> {
        let mut verdicts = vec![Eligibility::eligible(); case.pairs.len()];
        let mut unsettled = Vec::new();
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
            let about = (case.now, Some(case.language.as_str()));
            let answers = match self.ask(reader, rule, about, check).await? {
                Ok(answers) => answers,
                Err(fault) => vec![Err(fault); case.pairs.len()],
            };
            match answers.iter().find_map(|answer| answer.as_ref().err()) {
                None => self.answered(rule, case.now),
                Some(fault) => self.failed(rule, fault, case.now),
            }
            for (at, (verdict, answer)) in verdicts.iter_mut().zip(answers).enumerate() {
                match answer {
                    Ok(answer) => add(verdict, rule, answer),
                    Err(fault) => {
                        unsettled.push(at);
                        self.add_failure(verdict, rule, &fault, case);
                    }
                }
            }
        }
        Ok(Verdicts {
            all: verdicts,
            unsettled,
        })
    }

    /// Asks one module something, in a language.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        reader: &Reader,
        rule: &RuleInUse,
        (now, language): (Timestamp, Option<&str>),
        question: impl FnOnce(&Module, &rules::Context) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Result<T, Fault>, StoreError> {
        let ready = match self.ready(reader, rule).await? {
            Ok(ready) => ready,
            Err(fault) => return Ok(Err(fault)),
        };
        let context = rules::Context {
            now_unix_seconds: now.as_millis().div_euclid(1000),
            today: day(now.day(&self.terms.zone)),
            calendar: self.terms.calendar.clone(),
            language: language.unwrap_or(self.first_language()).to_owned(),
            parameters: ready.parameters.clone(),
        };
        // A module may take as long as its deadline allows; the threads that answer requests must not wait for it.
        blocking(move || question(&ready.module, &context)).await
    }

    /// The module, compiled and with its parameters read: from memory if it was asked before with the same ones, else
    /// from the store.
    async fn ready(
        &self,
        reader: &Reader,
        rule: &RuleInUse,
    ) -> Result<Result<Arc<Ready>, Fault>, StoreError> {
        if let Some(ready) = self.at_hand(rule) {
            return Ok(Ok(ready));
        }
        let stored: Option<Stored<RuleModule>> = reader.get(&keys::rule(rule.rule_id))?;
        let record = stored.ok_or_else(|| {
            StoreError::Corrupt(format!("rule {} is in use and is not there", rule.rule_id))
        })?;
        let bytes = rule_bytes(reader, &record)?;
        let (host, rule) = (self.host.clone(), rule.clone());
        let parameters = self.terms.settings.beneath(&rule.name, &rule.parameters);
        let ready = blocking(move || {
            Ready::make(&host, rule, &record.parameter_schema, parameters, &bytes)
        });
        let ready = match ready.await? {
            Ok(ready) => Arc::new(ready),
            Err(fault) => return Ok(Err(fault)),
        };
        self.keep(ready.clone());
        Ok(Ok(ready))
    }

    fn at_hand(&self, rule: &RuleInUse) -> Option<Arc<Ready>> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready
            .get(&rule.rule_id)
            .filter(|ready| ready.of == *rule)
            .cloned()
    }

    fn keep(&self, module: Arc<Ready>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= MAX_READY {
            ready.clear();
        }
        ready.insert(module.of.rule_id, module);
    }

    /// Compiles the modules in use, so that the first who asks need not wait, and learns which of them failed before the
    /// start: they are well after an hour too.
    pub async fn warm(&self) -> Result<(), StoreError> {
        let reader = self.store.read()?;
        let now = self.store.clock().now();
        for rule in failing_rules(&reader)? {
            self.health.failed(rule, now);
        }
        let set = rule_set(&reader)?;
        for rule in set.active.iter().chain(&set.shadow) {
            if let Err(fault) = self.ready(&reader, rule).await? {
                self.failed(rule, &fault, now);
            }
        }
        Ok(())
    }

    /// The student learns that a person will look, and not what broke.
    fn add_failure(&self, verdict: &mut Eligibility, rule: &RuleInUse, fault: &Fault, case: &Case) {
        add(verdict, rule, fault.verdict(&case.language));
        if self.terms.settings.on_failure == OnFailure::Refuse {
            verdict.outcome = Outcome::Ineligible;
        }
    }

    pub(super) fn failed(&self, rule: &RuleInUse, fault: &Fault, now: Timestamp) {
        tracing::error!(rule = named(rule), %fault, "a campus rule failed");
        // That more was asked at once than can be answered is no failure of the module.
        if *fault != Fault::Busy && self.health.failed(rule.rule_id, now) {
            let (store, id, message) = (self.store.clone(), rule.rule_id, fault.to_string());
            self.note(async move {
                let note = |transaction: &mut _| note_failure(transaction, id, &message);
                store.run(Origin::SYSTEM, note).await
            });
        }
    }

    pub(super) fn answered(&self, rule: &RuleInUse, now: Timestamp) {
        if self.health.answered(rule.rule_id, now) {
            let (store, id) = (self.store.clone(), rule.rule_id);
            self.note(async move {
                let note = |transaction: &mut _| note_recovery(transaction, id);
                store.run(Origin::SYSTEM, note).await
            });
        }
    }

    /// Beside the request: who asks for a verdict need not wait for what the office is told.
    #[expect(clippy::unused_self, reason = "reads as what the judge does")]
    fn note(&self, note: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        tokio::spawn(async move {
            if let Err(error) = note.await {
                tracing::error!(%error, "how a campus rule is could not be noted");
            }
        });
    }
}

pub(super) fn named(rule: &RuleInUse) -> String {
    format!("{}@{}", rule.name, rule.version)
}

fn add(verdict: &mut Eligibility, rule: &RuleInUse, answer: Verdict) {
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
    raise(verdict, outcome, reasons.collect());
}

/// The strictest outcome stands; every reason is told.
fn raise(verdict: &mut Eligibility, outcome: Outcome, reasons: Vec<Reason>) {
    verdict.outcome = match (verdict.outcome, outcome) {
        (Outcome::Ineligible, _) | (_, Outcome::Ineligible) => Outcome::Ineligible,
        (Outcome::Review, _) | (_, Outcome::Review) => Outcome::Review,
        (Outcome::Eligible, Outcome::Eligible) => Outcome::Eligible,
    };
    verdict.reasons.extend(reasons);
}

/// The modules in use.
pub fn rule_set(reader: &Reader) -> Result<RuleSet, StoreError> {
    let stored: Option<Stored<RuleSet>> = reader.get(&keys::rule_set())?;
    Ok(stored.map(|set| set.record).unwrap_or_default())
}

/// The bytes of a module. `Corrupt` if they are not as many as its record says.
fn rule_bytes(reader: &Reader, module: &RuleModule) -> Result<Vec<u8>, StoreError> {
    let chunks = KeyRange::prefix(&keys::rule_chunks(module.rule_id));
    let mut bytes = Vec::with_capacity(module.size_bytes as usize);
    for key in reader.scan_keys(&chunks, Direction::Forward, MAX_SCAN_ROWS)? {
        bytes.extend(reader.bytes(&key)?.unwrap_or_default());
    }
    if bytes.len() as u64 == module.size_bytes {
        Ok(bytes)
    } else {
        Err(StoreError::Corrupt(format!(
            "{} bytes of rule {}, which has {}",
            bytes.len(),
            module.rule_id,
            module.size_bytes
        )))
    }
}
