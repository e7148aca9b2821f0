//! The backups that the board takes by itself, once a day.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::support::process::{self, Process};
use age::secrecy::ExposeSecret as _;
use corkboard::model::Timestamp;

pub fn at(time: &str) -> Timestamp {
    let time: jiff::Timestamp = time.parse().unwrap();
    Timestamp::from_millis(time.as_millisecond())
}

pub fn set_clock(board: &Board, time: &str) {
    let Clock::Fixed(clock) = &board.clock else {
        panic!("the clock runs");
    };
    clock.store(at(time).as_millis(), Ordering::Release);
}

/// A board that saves its backups in a folder, at 03:00 in New York.
fn start(folder: &Path, now: &str) -> Board {
    start_again(tempfile::tempdir().unwrap(), folder, now)
}

fn start_again(data: tempfile::TempDir, folder: &Path, now: &str) -> Board {
    Board::start_in(data, Clock::fixed(at(now)), |config| {
        config.backup.folder = Some(folder.into());
        config.backup.keep = 2.try_into().unwrap();
    })
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn has(folder: &Path, wanted: &[&str]) {
    until("the backups are there", async || names(folder) == wanted).await;
}

pub async fn metric(board: &Board) -> Option<String> {
    let metrics = board.get(None, "/metrics").await.expect(200).text;
    let name = "corkboard_backup_last_success_timestamp_seconds ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map(str::to_owned)
}

/// The state of the backups, and whether the board says that it is degraded by them.
pub async fn state(board: &Board) -> (String, bool) {
    let ready = board.get(None, "/readyz").await.expect(200).json();
    let degraded = ready["degraded"].as_array().unwrap();
    let state = ready["backup"]["state"].as_str().unwrap().to_owned();
    (state, degraded.contains(&json!("backup")))
}

pub async fn is_failing(board: &Board) {
    until("backups are failing", async || {
        state(board).await == ("failing".into(), true)
    })
    .await;
}

/// How many mails told the office.
pub fn told(board: &Board) -> usize {
    let is_told = |mail: &&String| mail.contains("jobs is failing");
    board.mails().iter().filter(is_told).count()
}

#[actix_web::test]
async fn one_is_taken_each_day_and_comes_back() {
    let site = Site::new();
    let folder = site.path("backups");
    // 02:00. Yesterday's time was missed.
    let board = start(&folder, "2026-11-29T07:00:00Z");
    let first = "corkboard-2026-11-29T070000Z.backup";
    has(&folder, &[first]).await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(first)), 0o600);
    let employer = board.join("employer", "library@example.edu").await;
    board
        .post_job(&employer, json!({"jobTitle": "Shelver"}))
        .await;

    set_clock(&board, "2026-11-29T08:00:30Z");
    let second = "corkboard-2026-11-29T080030Z.backup";
    has(&folder, &[first, second]).await;
    assert!(rows(&folder.join(first)).len() < rows(&folder.join(second)).len());
    until("the metric has the time of the newest", async || {
        metric(&board).await == Some((at("2026-11-29T08:00:30Z").as_millis() / 1000).to_string())
    })
    .await;
    assert_eq!(state(&board).await, ("ok".into(), false));
    board.stop().await;

    let restored = tempfile::tempdir().unwrap();
    let file = folder.join(second);
    let printed = done(&corkboard(
        restored.path(),
        &["restore", file.to_str().unwrap()],
    ));
    assert!(
        printed.ends_with(": Example College, as of 2026-11-29T08:00:30Z\n"),
        "{printed}"
    );
    assert_sound(restored.path());
    let board = Board::start_in(restored, Clock::System, |_| {});
    let found = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(found["items"][0]["jobTitle"], "Shelver");
    assert_eq!(state(&board).await, ("off".into(), false));
    assert_eq!(metric(&board).await, None);
    board.stop().await;
}

