//! Turns events into mail: who is concerned, what it says, and one commit for the mails and this follower's cursor, so
//! that none is lost and none doubled.

use std::sync::Arc;

use super::{Progress, Tail};
use crate::accounts::Registrar;
use crate::mail::{ClosedBecause, ComposeError, Letter};
use crate::model::{
    Account, AccountId, Actor, Application, ApplicationId, ApplicationStatus, Email, Employer,
    Event, Job, JobId, JobStatus, LogEntry, Mail, Role, RuleModule, Student, StudentId,
};
use crate::store::{Direction, KeyRange, Logged, Origin, Place, Reader, Store, StoreError, keys};

const NAME: &str = "notify";
/// Log entries dealt with in one change.
const BATCH: usize = 64;
/// Applicants told in one change when a job closes.
const APPLICANTS: usize = 500;

/// People of the office who are told of what concerns it.
const MAX_ADMINS: usize = 50;

pub(super) struct NotifyFollower {
    store: Store,
    registrar: Arc<Registrar>,
    progress: Arc<Progress>,
}

#[derive(Debug, thiserror::Error)]
enum NotifyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// Where this follower is: the last entry dealt with, and how far into the next one's applicants.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cursor {
    sequence: u64,
    place: Option<Place>,
}

impl Cursor {
    fn read(reader: &Reader) -> Result<Self, StoreError> {
        let Some(bytes) = reader.bytes(&keys::cursor(NAME))? else {
            return Ok(Self::default());
        };
        let (sequence, place) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| StoreError::Corrupt(format!("the cursor of {NAME}")))?;
        let place = (!place.is_empty()).then(|| place.to_vec());
        Ok(Self {
            sequence: u64::from_be_bytes(*sequence),
            place,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.sequence.to_be_bytes().to_vec();
        bytes.extend(self.place.iter().flatten());
        bytes
    }
}

impl NotifyFollower {
    pub(super) fn new(store: Store, registrar: Arc<Registrar>, progress: Arc<Progress>) -> Self {
        Self {
            store,
            registrar,
            progress,
        }
    }

    pub(super) async fn run(self, mut tail: Tail) {
        let mut position = 0;
        while tail.grown_past(position).await {
            match self.step().await {
                Ok(cursor) => position = cursor.sequence,
                Err(error) => tail.breathe(NAME, &error).await,
            }
            Progress::set(&self.progress.notify, position);
        }
    }

    /// Deals with the next entries, in one change.
    async fn step(&self) -> Result<Cursor, NotifyError> {
        let reader = self.store.read()?;
        let from = Cursor::read(&reader)?;
        let mut cursor = from.clone();
        let mut mails = Vec::new();
        for logged in reader.log_after(from.sequence, BATCH)? {
            let place = self.deal(&reader, &logged, cursor.place.take(), &mut mails)?;
            if place.is_some() {
                cursor.place = place;
                break;
            }
            cursor.sequence = logged.sequence;
        }
        if cursor == from {
            return Ok(cursor);
        }
        let commit = |transaction: &mut crate::store::Transaction| {
            for mail in &mails {
                transaction.insert::<Mail>(mail.clone())?;
            }
            transaction.put_bytes(&keys::cursor(NAME), cursor.bytes())
        };
        self.store
            .run::<(), StoreError>(Origin::SYSTEM, commit)
            .await?;
        Ok(cursor)
    }

