//! The employer of an imported posting: an active employer who is identified beyond doubt. Anybody may register with
//! any workplace, so a workplace identifies only employers who have it in the office's own file, and those on campus. Two
//! candidates count as none.

use super::import::RowError;
use super::rows::Row;
use crate::model::{
    Account, AccountStatus, Campus, Email, Employer, FieldFault, Invalid, Job, Setting,
};
use crate::store::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Stored, Transaction, keys};

/// Most employers to name in a message.
const MAX_NAMED: usize = 5;

/// The employer that a row names.
pub(super) enum Named {
    One(Employer),
    /// Several active employers have the row's workplace.
    Several(Vec<Employer>),
    Nobody(Invalid),
}

impl Named {
    /// The employer, if exactly one is named.
    pub(super) fn only(self) -> Result<Employer, Invalid> {
        match self {
            Self::One(employer) => Ok(employer),
            Self::Several(employers) => Err(several_employers(&employers)),
            Self::Nobody(invalid) => Err(invalid),
        }
    }
}

/// The employer in the column, or else by workplace, or else the one given for the whole file.
pub(super) async fn named(
    campus: &Campus,
    transaction: &mut Transaction,
    row: &Row,
    owner: Option<&Email>,
) -> Result<Named, RowError> {
    if let Some(text) = row.text("employerEmail") {
        let email = Email::parse(text).map_err(|fault| Invalid::one("employerEmail", fault))?;
        return Ok(Named::One(
            by_email(transaction, "employerEmail", &email).await?,
        ));
    }
    let (mut active, mut unconfirmed, mut inactive) = (Vec::new(), Vec::new(), None);
    if let Some(work_space) = row.text("workSpace") {
        for employer in at(transaction, work_space).await? {
            match why_inactive(transaction, &employer).await? {
                Some(fault) => inactive = Some(fault),
                None if is_confirmed(campus, &employer) => active.push(employer),
                None => unconfirmed.push(employer),
            }
        }
    }
    if active.len() > 1 {
        return Ok(Named::Several(active));
    }
    if let Some(employer) = active.pop() {
        return Ok(Named::One(employer));
    }
    if let Some(email) = owner {
        return Ok(Named::One(by_email(transaction, "owner", email).await?));
    }
    Ok(Named::Nobody(match inactive {
        Some(fault) => Invalid::one("workSpace", fault),
        None if unconfirmed.is_empty() => Invalid::one("employerEmail", FieldFault::NoEmployer),
        None => {
            let emails = emails_of(&unconfirmed);
            Invalid::one("workSpace", FieldFault::UnconfirmedWorkplace { emails })
        }
    }))
}

/// Whether an employer's workplace counts, so that nobody from outside gets a department's postings: either the office's
/// file has it (an employer without an account is from that file), or the employer is on campus and has a campus address.
fn is_confirmed(campus: &Campus, employer: &Employer) -> bool {
    employer.work_space_by_office
        || employer.account_id.is_none()
        || employer.setting == Setting::OnCampus && campus.owns(&employer.email)
}

/// An existing posting keeps its employer, who must be active and must not contradict the row.
pub(super) async fn check_keeper(
    transaction: &mut Transaction,
    named: &Named,
    job: &Job,
) -> Result<(), RowError> {
    let is_keeper = |employer: &Employer| employer.employee_id == job.employee_id;
    match named {
        Named::One(employer) if !is_keeper(employer) => {
            let email = employer.email.to_string();
            return Err(Invalid::one("employerEmail", FieldFault::OtherEmployer { email }).into());
        }
        Named::Several(employers) if !employers.iter().any(is_keeper) => {
            return Err(several_employers(employers).into());
        }
        _ => {}
    }
    let keeper: Option<Stored<Employer>> =
        transaction.get(&keys::employer(&job.employee_id)).await?;
    let fault = match keeper {
        Some(keeper) => why_inactive(transaction, &keeper).await?,
        None => None,
    };
    let fault = fault.map(|fault| Invalid::one("externalId", fault));
    fault.map_or(Ok(()), |invalid| Err(invalid.into()))
}

fn several_employers(employers: &[Employer]) -> Invalid {
    let emails = emails_of(employers);
    Invalid::one("workSpace", FieldFault::SeveralEmployers { emails })
}

fn emails_of(employers: &[Employer]) -> Vec<String> {
    let emails = employers.iter().map(|employer| employer.email.to_string());
    let mut emails: Vec<_> = emails.take(MAX_NAMED).collect();
    if employers.len() > MAX_NAMED {
        emails.push("…".into());
    }
    emails
}

async fn by_email(
    transaction: &mut Transaction,
    field: &str,
    email: &Email,
) -> Result<Employer, RowError> {
    let found: Option<Stored<Employer>> = transaction.find(&keys::employer_email(email)).await?;
    let Some(employer) = found else {
        return Err(Invalid::one(field, FieldFault::NotAnEmployer).into());
    };
    match why_inactive(transaction, &employer).await? {
        None => Ok(employer.record),
        Some(fault) => Err(Invalid::one(field, fault).into()),
    }
}

/// Why an employer gets no postings. An employer without an account was imported by the office.
async fn why_inactive(
    transaction: &mut Transaction,
    employer: &Employer,
) -> Result<Option<FieldFault>, StoreError> {
    let status = if employer.email.is_erased() {
        AccountStatus::Erased
    } else if let Some(id) = employer.account_id {
        let account: Option<Stored<Account>> = transaction.get(&keys::account(id)).await?;
        account.map_or(AccountStatus::Erased, |account| account.status)
    } else {
        AccountStatus::Active
    };
    Ok(
        (status != AccountStatus::Active).then(|| FieldFault::EmployerNotActive {
            email: employer.email.to_string(),
            status: status.name().into(),
        }),
    )
}

/// All employers with a workplace.
async fn at(transaction: &mut Transaction, work_space: &str) -> Result<Vec<Employer>, StoreError> {
    let range = KeyRange::prefix(&keys::employers_by_work_space(work_space));
    let found = transaction
        .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
        .await?;
    let mut employers = Vec::new();
    for row in &found {
        let stored: Option<Stored<Employer>> = transaction.get(&keys::indexed(row)?).await?;
        employers.extend(stored.map(|stored| stored.record));
    }
    Ok(employers)
}
