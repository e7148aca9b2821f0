//! Which open jobs a student may have, for lists. The facts of all open jobs stay in memory and are updated from the
//! change log on request. Verdicts are cached for the students who asked last, and only changed jobs are checked again.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::checker::{Case, Checker, Purpose};
use super::facts::Facts;
use crate::model::{Event, Job, JobId, JobStatus, Outcome, RuleSet, Student, StudentId, Timestamp};
use crate::rules;
use crate::store::{Logged, Reader, StoreError, Stored, keys};

/// With more new log entries than this, the whole list is read again instead.
const MAX_BEHIND: usize = 5_000;
/// Most students with cached verdicts.
const KEPT: usize = 64;

/// The facts of all open jobs at a position in the log.
#[derive(Clone, Default)]
struct Board {
    position: u64,
    /// Counts this board's changes. Each job has the count of its last change.
    stamp: u64,
    ids: Vec<JobId>,
    stamps: Vec<u64>,
    facts: Arc<Vec<rules::Job>>,
    places: HashMap<JobId, usize>,
}

/// The verdicts for one student, and everything they depend on.
struct CheckedJobs {
    student_id: StudentId,
    facts: rules::Student,
    rules: RuleSet,
    language: String,
    today: rules::Day,
    stamp: u64,
    eligible: Arc<HashSet<JobId>>,
    /// Jobs for which a module failed. They are checked again even if they do not change.
    unsettled: HashSet<JobId>,
}

#[derive(Default)]
pub struct OpenJobs {
    board: tokio::sync::Mutex<Arc<Board>>,
    checked: Mutex<VecDeque<CheckedJobs>>,
}

impl OpenJobs {
    /// The open jobs for which the rules say `eligible`, at the reader's snapshot. `None` if the machine was too busy to
    /// ask about all of them. What was answered is kept, so the next attempt asks only about the rest.
    pub async fn eligible(
        &self,
        checker: &Checker,
        reader: &Reader,
        student: &Student,
        now: Timestamp,
        language: &str,
    ) -> Result<Option<Arc<HashSet<JobId>>>, StoreError> {
        let zone = &checker.terms().zone;
        let facts = Facts::new(zone, now);
        let board = self.current(reader, &facts).await?;
        let set = super::rule_set(reader).await?;
        let wanted = CheckedJobs {
            student_id: student.student_id.clone(),
            facts: facts.student(reader, 0, student).await?,
            rules: set,
            language: language.to_owned(),
            today: super::facts::day(now.day(zone)),
            stamp: board.stamp,
            eligible: Arc::default(),
            unsettled: HashSet::new(),
        };
        let known = self.take(&wanted);
        let known = known.unwrap_or(CheckedJobs { stamp: 0, ..wanted });
        let (checked, is_complete) = check_changed(checker, reader, &board, known, now).await?;
        let eligible = checked.eligible.clone();
        self.keep(checked);
        Ok(is_complete.then_some(eligible))
    }

    fn take(&self, wanted: &CheckedJobs) -> Option<CheckedJobs> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let place = checked.iter().position(|kept| {
            kept.student_id == wanted.student_id
                && kept.facts == wanted.facts
                && kept.rules == wanted.rules
                && kept.language == wanted.language
                && kept.today == wanted.today
                && kept.stamp <= wanted.stamp
        })?;
        checked.remove(place)
    }

    fn keep(&self, one: CheckedJobs) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.retain(|kept| kept.student_id != one.student_id);
        checked.push_back(one);
        if checked.len() > KEPT {
            checked.pop_front();
        }
    }

    /// The board at the reader's snapshot or slightly later.
    async fn current(&self, reader: &Reader, facts: &Facts<'_>) -> Result<Arc<Board>, StoreError> {
        let mut kept = self.board.lock().await;
        let end = reader.log_end().await?;
        if kept.position < end {
            let board = Arc::make_mut(&mut kept);
            let behind = reader.log_after(board.position, MAX_BEHIND).await?;
            let is_known = board.position > 0 && reader.has_log_after(board.position).await?;
            if !is_known || behind.len() == MAX_BEHIND {
                board.read_all(reader, facts).await?;
            } else {
                let changed = |logged: Logged| match logged.entry.event {
                    Event::JobChanged { job_id, .. } => Some(job_id),
                    _ => None,
                };
                let changed: BTreeSet<JobId> = behind.into_iter().filter_map(changed).collect();
                let keys: Vec<_> = changed.iter().map(|id| keys::job(*id)).collect();
                let jobs = reader.get_many(&keys).await?;
                for (id, job) in changed.into_iter().zip(jobs) {
                    board.note(facts, id, job);
                }
            }
            board.position = end;
        }
        Ok(kept.clone())
    }
}

