//! A campus with a number of jobs, in a data folder under target/. `corkboard import` imports its jobs, which repeat
//! the demo's real postings. Its people are created here with sessions, so that no password is hashed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use corkboard::accounts::{Refusal, create_account, open_session};
use corkboard::app;
use corkboard::auth::{AccessKeys, AccessToken};
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::{Email, Job, JobId, JobStatus, Role};
use corkboard::store::{Origin, Store, Stored, Transaction, keys, wait};
use jiff::ToSpan as _;
use sha2::{Digest as _, Sha256};

use super::process::{CORKBOARD, Served};

const POSTINGS: &str = include_str!("../../src/cli/demo/jobs.csv");
const EMPLOYERS: &str = include_str!("../../src/cli/demo/employers.csv");

/// The files that determine a stored campus. When one changes, cached campuses are created again.
const SHAPED_BY: &[&str] = &[
    POSTINGS,
    EMPLOYERS,
    include_str!("campus.rs"),
    include_str!("../../src/model/job.rs"),
    include_str!("../../src/store/keys/mod.rs"),
    include_str!("../../src/store/record.rs"),
    include_str!("../../src/search/schema.rs"),
];

/// The length of the descriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptions {
    /// As posted: 3 KB on average.
    Real,
    /// The first 300 characters.
    Short,
}

const SHORT_CHARS: usize = 300;
/// Days from today to a posting's deadline.
const DEADLINE_DAYS: std::ops::Range<i64> = 60..240;

/// A folder on a disk that syncs; the system's temporary folder may be in memory.
pub fn room() -> PathBuf {
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("benches");
    std::fs::create_dir_all(&room).expect("target/ can be written");
    room
}

/// Writes a CSV file of jobs that repeats the demo's postings, each with its own `externalId`.
pub fn write_jobs(path: &Path, count: usize, descriptions: Descriptions) {
    let mut postings = csv::Reader::from_reader(POSTINGS.as_bytes());
    let header = postings.headers().expect("a header").clone();
    let column = |name| header.iter().position(|one| one == name).expect(name);
    let (description, start, end, deadline, external_id) = (
        column("jobDescription"),
        column("startDate"),
        column("endDate"),
        column("deadline"),
        column("externalId"),
    );
    let rows: Vec<csv::StringRecord> = postings.records().map(|row| row.expect("a row")).collect();
    let today = Clock::System.now().day(&jiff::tz::TimeZone::UTC);
    let mut writer = csv::Writer::from_path(path).expect("target/ can be written");
    writer.write_record(&header).expect("a row");
    for number in 0..count {
        let mut cells: Vec<String> = rows[number % rows.len()]
            .iter()
            .map(str::to_owned)
            .collect();
        if descriptions == Descriptions::Short {
            cells[description] = cells[description].chars().take(SHORT_CHARS).collect();
        }
        let span = DEADLINE_DAYS.end - DEADLINE_DAYS.start;
        let days = DEADLINE_DAYS.start + number as i64 % span;
        cells[deadline] = (today + days.days()).to_string();
        cells[start].clear();
        cells[end].clear();
        cells[external_id] = format!("bench-{number}");
        writer.write_record(&cells).expect("a row");
    }
    writer.flush().expect("target/ can be written");
}

/// Where the board's records are, if not in the data folder: these settings in the environment, as for the binary. The
/// database must be empty.
const DATABASE: [&str; 2] = ["CORKBOARD__STORE__ENGINE", "CORKBOARD__STORE__URL"];

/// The binary, with its records in the data folder.
fn on_files(folder: &Path) -> Command {
    let mut command = Command::new(CORKBOARD);
    command.arg("--data-dir").arg(folder);
    for name in DATABASE {
        command.env_remove(name);
    }
    command
}

/// Whether the environment names a database.
pub fn is_on_database() -> bool {
    std::env::var_os(DATABASE[0]).is_some()
}

/// Moves a board from a data folder to the database, if the environment names one.
fn move_to_database(folder: &Path) {
    if !is_on_database() {
        return;
    }
    // Not in the data folder, where no backup may be.
    let file = room().join("moved.backup");
    let saved = on_files(folder).arg("backup").arg(&file).status();
    assert!(saved.expect("the binary runs").success());
    let mut restore = Command::new(CORKBOARD);
    restore.arg("--data-dir").arg(folder);
    let restored = restore.arg("restore").arg(&file).status();
    assert!(restored.expect("the binary runs").success());
    std::fs::remove_file(file).expect("target/ can be written");
}

/// Imports a file into a data folder with the binary. Returns the seconds it took.
pub fn import(folder: &Path, kind: &str, file: &Path, count: usize) -> f64 {
    let started = Instant::now();
    let output = on_files(folder)
        .args(["import", kind, "--strict"])
        .arg(file)
        .output()
        .expect("the binary runs");
    let seconds = started.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.starts_with(&format!("{count} created")),
        "the import of {kind}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    seconds
}

