//! Turns events into mail: who gets one and what it says. The mails and this follower's cursor are one commit, so that
//! no mail is lost or doubled. A notice shows what people were called when it was written; once this follower reaches the
//! event of an erasure, it clears what it wrote meanwhile.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::follower::{FollowError, Follower, Next, Turn};
use crate::accounts::{Registrar, clear_mails_of_erased};
use crate::mail::Recipient;
use crate::model::{
    Account, AccountStatus, Actor, Application, ApplicationStatus, ClosedBecause, Email, Employer,
    Event, Job, JobId, JobStatus, LogEntry, MailTemplate, Role, RuleModule, Student,
};
use crate::store::{
    Direction, KeyRange, Logged, Origin, Place, Reader, Store, StoreError, Transaction, keys,
};

const NAME: &str = "notify";
/// Most log entries to handle in one change. Many of them need no mail, and each change takes space in the store.
const BATCH: usize = 1_000;
/// Mails to write in one change. The last entry may exceed it.
const MAILS: usize = 64;
/// How long to wait for more entries when there are few, so that one change, with one sync, handles several.
const GATHER: Duration = Duration::from_millis(100);
/// Applicants to notify in one change when a job closes.
const APPLICANTS: usize = 500;

/// Most admins to notify.
const MAX_ADMINS: usize = 50;

pub(super) struct NotifyFollower {
    registrar: Arc<Registrar>,
}

/// This follower's position: the last handled entry, and how many applicants of the next one are done.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cursor {
    sequence: u64,
    place: Option<Place>,
}