impl Board {
    async fn read_all(&mut self, reader: &Reader, facts: &Facts<'_>) -> Result<(), StoreError> {
        let stamp = self.stamp + 1;
        *self = Self {
            stamp,
            ..Self::default()
        };
        let mut walk = reader.walk(&keys::jobs_by_status(JobStatus::Open));
        while let Some(found) = walk.next_keys().await? {
            for job in reader.get_indexed::<Job>(&found).await? {
                self.note(facts, job.job_id, Some(job));
            }
        }
        Ok(())
    }

    fn note(&mut self, facts: &Facts, id: JobId, stored: Option<Stored<Job>>) {
        let job = stored.filter(|job| job.job_status() == JobStatus::Open);
        self.stamp += 1;
        let all = Arc::make_mut(&mut self.facts);
        match (job, self.places.get(&id).copied()) {
            (Some(job), Some(place)) => {
                all[place] = facts.job(place, &job);
                self.stamps[place] = self.stamp;
            }
            (Some(job), None) => {
                let place = all.len();
                all.push(facts.job(place, &job));
                self.ids.push(id);
                self.stamps.push(self.stamp);
                self.places.insert(id, place);
            }
            (None, Some(place)) => {
                all.swap_remove(place);
                self.ids.swap_remove(place);
                self.stamps.swap_remove(place);
                self.places.remove(&id);
                if let Some(moved) = self.ids.get(place) {
                    self.places.insert(*moved, place);
                }
            }
            (None, None) => {}
        }
    }
}

/// Checks jobs that changed since the last time and jobs for which a module failed. The first time, all of them. Also
/// returns whether all modules were asked about all of these.
async fn check_changed(
    checker: &Checker,
    reader: &Reader,
    board: &Board,
    mut checked: CheckedJobs,
    now: Timestamp,
) -> Result<(CheckedJobs, bool), StoreError> {
    let stale: Vec<usize> = (0..board.ids.len())
        .filter(|place| {
            board.stamps[*place] > checked.stamp || checked.unsettled.contains(&board.ids[*place])
        })
        .collect();
    let mut is_complete = true;
    if !stale.is_empty() {
        let case = Arc::new(Case {
            now,
            language: checked.language.clone(),
            students: vec![checked.facts.clone()],
            jobs: board.facts.clone(),
            pairs: stale.iter().map(|place| (0, *place as u32)).collect(),
            purpose: Purpose::Verdict,
        });
        let verdicts = checker.check(reader, &checked.rules, &case).await?;
        is_complete = verdicts.is_complete();
        let id = |pair: usize| board.ids[stale[pair]];
        checked.unsettled = verdicts.failed.iter().map(|failed| id(failed.at)).collect();
        let eligible = Arc::make_mut(&mut checked.eligible);
        for (place, verdict) in stale.into_iter().zip(verdicts.all) {
            if verdict.outcome == Outcome::Eligible {
                eligible.insert(board.ids[place]);
            } else {
                eligible.remove(&board.ids[place]);
            }
        }
    }
    checked.stamp = board.stamp;
    Ok((checked, is_complete))
}
