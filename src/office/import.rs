//! Imports a CSV file as a stream. A few hundred rows at a time become one change, so memory does not grow with the file. An
//! interrupted import has stored some of the rows, each of them complete; running it again is safe.

use std::io::Read;

use super::repeats::Repeats;
use super::report::Effect;
use super::rows::{Row, Rows};
use super::{Rejection, Report, employers, jobs, students};
use crate::model::{Account, AccountStatus, Campus, Email, FieldFault, Invalid, Role};
use crate::store::{Origin, Store, StoreError, Stored, Transaction, keys};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Students,
    Employers,
    Jobs,
}

impl Kind {
    /// The columns that a file may have, and those that it must have.
    pub fn columns(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Students => (students::COLUMNS, students::REQUIRED),
            Self::Employers => (employers::COLUMNS, employers::REQUIRED),
            Self::Jobs => (jobs::COLUMNS, jobs::REQUIRED),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Reports what would happen, and changes nothing.
    pub dry_run: bool,
    /// The employer for job rows that do not name one.
    pub owner: Option<Email>,
    /// Refuses a file with an unknown column.
    pub strict: bool,
    /// Nobody else writes at the same time, so changes can be larger and fewer.
    pub alone: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not CSV, or its header does not fit. Nothing was changed.
    #[error("{0}")]
    File(Invalid),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why one row is refused.
pub(super) enum RowError {
    Invalid(Invalid),
    Store(StoreError),
}

impl From<Invalid> for RowError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<StoreError> for RowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Keeps what was found for a row. A refusal is one more fault of the row; an error of the store ends the import.
pub(super) fn part_of_row<T>(
    found: Result<T, RowError>,
    invalid: &mut Invalid,
) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(RowError::Invalid(refusal)) => Ok(invalid.part(Err(refusal))),
        Err(RowError::Store(error)) => Err(error),
    }
}

/// Refuses an address that already belongs to an account with another role. An unverified address does not count: anyone
/// could have typed it at registration.
pub(super) async fn refuse_other_role(
    transaction: &mut Transaction,
    email: &Email,
    role: Role,
) -> Result<(), RowError> {
    let account: Option<Stored<Account>> = transaction.find(&keys::account_email(email)).await?;
    let is_other = |account: &Stored<Account>| {
        account.role != role && account.status != AccountStatus::Unverified
    };
    if account.as_ref().is_some_and(is_other) {
        return Err(Invalid::one("email", FieldFault::OtherRole).into());
    }
    Ok(())
}

/// Most rows in one change, so that other changes do not wait long.
const BATCH_ROWS: usize = 512;
/// Most bytes of text in one change, far below the store's limit.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The same if no other change waits. Including overhead per row, half of the store's limit.
const ALONE_ROWS: usize = 4_096;
const ALONE_BYTES: usize = 12 * 1024 * 1024;

fn next_batch(
    rows: &mut Rows<impl Read>,
    (most_rows, most_bytes): (usize, usize),
) -> Vec<Result<Row, Rejection>> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH_ROWS), 0);
    while batch.len() < most_rows
        && bytes < most_bytes
        && let Some(row) = rows.next()
    {
        bytes += row.as_ref().map_or(0, Row::bytes);
        batch.push(row);
    }
    batch
}

pub struct Import<'a> {
    pub store: &'a Store,
    pub campus: &'a Campus,
    pub origin: Origin,
    pub kind: Kind,
    pub options: Options,
}

impl Import<'_> {
    /// Reads the whole file. Rejected rows are passed on as they are found, in file order. Blocks
    /// while it reads the file, so do not call it on a thread that serves others.
    pub async fn run(
        &self,
        source: impl Read,
        mut rejected: impl FnMut(Rejection),
    ) -> Result<Report, ImportError> {
        let (known, required) = self.kind.columns();
        let mut rows =
            Rows::new(source, known, required, self.options.strict).map_err(ImportError::File)?;
        let mut report = Report {
            ignored_columns: rows.ignored().to_vec(),
            ..Report::default()
        };
        let mut repeats = Repeats::default();
        let most = if self.options.alone {
            (ALONE_ROWS, ALONE_BYTES)
        } else {
            (BATCH_ROWS, BATCH_BYTES)
        };
        loop {
            let batch = next_batch(&mut rows, most).into_iter();
            let batch: Vec<_> = batch
                .map(|row| row.and_then(|row| self.once(&mut repeats, row)))
                .collect();
            if batch.is_empty() {
                return Ok(report);
            }
            let mut refusals = Vec::new();
            let import = async |transaction: &mut Transaction| {
                refusals.clear();
                self.import_batch(transaction, &batch, &mut refusals).await
            };
            report.add(if self.options.dry_run {
                self.store.preview(self.origin, import).await?
            } else {
                self.store.run(self.origin, import).await?
            });
            report.rejected += refusals.len() as u64;
            refusals.into_iter().for_each(&mut rejected);
        }
    }

    /// Passes a row on if it is the first with its key. A row without a valid key is rejected later.
    fn once(&self, repeats: &mut Repeats, row: Row) -> Result<Row, Rejection> {
        let by_email = |key: Result<Email, FieldFault>| key.map(|email| email.as_str().to_owned());
        let (column, key) = match self.kind {
            Kind::Students => (students::KEY, by_email(students::key(&row))),
            Kind::Employers => (employers::KEY, by_email(employers::key(&row))),
            Kind::Jobs => (jobs::KEY, jobs::key(&row)),
        };
        if let Ok(key) = key {
            repeats.note(&row, column, &key)?;
        }
        Ok(row)
    }

    async fn import_batch(
        &self,
        transaction: &mut Transaction,
        batch: &[Result<Row, Rejection>],
        refusals: &mut Vec<Rejection>,
    ) -> Result<Report, StoreError> {
        let mut report = Report::default();
        for row in batch {
            let row = match row {
                Ok(row) => row,
                Err(rejection) => {
                    refusals.push(rejection.clone());
                    continue;
                }
            };
            match self.import_row(transaction, row).await {
                Ok(effect) => report.count(effect),
                Err(RowError::Invalid(invalid)) => {
                    refusals.push(Rejection::of_fields(row.line, invalid));
                }
                Err(RowError::Store(error)) => return Err(error),
            }
        }
        Ok(report)
    }

    async fn import_row(
        &self,
        transaction: &mut Transaction,
        row: &Row,
    ) -> Result<Effect, RowError> {
        match self.kind {
            Kind::Students => students::import_row(self.campus, transaction, row).await,
            Kind::Employers => employers::import_row(transaction, row).await,
            Kind::Jobs => {
                let owner = self.options.owner.as_ref();
                jobs::import_row(self.campus, transaction, row, owner).await
            }
        }
    }
}