#[actix_web::test]
async fn old_ones_and_leftovers_are_deleted_and_other_files_are_not() {
    let site = Site::new();
    let folder = site.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let kept = [
        "corkboard-2026-11-29.backup",
        "corkboard-notes.txt",
        "other.backup.part",
    ];
    let old = [
        "corkboard-2026-11-27T080000Z.backup",
        "corkboard-2026-11-28T075959Z.backup",
        "corkboard-2026-11-28T080000Z.backup.part",
    ];
    for name in kept.iter().chain(&old) {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let board = start(&folder, "2026-11-29T07:00:00Z");
    let (first, second) = (
        "corkboard-2026-11-29T070000Z.backup",
        "corkboard-2026-11-29T080000Z.backup",
    );
    has(&folder, &[old[1], kept[0], first, kept[1], kept[2]]).await;
    set_clock(&board, "2026-11-29T08:00:00Z");
    has(&folder, &[kept[0], first, second, kept[1], kept[2]]).await;
    board.stop().await;
}

#[actix_web::test]
async fn with_a_key_they_are_encrypted_from_then_on() {
    let site = Site::new();
    let folder = site.path("backups");
    let plain = "corkboard-2026-11-29T070000Z.backup";
    let board = start(&folder, "2026-11-29T07:00:00Z");
    has(&folder, &[plain]).await;
    let data = board.stop().await;

    let key = age::x25519::Identity::generate();
    let clock = Clock::fixed(at("2026-11-29T08:00:00Z"));
    let board = Board::start_in(data, clock, |config| {
        config.backup.folder = Some(folder.clone());
        config.backup.keep = 2.try_into().unwrap();
        config.backup.recipient = Some(key.to_public());
    });
    let (first, second) = (
        "corkboard-2026-11-29T080000Z.backup.age",
        "corkboard-2026-11-30T080000Z.backup.age",
    );
    has(&folder, &[plain, first]).await;
    set_clock(&board, "2026-11-30T08:00:00Z");
    has(&folder, &[first, second]).await;
    assert_eq!(state(&board).await, ("ok".into(), false));
    let data = board.stop().await;

    let identity = site.path("key.txt");
    std::fs::write(&identity, key.to_string().expose_secret()).unwrap();
    let identity = identity.to_str().unwrap();
    let restored = site.path("restored");
    for file in [first, second] {
        let file = folder.join(file);
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let file = file.to_str().unwrap();
        let arguments = ["restore", "--replace", file, "--identity", identity];
        done(&corkboard(&restored, &arguments));
        assert_sound(&restored);
    }

    // The next start finds them.
    let board = Board::start_in(data, Clock::fixed(at("2026-11-30T09:00:00Z")), |config| {
        config.backup.folder = Some(folder.clone());
        config.backup.recipient = Some(key.to_public());
    });
    until("it has seen the last one", async || {
        metric(&board).await == Some((at("2026-11-30T08:00:00Z").as_millis() / 1000).to_string())
    })
    .await;
    board.stop().await;
    assert_eq!(names(&folder), [first, second]);
}

#[actix_web::test]
async fn only_one_that_was_missed_is_made_up_at_the_start() {
    let site = Site::new();
    let folder = site.path("backups");
    let (first, second) = (
        "corkboard-2026-11-29T090000Z.backup",
        "corkboard-2026-12-05T120000Z.backup",
    );
    let board = start(&folder, "2026-11-29T09:00:00Z");
    has(&folder, &[first]).await;
    let data = board.stop().await;

    let board = start_again(data, &folder, "2026-11-30T07:59:59Z");
    until("it has seen the one of yesterday", async || {
        metric(&board).await == Some((at("2026-11-29T09:00:00Z").as_millis() / 1000).to_string())
    })
    .await;
    let data = board.stop().await;
    assert_eq!(names(&folder), [first]);

    let board = start_again(data, &folder, "2026-12-05T12:00:00Z");
    has(&folder, &[first, second]).await;
    board.stop().await;
}

#[actix_web::test]
async fn a_missing_folder_is_reported_and_the_board_goes_on() {
    let site = Site::new();
    let folder = site.path("backups");
    let board = start(&folder, "2026-11-29T09:00:00Z");
    let admin = board.admin().await;
    has(&folder, &["corkboard-2026-11-29T090000Z.backup"]).await;

    // As if its disk was no longer mounted.
    std::fs::remove_dir_all(&folder).unwrap();
    set_clock(&board, "2026-11-30T08:00:00Z");
    is_failing(&board).await;
    let mail = board
        .mail(&admin.email, "The folder for backups is missing.")
        .await;
    assert!(
        mail.contains("The last good backup is from November 29, 2026."),
        "{mail}"
    );
    assert!(!folder.exists());
    board.get(None, "jobs").await.expect(200);
    let admin = board.login(&admin.email).await;
    let entry = audited(&board, &admin, "backupFailed").await;
    assert_eq!(
        entry["details"],
        json!({"because": "noFolder", "lastSuccess": "2026-11-29"})
    );
    assert_eq!(entry["actor"]["kind"], "system");

    // The next try is an hour later.
    std::fs::create_dir(&folder).unwrap();
    set_clock(&board, "2026-11-30T09:00:00Z");
    has(&folder, &["corkboard-2026-11-30T090000Z.backup"]).await;
    until("all is well", async || {
        state(&board).await == ("ok".into(), false)
    })
    .await;
    assert_eq!(told(&board), 1);

    // On another day, the office is told again.
    std::fs::remove_dir_all(&folder).unwrap();
    set_clock(&board, "2026-12-01T08:00:00Z");
    until("the office is told again", async || told(&board) == 2).await;
    assert_sound(board.stop().await.path());
}

#[actix_web::test]
async fn a_folder_that_cannot_be_created_does_not_keep_the_board_from_starting() {
    let site = Site::new();
    let board = start(&site.path("missing/backups"), "2026-11-29T09:00:00Z");
    is_failing(&board).await;
    assert_eq!(metric(&board).await.as_deref(), Some("0"));
    assert!(!site.path("missing").exists());
    board.join("student", "ann@example.edu").await;
    board.stop().await;
}

/// A file system of 8 MiB, if one can be mounted here.
struct Small(PathBuf);

impl Small {
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let small = Self(folder);
        small.mount_with("size=8m").then_some(small)
    }

    fn mount_with(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
        let mounted = mount.arg(&self.0).output();
        mounted.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[actix_web::test]
async fn a_full_disk_keeps_the_earlier_backups() {
    let site = Site::new();
    let folder = site.path("backups");
    let Some(small) = Small::mount(folder.clone()) else {
        println!("NOT TESTED: no file system can be mounted here");
        return;
    };
    let board = start(&folder, "2026-11-29T09:00:00Z");
    let first = "corkboard-2026-11-29T090000Z.backup";
    has(&folder, &[first]).await;
    let admin = board.admin().await;
    let student = board.join("student", "ann@example.edu").await;
    for _ in 0..3 {
        upload(&board, &student, 5_000_000).await;
    }
    set_clock(&board, "2026-11-30T08:00:00Z");
    is_failing(&board).await;
    board
        .mail(&admin.email, "The disk for backups is full.")
        .await;
    assert_eq!(names(&folder), [first]);
    rows(&folder.join(first));
    // The board's own disk is another one.
    board.login("ann@example.edu").await;

    assert!(small.mount_with("remount,size=64m"));
    set_clock(&board, "2026-11-30T09:00:00Z");
    let second = "corkboard-2026-11-30T090000Z.backup";
    has(&folder, &[first, second]).await;
    rows(&folder.join(second));
    board.stop().await;
}

#[actix_web::test]
async fn one_that_is_due_during_a_download_follows_it() {
    let site = Site::new();
    let folder = site.path("backups");
    let board = start(&folder, "2026-11-29T07:59:00Z");
    let first = "corkboard-2026-11-29T075900Z.backup";
    has(&folder, &[first]).await;
    let student = board.join("student", "ann@example.edu").await;
    let admin = board.admin().await;
    for _ in 0..4 {
        upload(&board, &student, 5_000_000).await;
    }
    let download = asked(&board, &admin).send().await.unwrap();
    assert_eq!(download.status(), 200);
    set_clock(&board, "2026-11-29T08:00:00Z");
    let busy = board.send(asked(&board, &admin)).await.expect(503);
    assert_eq!(busy.code(), "busy");
    assert_eq!(names(&folder), [first]);
    drop(download);
    has(&folder, &[first, "corkboard-2026-11-29T080000Z.backup"]).await;
    board.stop().await;
}

/// `kill -9` at any moment leaves no file that looks like a backup and is none, and the next run removes what is left.
#[actix_web::test]
async fn one_that_is_killed_leaves_no_bad_file() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    for _ in 0..3 {
        upload(&board, &student, 5_000_000).await;
    }
    let data = board.stop().await;
    let site = Site::new();
    let folder = site.path("backups");
    let complete = || {
        let mut names = names(&folder);
        let is_complete = |name: &String| {
            Path::new(name)
                .extension()
                .is_some_and(|kind| kind == "backup")
        };
        names.retain(is_complete);
        names
    };
    let mut left_parts = 0;
    for round in 0_u32.. {
        assert!(round < 13, "a backup takes a minute");
        let mut command = process::corkboard(data.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.env("CORKBOARD__BACKUP__FOLDER", &folder);
        let mut board = Process::start(&mut command);
        std::thread::sleep(Duration::from_millis(16 << round));
        board.kill();
        left_parts += usize::from(names(&folder).len() > complete().len());
        if let [file] = &complete()[..] {
            rows(&folder.join(file));
            break;
        }
        assert_eq!(complete(), [""; 0]);
    }
    assert!(left_parts > 0, "none was killed while it was written");
    assert_eq!(names(&folder), complete());
    assert_sound(data.path());
}

/// Such backups would be lost together with the data.
#[test]
fn a_folder_in_the_data_folder_is_refused() {
    let site = Site::new();
    let data = site.path("data");
    let refused = |folder: &str| {
        let settings = format!("[backup]\nfolder = {folder:?}\n");
        std::fs::write(site.path("config.toml"), settings).unwrap();
        let commands: [&[&str]; 2] = [&["serve", "--listen", "127.0.0.1:0"], &["check"]];
        for arguments in commands {
            let said = failed(&corkboard(&data, arguments));
            let sentence = "corkboard: backup.folder: ";
            assert!(said.starts_with(sentence), "{said}");
            let sentence = format!("{folder} is in the data folder ");
            assert!(said.contains(&sentence), "{said}");
        }
    };
    refused("data/backups");
    assert!(!data.exists());
    process::create_board(&data);
    std::os::unix::fs::symlink(&data, site.path("link")).unwrap();
    for folder in ["data", "data/new/backups", "link/backups", "./data/../data"] {
        refused(folder);
    }
}
