//! Scheduled backups that go to a bucket.

use std::os::unix::fs::PermissionsExt as _;

use super::scheduled::{at, is_failing, metric, set_clock, state, told};
use super::*;
use crate::support::bucket::{Bucket, Fault, PREFIX, SECRET_KEY};
use crate::support::process::{self, Process};

const FIRST: &str = "boards/library/corkboard-2026-11-29T070000Z.backup";
const SECOND: &str = "boards/library/corkboard-2026-11-29T080000Z.backup";
const THIRD: &str = "boards/library/corkboard-2026-11-30T080000Z.backup";

fn start(bucket: &Bucket, now: &str) -> Board {
    start_again(tempfile::tempdir().unwrap(), bucket, now)
}

fn start_again(data: tempfile::TempDir, bucket: &Bucket, now: &str) -> Board {
    Board::start_in(data, Clock::fixed(at(now)), bucket.settings())
}

async fn has(bucket: &Bucket, wanted: &[&str]) {
    until("the bucket has the backups", async || {
        bucket.names() == wanted
    })
    .await;
}

/// Nothing is left of an upload, and the bucket never had to complain.
fn assert_tidy(bucket: &Bucket, data: &Path) {
    let state = bucket.state();
    assert_eq!(state.complaints, [""; 0]);
    assert!(state.uploads.is_empty());
    assert!(state.faults.is_empty(), "{:?}", state.faults);
    assert_eq!(outgoing(data), 0);
}

/// How many files wait for their upload.
fn outgoing(data: &Path) -> usize {
    std::fs::read_dir(data.join("outgoing")).map_or(0, Iterator::count)
}

/// Enough for two parts.
async fn fill(board: &Board) {
    let student = board.join("student", "ann@example.edu").await;
    for _ in 0..4 {
        upload(board, &student, 5_000_000).await;
    }
}

#[actix_web::test]
async fn one_is_taken_each_day_and_comes_back() {
    let bucket = Bucket::start();
    let board = start(&bucket, "2026-11-29T07:00:00Z");
    has(&bucket, &[FIRST]).await;
    let employer = board.join("employer", "library@example.edu").await;
    board
        .post_job(&employer, json!({"jobTitle": "Shelver"}))
        .await;
    fill(&board).await;
    set_clock(&board, "2026-11-29T08:00:00Z");
    has(&bucket, &[FIRST, SECOND]).await;
    until("the metric has the time of the newest", async || {
        metric(&board).await == Some((at("2026-11-29T08:00:00Z").as_millis() / 1000).to_string())
    })
    .await;
    assert_eq!(state(&board).await, ("ok".into(), false));
    let data = board.stop().await;
    assert_tidy(&bucket, data.path());
    let mode = data.path().join("outgoing").metadata().unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o700);
    let parts = bucket.state().requests.clone();
    assert_eq!(parts.iter().filter(|kind| **kind == "part").count(), 3);

    // The next start finds them.
    let board = start_again(data, &bucket, "2026-11-29T09:00:00Z");
    until("it has seen the last one", async || {
        metric(&board).await == Some((at("2026-11-29T08:00:00Z").as_millis() / 1000).to_string())
    })
    .await;
    let data = board.stop().await;
    assert_eq!(bucket.names(), [FIRST, SECOND]);

    let site = Site::new();
    let file = site.file(&bucket.state().objects[SECOND]);
    let restored = tempfile::tempdir().unwrap();
    done(&corkboard(restored.path(), &["restore", &file]));
    assert_sound(restored.path());
    // What was not changed since the backup is equal.
    let (before, saved) = (site.path("before.backup"), rows(Path::new(&file)));
    done(&corkboard(
        data.path(),
        &["backup", before.to_str().unwrap()],
    ));
    let before = rows(&before);
    let is_large = |(_, (_, value)): &(&Vec<u8>, &(u64, Vec<u8>))| value.len() > 1000;
    let large = before.iter().filter(is_large).count();
    assert!(large > 70, "{large} chunks of files");
    for (key, row) in before.iter().filter(is_large) {
        assert!(saved.get(key) == Some(row));
    }
    let board = Board::start_in(restored, Clock::System, |_| {});
    let found = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(found["items"][0]["jobTitle"], "Shelver");
    board.stop().await;
}