    /// Writes the mails of one entry; gives the place to go on from if there are more.
    fn deal(
        &self,
        reader: &Reader,
        logged: &Logged,
        place: Option<Place>,
        mails: &mut Vec<Mail>,
    ) -> Result<Option<Place>, NotifyError> {
        match &logged.entry.event {
            Event::ApplicationMoved {
                application_id,
                from,
                to,
                ..
            } => {
                let application = reader.get::<Application>(&keys::application(*application_id))?;
                if let Some(application) = application {
                    self.application_moved(reader, &logged.entry, &application, *from, *to, mails)?;
                }
                Ok(None)
            }
            Event::JobChanged {
                job_id,
                from: Some(from),
                to,
            } if from != to => match closed_because(*from, *to) {
                Some(because) => self.job_closed(reader, *job_id, because, place, mails),
                None => Ok(None),
            },
            Event::RuleFailed { rule_id } => {
                let rule = reader.get::<RuleModule>(&keys::rule(*rule_id))?;
                if let Some(rule) = rule {
                    self.rule_failed(reader, &logged.entry, &rule, mails)?;
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Tells the office.
    fn rule_failed(
        &self,
        reader: &Reader,
        entry: &LogEntry,
        rule: &RuleModule,
        mails: &mut Vec<Mail>,
    ) -> Result<(), NotifyError> {
        let name = format!("{} {}", rule.name, rule.version);
        let fault = rule
            .failing
            .as_ref()
            .map(|failing| failing.message.as_str());
        let letter = Letter::RuleFailing {
            rule: &name,
            fault: fault.unwrap_or("It answers again by now."),
            link: &format!("{}/office", self.registrar.public_url),
        };
        let office = KeyRange::prefix(&keys::active_admins());
        for key in reader.scan_keys(&office, Direction::Forward, MAX_ADMINS)? {
            let id = key.trailing_id().map(AccountId::from_bytes);
            let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
            if let Some(admin) = reader.get::<Account>(&keys::account(id))? {
                self.write(entry, &letter, &admin.email, &admin.name, Some(id), mails)?;
            }
        }
        Ok(())
    }

    fn application_moved(
        &self,
        reader: &Reader,
        entry: &LogEntry,
        application: &Application,
        from: Option<ApplicationStatus>,
        to: ApplicationStatus,
        mails: &mut Vec<Mail>,
    ) -> Result<(), NotifyError> {
        let student = reader.get::<Student>(&keys::student(&application.student_id))?;
        let employer = reader.get::<Employer>(&keys::employer(&application.employee_id))?;
        let (Some(student), Some(employer)) = (student, employer) else {
            return Ok(());
        };
        let job_title = application.job_title.as_str();
        let students = format!("{}/applications", self.registrar.public_url);
        let employers = format!(
            "{}/postings/{}",
            self.registrar.public_url, application.job_id
        );
        let by_student = matches!(entry.actor, Actor::Account(_, Role::Student));
        if from.is_none() {
            let received = Letter::ApplicationReceived {
                student_name: &student.name,
                job_title,
                link: &employers,
            };
            self.write(
                entry,
                &received,
                &employer.email,
                &employer.name,
                employer.account_id,
                mails,
            )?;
            let filed = Letter::ApplicationFiled {
                job_title,
                employer_name: &employer.name,
                link: &students,
            };
            return self.write(
                entry,
                &filed,
                &student.email,
                &student.name,
                student.account_id,
                mails,
            );
        }
        let note = application.history.iter().rev().find(|step| step.to == to);
        let note = note.and_then(|step| step.note.as_deref());
        let student_name = by_student.then_some(student.name.as_str());
        let link = if by_student { &employers } else { &students };
        let moved = Letter::ApplicationStatus {
            job_title,
            status: to,
            note,
            student_name,
            link,
        };
        if by_student {
            self.write(
                entry,
                &moved,
                &employer.email,
                &employer.name,
                employer.account_id,
                mails,
            )
        } else {
            self.write(
                entry,
                &moved,
                &student.email,
                &student.name,
                student.account_id,
                mails,
            )
        }
    }

    /// Tells the students whose applications are still open, a page of them at a time.
    fn job_closed(
        &self,
        reader: &Reader,
        job_id: JobId,
        because: ClosedBecause,
        place: Option<Place>,
        mails: &mut Vec<Mail>,
    ) -> Result<Option<Place>, NotifyError> {
        let Some(job) = reader.get::<Job>(&keys::job(job_id))? else {
            return Ok(None);
        };
        let prefix = keys::applications_by_job(job_id);
        let mut range = KeyRange::prefix(&prefix);
        if let Some(place) = place {
            range = range.beyond(prefix.join(&place), Direction::Forward);
        }
        let found = reader.scan_keys(&range, Direction::Forward, APPLICANTS)?;
        let link = format!("{}/applications", self.registrar.public_url);
        for key in &found {
            let id = key.trailing_id().map(ApplicationId::from_bytes);
            let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
            let application = reader.get::<Application>(&keys::application(id))?;
            let Some(application) = application.filter(|one| !one.application_status.is_final())
            else {
                continue;
            };
            let Some((email, name, account_id)) = student(reader, &application.student_id)? else {
                continue;
            };
            let letter = Letter::JobClosed {
                job_title: &job.job_title,
                because,
                link: &link,
            };
            let now = self.store.clock().now();
            mails.push(
                self.registrar
                    .composer
                    .compose(&letter, &email, &name, account_id, now)?,
            );
        }
        let more = found.len() == APPLICANTS;
        Ok(found
            .last()
            .filter(|_| more)
            .map(|key| key.place_in(&prefix)))
    }

    fn write(
        &self,
        entry: &LogEntry,
        letter: &Letter<'_>,
        to: &Email,
        name: &str,
        account_id: Option<AccountId>,
        mails: &mut Vec<Mail>,
    ) -> Result<(), NotifyError> {
        if !to.is_erased() {
            mails.push(
                self.registrar
                    .composer
                    .compose(letter, to, name, account_id, entry.at)?,
            );
        }
        Ok(())
    }
}

/// Whom to write to about a student's application.
fn student(
    reader: &Reader,
    id: &StudentId,
) -> Result<Option<(Email, String, Option<AccountId>)>, StoreError> {
    let student = reader.get::<Student>(&keys::student(id))?;
    Ok(student.map(|student| {
        let student = student.record;
        (student.email, student.name, student.account_id)
    }))
}

/// Why applicants are told that a posting has ended; a posting that was never open has none.
fn closed_because(from: JobStatus, to: JobStatus) -> Option<ClosedBecause> {
    match (from, to) {
        (JobStatus::Draft | JobStatus::Pending, _) => None,
        (_, JobStatus::Closed) => Some(ClosedBecause::Closed),
        (_, JobStatus::Filled) => Some(ClosedBecause::Filled),
        (_, JobStatus::Expired) => Some(ClosedBecause::Expired),
        _ => None,
    }
}
