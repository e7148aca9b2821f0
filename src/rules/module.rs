//! A module that is ready to call. Splits questions into batches, so that each call meets its deadline, and returns
//! only checked answers.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;

use super::call::{Guard, Priority, Runner, thread_time};
use super::v1::Guest;
use super::{
    Context, Delivery, Description, Digest, Event, Fault, Job, Kind, Recipient, Student, Verdict,
    answer,
};

#[derive(Clone)]
pub struct Module {
    digest: Digest,
    kind: Kind,
    imports: Vec<String>,
    image_bytes: usize,
    guest: Arc<Guest>,
    runner: Arc<Runner>,
    priority: Priority,
}

impl Module {
    pub(super) fn new(
        digest: Digest,
        kind: Kind,
        imports: Vec<String>,
        image_bytes: usize,
        guest: Guest,
        runner: Arc<Runner>,
    ) -> Self {
        Self {
            digest,
            kind,
            imports,
            image_bytes,
            guest: Arc::new(guest),
            runner,
            priority: Priority::Live,
        }
    }

    /// The same module with calls that let all others go first.
    #[must_use]
    pub fn for_dry_run(&self) -> Self {
        Self {
            priority: Priority::DryRun,
            ..self.clone()
        }
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its imports: the contract's types, or nothing.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The memory that its code and data take.
    pub(super) fn image_bytes(&self) -> usize {
        self.image_bytes
    }

    fn run<T>(
        &self,
        work: impl FnOnce(&mut Store<Guard>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        self.runner.run(self.priority, work)
    }

    /// Blocks for one call.
    pub fn describe(&self) -> Result<Description, Fault> {
        self.run(|store| self.guest.describe(store))
    }

    /// One verdict per pair (index into `students`, index into `jobs`), in the same order, or the first fault. Blocks
    /// for one call per batch. A failed batch is not repeated.
    pub fn check(
        &self,
        context: &Context,
        students: &[Student],
        jobs: &[Job],
        pairs: &[(u32, u32)],
    ) -> Result<Vec<Verdict>, Fault> {
        let mut verdicts = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(self.runner.limits.batch.max(1)) {
            verdicts.extend(self.check_batch(context, students, jobs, pairs)?);
        }
        Ok(verdicts)
    }

    /// One verdict or fault per pair, in the same order. A failed batch is split in two until the failing pairs are
    /// found, so that only those have no verdict. Once the failed calls have used a second of CPU time in all, batches
    /// are no longer split. After the first `Busy`, all others are `Busy` too.
    pub fn check_each(
        &self,
        context: &Context,
        students: &[Student],
        jobs: &[Job],
        pairs: &[(u32, u32)],
    ) -> Vec<Result<Verdict, Fault>> {
        let mut asking = Asking {
            module: self,
            context,
            students,
            jobs,
            wasted: Duration::ZERO,
            is_busy: false,
            verdicts: Vec::with_capacity(pairs.len()),
        };
        for batch in pairs.chunks(self.runner.limits.batch.max(1)) {
            asking.ask(batch);
        }
        asking.verdicts
    }

    fn check_batch(
        &self,
        context: &Context,
        students: &[Student],
        jobs: &[Job],
        pairs: &[(u32, u32)],
    ) -> Result<Vec<Verdict>, Fault> {
        let batch = Batch::of(students, jobs, pairs)?;
        let answer = self.run(|store| {
            self.guest
                .check(store, context, &batch.students, &batch.jobs, &batch.pairs)
        })?;
        let answered = answered(answer, Kind::Eligibility)?;
        answer::verdicts(answered, batch.pairs.len(), &self.runner.limits)
    }

    /// One delivery per recipient, in the same order. Blocks for one call per batch.
    pub fn route(
        &self,
        context: &Context,
        event: &Event,
        recipients: &[Recipient],
    ) -> Result<Vec<Delivery>, Fault> {
        let mut deliveries = Vec::with_capacity(recipients.len());
        for batch in recipients.chunks(self.runner.limits.batch.max(1)) {
            let answer = self.run(|store| self.guest.route(store, context, event, batch))?;
            let answered = answered(answer, Kind::Notification)?;
            deliveries.extend(answer::deliveries(
                answered,
                batch.len(),
                &self.runner.limits,
            )?);
        }
        Ok(deliveries)
    }
}

/// Most CPU time for failed calls before batches are no longer split.
const MOST_WASTED: Duration = Duration::from_secs(1);

/// A question that is being asked, batch by batch.
struct Asking<'a> {
    module: &'a Module,
    context: &'a Context,
    students: &'a [Student],
    jobs: &'a [Job],
    /// CPU time of the failed calls.
    wasted: Duration,
    /// A call was `Busy`. Each further one could wait as long, while somebody waits for all of them.
    is_busy: bool,
    verdicts: Vec<Result<Verdict, Fault>>,
}

impl Asking<'_> {
    fn ask(&mut self, pairs: &[(u32, u32)]) {
        let before = thread_time();
        let fault = match self.call(pairs) {
            Ok(verdicts) => return self.verdicts.extend(verdicts.into_iter().map(Ok)),
            Err(fault) => fault,
        };
        self.wasted += thread_time().saturating_sub(before);
        self.is_busy = fault == Fault::Busy;
        if pairs.len() > 1 && fault.is_of_a_case() && self.wasted < MOST_WASTED {
            let (first, second) = pairs.split_at(pairs.len() / 2);
            self.ask(first);
            self.ask(second);
        } else {
            let all = pairs.iter().map(|_| Err(fault.clone()));
            self.verdicts.extend(all);
        }
    }