#[actix_web::test]
async fn old_ones_are_deleted_and_other_objects_are_not() {
    let bucket = Bucket::start();
    let others = [
        "boards/library/corkboard-2026-11-29.backup",
        "boards/library/corkboard-notes.txt",
        "boards/library/more/corkboard-2026-11-01T080000Z.backup",
        "boards/physics/corkboard-2026-11-01T080000Z.backup",
        "corkboard-2026-11-01T080000Z.backup",
    ];
    for day in 1..=7 {
        let name = format!("{PREFIX}corkboard-2026-11-0{day}T080000Z.backup");
        bucket.state().objects.insert(name, Vec::new());
    }
    let encrypted = format!("{PREFIX}corkboard-2026-11-28T080000Z.backup.age");
    for name in others.into_iter().chain([&*encrypted]) {
        bucket.state().objects.insert(name.into(), Vec::new());
    }
    let board = start(&bucket, "2026-11-29T08:00:00Z");
    let mut wanted = [&others[..], &[&encrypted, SECOND]].concat();
    wanted.sort_unstable();
    has(&bucket, &wanted).await;
    set_clock(&board, "2026-11-30T08:00:00Z");
    let mut wanted = [&others[..], &[SECOND, THIRD]].concat();
    wanted.sort_unstable();
    has(&bucket, &wanted).await;
    assert_tidy(&bucket, board.stop().await.path());
}

#[actix_web::test]
async fn what_passes_is_tried_again() {
    let bucket = Bucket::start();
    let board = start(&bucket, "2026-11-29T07:00:00Z");
    has(&bucket, &[FIRST]).await;
    fill(&board).await;
    bucket.fail([
        Fault::Status("list", 500, "InternalError"),
        Fault::Status("create", 503, "SlowDown"),
        Fault::Cut("part"),
        Fault::Altered,
        Fault::Late("complete", "InternalError"),
        Fault::Unanswered("complete"),
        Fault::Status("delete", 429, ""),
    ]);
    set_clock(&board, "2026-11-29T08:00:00Z");
    has(&bucket, &[FIRST, SECOND]).await;
    set_clock(&board, "2026-11-30T08:00:00Z");
    has(&bucket, &[SECOND, THIRD]).await;
    assert_eq!(state(&board).await, ("ok".into(), false));
    let site = Site::new();
    for name in [SECOND, THIRD] {
        let file = site.file(&bucket.state().objects[name]);
        assert!(!rows(Path::new(&file)).is_empty());
    }
    assert_tidy(&bucket, board.stop().await.path());
}

#[actix_web::test]
async fn a_failure_is_reported_and_leaves_nothing() {
    let bucket = Bucket::start();
    let board = start(&bucket, "2026-11-29T07:00:00Z");
    has(&bucket, &[FIRST]).await;
    let admin = board.admin().await;
    let failures = [
        (
            "2026-11-30T08:00:00Z",
            Fault::Status("create", 403, "AccessDenied"),
            "The bucket for backups refused access.",
            "bucketRefused",
        ),
        (
            "2026-12-01T08:00:00Z",
            Fault::Status("list", 404, "NoSuchBucket"),
            "The bucket for backups does not exist.",
            "noBucket",
        ),
        (
            "2026-12-02T08:00:00Z",
            Fault::Status("part", 400, "EntityTooLarge"),
            "The bucket for backups reported an error.",
            "bucket",
        ),
        (
            "2026-12-03T08:00:00Z",
            Fault::Late("complete", "InvalidPart"),
            "The bucket for backups reported an error.",
            "bucket",
        ),
    ];
    for (day, (now, fault, words, because)) in (1..).zip(failures) {
        bucket.fail([fault]);
        set_clock(&board, now);
        until("the office is told", async || told(&board) == day).await;
        is_failing(&board).await;
        board.mail(&admin.email, words).await;
        let admin = board.login(&admin.email).await;
        let entry = audited(&board, &admin, "backupFailed").await;
        assert_eq!(entry["details"]["because"], because);
        assert_eq!(bucket.names(), [FIRST]);
        assert_tidy(&bucket, board.folder.path());
    }
    // The next try is an hour later.
    set_clock(&board, "2026-12-03T09:00:00Z");
    let last = "boards/library/corkboard-2026-12-03T090000Z.backup";
    has(&bucket, &[FIRST, last]).await;
    until("all is well", async || {
        state(&board).await == ("ok".into(), false)
    })
    .await;
    assert_tidy(&bucket, board.stop().await.path());
}