impl Cursor {
    async fn read(reader: &Reader) -> Result<Self, StoreError> {
        let Some(bytes) = reader.bytes(&keys::cursor(NAME)).await? else {
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

/// The last log entry that this follower has handled, 0 if it never ran.
pub(super) async fn position(reader: &Reader) -> Result<u64, StoreError> {
    Ok(Cursor::read(reader).await?.sequence)
}

impl NotifyFollower {
    pub(super) fn new(registrar: Arc<Registrar>) -> Self {
        Self { registrar }
    }

    /// Handles the next entries in one change.
    async fn handle(&self, store: &Store) -> Result<Cursor, StoreError> {
        let reader = store.read()?;
        let from = Cursor::read(&reader).await?;
        let mut cursor = from.clone();
        let (mut notices, mut erased) = (Vec::new(), Vec::new());
        for logged in reader.log_after(from.sequence, BATCH).await? {
            if let Event::AccountStatusChanged {
                account_id,
                to: AccountStatus::Erased,
                ..
            } = logged.entry.event
            {
                erased.push(account_id);
            }
            let place = add_notices(&reader, &logged, cursor.place.take(), &mut notices).await?;
            if place.is_some() {
                cursor.place = place;
                break;
            }
            cursor.sequence = logged.sequence;
            if notices.len() >= MAILS {
                break;
            }
        }
        if cursor == from {
            return Ok(cursor);
        }
        notices.retain(|notice| !notice.recipient.email.is_erased());
        let outbox = &self.registrar.outbox;
        let commit = async |transaction: &mut Transaction| {
            for Notice {
                template,
                recipient,
                address,
            } in notices.clone()
            {
                outbox
                    .notify_of(transaction, template, recipient, address)
                    .await?;
            }
            // The notices of earlier steps are stored, so none can follow.
            for account_id in &erased {
                clear_mails_of_erased(transaction, *account_id).await?;
            }
            transaction
                .put_bytes(&keys::cursor(NAME), cursor.bytes())
                .await
        };
        store.run::<(), StoreError>(Origin::SYSTEM, commit).await?;
        Ok(cursor)
    }
}

impl Follower for NotifyFollower {
    const NAME: &'static str = NAME;

    async fn begin(&mut self, turn: &Turn) -> Result<u64, FollowError> {
        Ok(position(&turn.store.read()?).await?)
    }

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        let position = self.handle(&turn.store).await?.sequence;
        let is_behind = turn.log_end() > position + MAILS as u64;
        Ok(Next::Log {
            position,
            pause: if is_behind { Duration::ZERO } else { GATHER },
            at_latest: None,
        })
    }
}

/// Writes the mails for the whole log to the outbox, for a store that no server uses.
pub async fn write_due_notices(store: &Store, registrar: Registrar) -> Result<(), StoreError> {
    let end = store.read()?.log_end().await?;
    let follower = NotifyFollower::new(Arc::new(registrar));
    while follower.handle(store).await?.sequence < end {}
    Ok(())
}

/// What somebody is told.
#[derive(Clone)]
struct Notice {
    template: MailTemplate,
    recipient: Recipient,
    /// The address of whoever caused the event.
    address: Option<IpAddr>,
}

impl Notice {
    fn new(entry: &LogEntry, template: MailTemplate, recipient: impl Into<Recipient>) -> Self {
        Self {
            template,
            recipient: recipient.into(),
            address: entry.address,
        }
    }
}

/// Finds the notices for one entry. Returns where to continue if there are more.
async fn add_notices(
    reader: &Reader,
    logged: &Logged,
    place: Option<Place>,
    notices: &mut Vec<Notice>,
) -> Result<Option<Place>, StoreError> {
    match &logged.entry.event {
        Event::ApplicationMoved {
            application_id,
            from,
            to,
            ..
        } => {
            let application = reader
                .get::<Application>(&keys::application(*application_id))
                .await?;
            if let Some(application) = application {
                application_moved(reader, &logged.entry, &application, *from, *to, notices).await?;
            }
            Ok(None)
        }
        Event::JobChanged {
            job_id,
            from: Some(from),
            to,
        } if from != to => match closed_because(*from, *to) {
            Some(because) => {
                job_closed(reader, &logged.entry, (*job_id, because), place, notices).await
            }
            None => Ok(None),
        },
        Event::RuleFailed { rule_id } => {
            let rule = reader.get::<RuleModule>(&keys::rule(*rule_id)).await?;
            if let Some(rule) = rule {
                to_office(reader, &logged.entry, &rule_failing(&rule), notices).await?;
            }
            Ok(None)
        }
        Event::BackupFailed {
            because,
            last_success,
        } => {
            let failing = MailTemplate::BackupFailing {
                because: *because,
                last_success: *last_success,
            };
            to_office(reader, &logged.entry, &failing, notices).await?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn rule_failing(rule: &RuleModule) -> MailTemplate {
    let failing = rule.failing.as_ref();
    let fault = failing.map_or("It works again now.", |failing| &failing.message);
    MailTemplate::RuleFailing {
        rule: format!("{} {}", rule.name, rule.version),
        fault: fault.into(),
    }
}

/// Notifies every active admin.
async fn to_office(
    reader: &Reader,
    entry: &LogEntry,
    template: &MailTemplate,
    notices: &mut Vec<Notice>,
) -> Result<(), StoreError> {
    let office = KeyRange::prefix(&keys::active_admins());
    for key in reader
        .scan_keys(&office, Direction::Forward, MAX_ADMINS)
        .await?
    {
        if let Some(admin) = reader.get::<Account>(&keys::indexed(&key)?).await? {
            notices.push(Notice::new(entry, template.clone(), &admin.record));
        }
    }
    Ok(())
}

async fn application_moved(
    reader: &Reader,
    entry: &LogEntry,
    application: &Application,
    from: Option<ApplicationStatus>,
    status: ApplicationStatus,
    notices: &mut Vec<Notice>,
) -> Result<(), StoreError> {
    let student = reader
        .get::<Student>(&keys::student(&application.student_id))
        .await?;
    let employer = reader
        .get::<Employer>(&keys::employer(&application.employee_id))
        .await?;
    let (Some(student), Some(employer)) = (student, employer) else {
        return Ok(());
    };
    let (application_id, job_id) = (application.application_id, application.job_id);
    let job_title = application.job_title.clone();
    // An erased person has no name.
    let named = |name: &String, email: &Email| {
        let name = (!email.is_erased()).then(|| name.clone());
        name.unwrap_or_default()
    };
    let student_name = named(&student.name, &student.email);
    if from.is_none() {
        let received = MailTemplate::ApplicationReceived {
            application_id,
            job_id,
            job_title: job_title.clone(),
            student_name,
        };
        notices.push(Notice::new(entry, received, &employer.record));
        let filed = MailTemplate::ApplicationFiled {
            application_id,
            job_title,
            employer_name: named(&employer.name, &employer.email),
        };
        notices.push(Notice::new(entry, filed, &student.record));
    } else if matches!(entry.actor, Actor::Account(_, Role::Student)) {
        let moved = MailTemplate::StudentMoved {
            application_id,
            job_id,
            job_title,
            student_name,
            status,
        };
        notices.push(Notice::new(entry, moved, &employer.record));
    } else {
        let mut history = application.history.iter().rev();
        let step = history.find(|step| step.to == status);
        let moved = MailTemplate::ApplicationMoved {
            application_id,
            job_title,
            status,
            note: step.and_then(|step| step.note.clone()),
        };
        notices.push(Notice::new(entry, moved, &student.record));
    }
    Ok(())
}

/// Notifies students with open applications, a page at a time.
async fn job_closed(
    reader: &Reader,
    entry: &LogEntry,
    (job_id, because): (JobId, ClosedBecause),
    place: Option<Place>,
    notices: &mut Vec<Notice>,
) -> Result<Option<Place>, StoreError> {
    let Some(job) = reader.get::<Job>(&keys::job(job_id)).await? else {
        return Ok(None);
    };
    let prefix = keys::applications_by_job(job_id);
    let mut range = KeyRange::prefix(&prefix);
    if let Some(place) = place {
        range = range.beyond(prefix.join(&place), Direction::Forward);
    }
    let found = reader
        .scan_keys(&range, Direction::Forward, APPLICANTS)
        .await?;
    for key in &found {
        let application = reader.get::<Application>(&keys::indexed(key)?).await?;
        let Some(application) = application.filter(|one| !one.application_status().is_final())
        else {
            continue;
        };
        let student = reader
            .get::<Student>(&keys::student(&application.student_id))
            .await?;
        let Some(student) = student else {
            continue;
        };
        let template = MailTemplate::JobClosed {
            job_title: job.job_title.clone(),
            because,
        };
        notices.push(Notice::new(entry, template, &student.record));
    }
    let more = found.len() == APPLICANTS;
    Ok(found
        .last()
        .filter(|_| more)
        .map(|key| key.place_in(&prefix)))
}

/// Why a posting ended, for its applicants. `None` if it was never open.
fn closed_because(from: JobStatus, to: JobStatus) -> Option<ClosedBecause> {
    match (from, to) {
        (JobStatus::Draft | JobStatus::Pending, _) => None,
        (_, JobStatus::Closed) => Some(ClosedBecause::Closed),
        (_, JobStatus::Filled) => Some(ClosedBecause::Filled),
        (_, JobStatus::Expired) => Some(ClosedBecause::Expired),
        _ => None,
    }
}