    fn call(&self, pairs: &[(u32, u32)]) -> Result<Vec<Verdict>, Fault> {
        if self.is_busy {
            return Err(Fault::Busy);
        }
        self.module
            .check_batch(self.context, self.students, self.jobs, pairs)
    }
}

/// Longest error text of a module that the office sees.
const MOST_WORDS: usize = 2_000;

fn answered<T>(answer: Option<Result<Vec<T>, String>>, kind: Kind) -> Result<Vec<T>, Fault> {
    let Some(answer) = answer else {
        return Err(Fault::Refused(match kind {
            Kind::Eligibility => "this module decides about mail, not about eligibility".into(),
            Kind::Notification => "this module decides about eligibility, not about mail".into(),
        }));
    };
    answer.map_err(|text| {
        let cut: String = text.chars().take(MOST_WORDS).collect();
        match answer::sentence(cut, "its refusal", MOST_WORDS) {
            Ok(text) => Fault::Declined(text),
            Err(fault) => fault,
        }
    })
}

/// The students and jobs in some of the pairs, and the pairs with indexes into these.
struct Batch<'a> {
    students: Vec<&'a Student>,
    jobs: Vec<&'a Job>,
    pairs: Vec<(u32, u32)>,
}

impl<'a> Batch<'a> {
    fn of(students: &'a [Student], jobs: &'a [Job], pairs: &[(u32, u32)]) -> Result<Self, Fault> {
        let mut student_places = Places::new(students);
        let mut job_places = Places::new(jobs);
        let renamed = pairs
            .iter()
            .map(|&(student, job)| Some((student_places.of(student)?, job_places.of(job)?)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| {
                Fault::Engine("a pair names a student or a job that was not passed".into())
            })?;
        Ok(Self {
            students: student_places.used,
            jobs: job_places.used,
            pairs: renamed,
        })
    }
}

/// The position of each item in a batch. An item that is used twice is in the batch once.
struct Places<'a, T> {
    all: &'a [T],
    places: Vec<u32>,
    used: Vec<&'a T>,
}

const NOWHERE: u32 = u32::MAX;

impl<'a, T> Places<'a, T> {
    fn new(all: &'a [T]) -> Self {
        Self {
            all,
            places: vec![NOWHERE; all.len()],
            used: Vec::new(),
        }
    }

    fn of(&mut self, index: u32) -> Option<u32> {
        let place = self.places.get_mut(index as usize)?;
        if *place == NOWHERE {
            *place = self.used.len() as u32;
            self.used.push(self.all.get(index as usize)?);
        }
        Some(*place)
    }
}