#[actix_web::test]
async fn a_bucket_out_of_reach_does_not_keep_the_board_from_running() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bucket = Bucket::start();
    bucket.address = nobody.local_addr().unwrap();
    drop(nobody);
    let board = start(&bucket, "2026-11-29T07:00:00Z");
    let admin = board.admin().await;
    board
        .mail(&admin.email, "The bucket for backups could not be reached.")
        .await;
    is_failing(&board).await;
    board.stop().await;
}

/// A server whose backups go to a bucket.
fn serve(data: &Path, bucket: &Bucket, log: &str) -> Process {
    let mut command = process::corkboard(data);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.envs(bucket.environment()).env("RUST_LOG", log);
    Process::start(&mut command)
}

#[actix_web::test]
async fn the_log_has_the_reason_and_no_secret() {
    let bucket = Bucket::start();
    let denied = Fault::Status("list", 403, "AccessDenied");
    bucket.fail([denied]);
    let site = Site::new();
    let data = site.path("data");
    process::create_board(&data);
    let server = serve(
        &data,
        &bucket,
        "info,corkboard=trace,ureq=trace,ureq_proto=trace,rustls=trace",
    );
    until("it has failed", async || {
        server.said().contains("the daily backup failed")
    })
    .await;
    let said = server.said();
    server.stop().await;
    assert!(
        said.contains("the bucket answered 403 AccessDenied: Because."),
        "{said}"
    );
    for secret in [SECRET_KEY, "X-Amz-Signature", "X-Amz-Credential"] {
        assert!(!said.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn a_stop_ends_an_upload_and_a_kill_leaves_no_bad_object() {
    let board = Board::start();
    fill(&board).await;
    let data = board.stop().await;
    let bucket = Bucket::start();
    let is_uploading = async || {
        let uploads = || {
            bucket
                .state()
                .requests
                .iter()
                .filter(|kind| **kind == "part")
                .count()
        };
        let before = uploads();
        until("the upload is under way", async || uploads() > before).await;
    };
    bucket.fail([Fault::Slow]);
    let server = serve(data.path(), &bucket, "info");
    is_uploading().await;
    let asked = std::time::Instant::now();
    server.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(10),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(bucket.names(), [""; 0]);
    assert_tidy(&bucket, data.path());

    bucket.fail([Fault::Slow]);
    let mut server = serve(data.path(), &bucket, "info");
    is_uploading().await;
    server.kill();
    assert_eq!(bucket.names(), [""; 0]);
    assert_eq!(outgoing(data.path()), 1);

    let server = serve(data.path(), &bucket, "info");
    until("the next one is there", async || bucket.names().len() == 1).await;
    until("its file is gone", async || outgoing(data.path()) == 0).await;
    server.stop().await;
    assert_eq!(bucket.state().complaints, [""; 0]);
    assert_sound(data.path());
}

#[test]
fn settings_that_cannot_work_are_refused_at_the_start() {
    let site = Site::new();
    let bucket = "bucket = \"https://s3.example.edu/jobs\"\n";
    for (settings, words) in [
        (
            format!("{bucket}folder = \"backups\"\n"),
            "[backup] has a folder and a bucket; set only one of them",
        ),
        (
            format!("{bucket}access_key = \"me\"\n"),
            "[backup] needs access_key and secret_key, because it has a bucket",
        ),
        (
            "bucket = \"http://s3.example.edu/jobs\"\n".into(),
            "http:// only on this machine",
        ),
    ] {
        std::fs::write(site.path("config.toml"), format!("[backup]\n{settings}")).unwrap();
        let data = site.path("data");
        let said = failed(&corkboard(&data, &["serve", "--listen", "127.0.0.1:0"]));
        assert!(said.contains(words), "{said}");
        assert!(!data.exists());
    }
}
