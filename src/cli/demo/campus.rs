//! The demo's people and postings. README.md in this folder names their source and license.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::accounts;
use crate::app;
use crate::applications::{self, Refusal, Submission};
use crate::auth::Passwords;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Email, EmployeeId, Job, JobId, JobStatus, Role, StudentId};
use crate::office::{Import, Kind, Options};
use crate::store::{Direction, KeyRange, Origin, Store, Transaction, keys};

const EMPLOYERS: &str = include_str!("employers.csv");
const STUDENTS: &str = include_str!("students.csv");
include_flate::flate!(static JOBS: str from "src/cli/demo/jobs.csv");
/// The day that the dates in jobs.csv count from.
const WRITTEN_FOR: Date = date(2026, 12, 1);
/// Columns of jobs.csv that are dates.
const DATES: [&str; 3] = ["startDate", "endDate", "deadline"];
/// Applications that the demo starts with.
const APPLICATIONS: usize = 24;
/// Pairs of student and job to try before giving up on that number.
const MOST_TRIES: usize = 200;

pub(super) struct Login {
    pub role: &'static str,
    pub email: String,
    pub password: String,
}

/// Fills the data folder and returns one login per role.
pub(super) async fn fill(config: &Config) -> Result<Vec<Login>, Box<dyn Error>> {
    let store = app::open_store(config, Clock::System)?;
    let campus = config.campus();
    let today = store.clock().now().day(&campus.time_zone);
    let jobs = shifted(&JOBS, today)?;
    for (kind, file) in [
        (Kind::Employers, EMPLOYERS),
        (Kind::Students, STUDENTS),
        (Kind::Jobs, &jobs),
    ] {
        let options = Options::default();
        let import = Import {
            store: &store,
            campus: &campus,
            origin: Origin::OPERATOR,
            kind,
            options,
        };
        let mut rejected = None;
        import
            .run(file.as_bytes(), |rejection| rejected = Some(rejection))
            .await?;
        if let Some(rejection) = rejected {
            return Err(format!("the demo's own data has an error: {rejection}").into());
        }
    }
    let (employer, postings) = busiest_employer(&store).await?;
    let students = column(STUDENTS, "studentId")?;
    let emails = column(STUDENTS, "email")?;
    let logins = make_logins(
        &store,
        emails.first().ok_or("the demo has no student")?,
        &employer,
    )
    .await?;
    let checker = app::checker(config, &store).await?;
    let mut filed = 0;
    for (turn, student) in students.iter().cycle().take(MOST_TRIES).enumerate() {
        let submission = Submission {
            job_id: postings[turn % postings.len()],
            cover_note: Some(
                "I would like to work with you, and my hours are free in the afternoon.".into(),
            ),
            answers: Vec::new(),
            resume_id: None,
            language: None,
        };
        let student = StudentId::parse(student)?;
        let submit = async |transaction: &mut Transaction| {
            applications::submit(&checker, transaction, &student, &submission).await
        };
        let outcome = store.run(Origin::OPERATOR, submit).await;
        match outcome {
            Ok(_) => filed += 1,
            // The rules do not allow every invented student every job. That is expected.
            Err(Refusal::Ineligible(_) | Refusal::AlreadyApplied) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        if filed == APPLICATIONS {
            break;
        }
    }
    Ok(logins)
}

/// One account per role, all with the same generated password.
async fn make_logins(
    store: &Store,
    student: &str,
    employer: &str,
) -> Result<Vec<Login>, Box<dyn Error>> {
    let bytes: [u8; 9] = rand::random();
    let password = URL_SAFE_NO_PAD.encode(bytes);
    let hash = Passwords::new(1)?.hash(&password).await?;
    let people = [
        ("student", Role::Student, student),
        ("employer", Role::Employer, employer),
        ("admin", Role::Admin, "office@example.edu"),
    ];
    let mut logins = Vec::new();
    for (role, kind, email) in people {
        let address = Email::parse(email)?;
        let name = name_of(email)?;
        let create = async |transaction: &mut Transaction| {
            accounts::create_account(transaction, kind, address.clone(), &name, hash.clone()).await
        };
        store.run(Origin::OPERATOR, create).await?;
        logins.push(Login {
            role,
            email: email.into(),
            password: password.clone(),
        });
    }
    Ok(logins)
}

/// The employer with the most postings, by email, and those postings.
async fn busiest_employer(store: &Store) -> Result<(String, Vec<JobId>), Box<dyn Error>> {
    let reader = store.read()?;
    let mut busiest = (String::new(), Vec::new());
    for (id, email) in column(EMPLOYERS, "employeeId")?
        .iter()
        .zip(column(EMPLOYERS, "email")?)
    {
        let own = KeyRange::prefix(&keys::jobs_by_employer(
            &EmployeeId::parse(id)?,
            JobStatus::Open,
        ));
        let found = reader
            .scan_keys(&own, Direction::Forward, APPLICATIONS)
            .await?;
        if found.len() > busiest.1.len() {
            let ids = found.iter().map(keys::indexed_id::<Job>);
            busiest = (email, ids.collect::<Result<_, _>>()?);
        }
    }
    Ok(busiest)
}

fn column(file: &str, name: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let position = reader.headers()?.iter().position(|column| column == name);
    let position = position.ok_or_else(|| format!("the demo has no column {name}"))?;
    reader
        .records()
        .map(|record| Ok(record?[position].to_owned()))
        .collect()
}

/// The name that goes with an address. The office has no row in the files.
fn name_of(email: &str) -> Result<String, Box<dyn Error>> {
    for file in [STUDENTS, EMPLOYERS] {
        let position = column(file, "email")?
            .iter()
            .position(|other| other == email);
        if let Some(position) = position {
            return Ok(column(file, "name")?.swap_remove(position));
        }
    }
    Ok("Student Employment Office".into())
}

/// The same file, with its dates moved forward to today.
fn shifted(file: &str, today: Date) -> Result<String, Box<dyn Error>> {
    let days = WRITTEN_FOR.until(today)?.get_days();
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let header = reader.headers()?.clone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header)?;
    for record in reader.records() {
        let record = record?;
        for (column, cell) in header.iter().zip(record.iter()) {
            if DATES.contains(&column) && !cell.is_empty() {
                let moved = cell.parse::<Date>()?.checked_add(days.days())?;
                writer.write_field(moved.to_string())?;
            } else {
                writer.write_field(cell)?;
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