/// An empty data folder with the employers of the postings.
pub fn fresh(folder: &Path) {
    std::fs::create_dir_all(folder).expect("target/ can be written");
    drop(app::open_store(&on_files_config(folder), Clock::System).expect("the store opens"));
    let file = folder.join("employers.csv");
    std::fs::write(&file, EMPLOYERS).expect("target/ can be written");
    import(folder, "employers", &file, EMPLOYERS.lines().count() - 1);
}

/// A copy of the campus with this many jobs and an index, for the caller to change. Created once and cached.
pub fn campus(count: usize) -> tempfile::TempDir {
    let mut digest = Sha256::new();
    SHAPED_BY.iter().for_each(|part| digest.update(part));
    let digest = digest.finalize();
    let kept = room().join(format!(
        "campus-{count}-{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    ));
    if !kept.join("complete").exists() {
        eprintln!("making a campus of {count} jobs; it is kept for the next time");
        let _ = std::fs::remove_dir_all(&kept);
        fresh(&kept);
        let file = kept.join("jobs.csv");
        write_jobs(&file, count, Descriptions::Real);
        import(&kept, "jobs", &file, count);
        std::fs::remove_file(file).expect("target/ can be written");
        let served = Served::run(on_files(&kept));
        served.wait_until_indexed(count);
        served.stop();
        std::fs::write(kept.join("complete"), "").expect("target/ can be written");
    }
    let copy = tempfile::tempdir_in(room()).expect("target/ can be written");
    copy_folder(&kept, copy.path());
    move_to_database(copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("target/ can be written");
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("target/ can be written");
            // Written to disk now, not during a measurement.
            std::fs::File::open(&target)
                .and_then(|file| file.sync_all())
                .expect("target/ can be synced");
        }
    }
}

pub fn config(folder: &Path) -> Config {
    let mut config = on_files_config(folder);
    let settings = std::env::vars().filter(|(name, _)| DATABASE.contains(&name.as_str()));
    let read = Config::load(Some(Path::new("/dev/null")), settings);
    config.store = read.expect("the settings are right").store;
    config
}

fn on_files_config(folder: &Path) -> Config {
    let mut config = Config::default();
    folder.clone_into(&mut config.data.dir);
    config
}

/// The store of a board that no server uses.
pub fn open(folder: &Path) -> Store {
    app::open_store(&config(folder), Clock::System).expect("the store opens")
}

/// IDs of open jobs, evenly from all of them, in shuffled order.
pub fn some_jobs(store: &Store, all: usize, wanted: usize) -> Vec<JobId> {
    let reader = store.read().expect("a snapshot");
    let prefix = keys::jobs_by_status(JobStatus::Open);
    let (mut ids, step) = (Vec::new(), (all / wanted).max(1));
    let mut walk = reader.walk(&prefix);
    while let Some(rows) = wait(walk.next_keys()).expect("the index is read") {
        let jobs = wait(reader.get_indexed::<Job>(&rows)).expect("the jobs are read");
        // Jobs that the campus rules allow every student.
        let fits = |job: &Stored<Job>| job.hours_per_week <= 20.0 && !job.work_study_required;
        ids.extend(jobs.into_iter().filter(fits).map(|job| job.job_id));
    }
    let mut ids: Vec<JobId> = ids.into_iter().step_by(step).take(wanted).collect();
    // Any fixed shuffle works.
    ids.sort_by_key(|id| Sha256::digest(id.as_bytes()));
    ids
}

/// Creates logged-in students and returns their access tokens.
pub fn sign_in_students(folder: &Path, store: &Store, count: usize) -> Vec<String> {
    sign_in(folder, store, Role::Student, count)
}

/// The same for any role.
pub fn sign_in(folder: &Path, store: &Store, role: Role, count: usize) -> Vec<String> {
    let config = config(folder);
    let registrar = app::registrar(&config, "http://localhost".into());
    let now = store.clock().now();
    let keys = wait(AccessKeys::open(store, folder)).expect("the keys open");
    let mut tokens = Vec::with_capacity(count);
    for start in (0..count).step_by(100) {
        let make = async |transaction: &mut Transaction| {
            let mut sessions = Vec::new();
            for number in start..count.min(start + 100) {
                let email = format!("{role:?}{number}@example.edu");
                let email = Email::parse(&email).expect("an address");
                let name = format!("Somebody {number}");
                let hash = "nobody signs in with this".into();
                let account = create_account(transaction, role, email, &name, hash).await?;
                let opened = open_session(&registrar, transaction, &account).await?;
                sessions.push(opened.session);
            }
            Ok::<_, Refusal>(sessions)
        };
        let sessions = wait(store.run(Origin::OPERATOR, make)).expect("accounts are made");
        for session in sessions {
            let token = AccessToken {
                sub: session.account_id,
                sid: session.session_id,
                exp: now.as_millis() / 1000 + 24 * 60 * 60,
            };
            tokens.push(keys.sign(&token, now).expect("a token"));
        }
    }
    tokens
}
