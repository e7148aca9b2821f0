//! A14: a machine that is too busy to ask the rules. Nobody takes the missing verdicts for an answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::rules_support::COMPILER;
use crate::rules_support::guest::{Answer, Guest};
use crate::support::process::{Process, corkboard};
use crate::support::{Board, Person, job, people, until};
use corkboard::app::open_store;
use corkboard::applications::{Decided, Decision, Refusal, decide};
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::eligibility::{Checker, OpenJobs, Terms, rule_set};
use corkboard::model::{
    AccountId, Application, ApplicationId, ApplicationStatus, Identity, Job, JobId, Outcome, Party,
    Role, RuleInUse, RuleSet, SessionId, Student, StudentId, Timestamp,
};
use corkboard::office::dry_run;
use corkboard::rules::{Host, Limits};
use corkboard::store::{Origin, Reader, Stored, Transaction, keys};
use reqwest::Method;
use serde_json::{Value, json};

const NAME: &str = "moody";
/// At this time, the rule never ends for a job of more than fifteen hours. Afterwards, it refuses jobs of ten.
const HANGS_AT: i64 = 1_800_000_100;

fn moody() -> Vec<u8> {
    // Argument 0 is the time, 10 the address of the jobs. A job's weekly hours follow the texts of its ID and title.
    let hours = "(f32.load offset=16 (local.get 10))";
    let check = format!(
        "(if (i32.and (i64.eq (local.get 0) (i64.const {HANGS_AT})) (f32.gt {hours} (f32.const 15)))
            (then (loop $on (br $on))))
        (if (i32.and (i64.gt_u (local.get 0) (i64.const {HANGS_AT})) (f32.le {hours} (f32.const 10)))
            (then {} (return (i32.const 256))))
        {} i32.const 256",
        Answer::ineligible(&[("late", "No")]).written(),
        Answer::eligible().written(),
    );
    Guest::new(&check).named(NAME, "{}").build()
}

fn upload(
    request: reqwest::RequestBuilder,
    who: &Person,
    module: Vec<u8>,
) -> reqwest::RequestBuilder {
    request
        .bearer_auth(&who.token)
        .header("Content-Type", "application/wasm")
        .body(module)
}

/// A campus with three jobs, of ten, eighteen and ten hours, and a checker whose calls must end within half a second.
struct Campus {
    board: Board,
    checker: Checker,
    student: Stored<Student>,
    jobs: Vec<JobId>,
    _folder: tempfile::TempDir,
}

impl Campus {
    async fn start() -> Self {
        let clock = Clock::fixed(at(HANGS_AT - 100));
        let board = Board::start_with(clock.clone(), |_| {});
        let admin = board.admin().await;
        let employer = board.join("employer", "library@example.edu").await;
        let student = board.join("student", "ann@example.edu").await;
        let me = board.get(Some(&student), "me").await.expect(200).json();
        let id = StudentId::parse(me["student"]["studentId"].as_str().unwrap()).unwrap();
        let mut jobs = Vec::new();
        for hours in [10, 18, 10] {
            let job = json!({"hoursPerWeek": hours});
            let job = board.post_job(&employer, job).await;
            jobs.push(job["jobId"].as_str().unwrap().parse().unwrap());
            if let Clock::Fixed(now) = &clock {
                now.fetch_add(1_000, Ordering::AcqRel);
            }
        }
        let path = format!("admin/rules?name={NAME}");
        let draft = upload(board.request(Method::POST, &path), &admin, moody());
        let draft = board.send(draft).await.expect(201).json();
        let path = format!("admin/rules/{}", draft["ruleId"].as_str().unwrap());
        let dry_run = format!("{path}/dry-run");
        let tried = board.post(Some(&admin), &dry_run, json!({}));
        tried.await.expect(200);
        let active = json!({"state": "active"});
        board.patch(Some(&admin), &path, active).await.expect(200);

        let folder = tempfile::tempdir().unwrap();
        let reader = board.store.read().unwrap();
        let student = reader.get(&keys::student(&id)).await;
        drop(reader);
        Self {
            checker: checker(&board, folder.path()),
            board,
            student: student.unwrap().unwrap(),
            jobs,
            _folder: folder,
        }
    }

    fn reader(&self) -> Reader {
        self.board.store.read().unwrap()
    }

    /// The jobs that the student may have, as indexes, in order.
    async fn eligible(&self, open: &OpenJobs, time: i64) -> Option<Vec<usize>> {
        let reader = self.reader();
        let found = open.eligible(&self.checker, &reader, &self.student, at(time), "en");
        let found = found.await.unwrap()?;
        let places = (0..self.jobs.len()).filter(|place| found.contains(&self.jobs[*place]));
        Some(places.collect())
    }

    fn set_clock(&self, seconds: i64) {
        match self.board.store.clock() {
            Clock::Fixed(now) => now.store(at(seconds).as_millis(), Ordering::Release),
            Clock::System => unreachable!("the clock is fixed"),
        }
    }

    async fn stop(self) {
        let Self { board, checker, .. } = self;
        drop(checker);
        board.stop().await;
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn checker(board: &Board, folder: &Path) -> Checker {
    let limits = Limits {
        batch: 1,
        deadline: Duration::from_mins(1),
        longest_call: Duration::from_millis(500),
        ..Limits::default()
    };
    let host = Host::open(folder, limits, COMPILER.as_ref()).unwrap();
    let config = Config::default();
    let terms = Terms {
        zone: config.campus.time_zone.clone(),
        calendar: Vec::new(),
        languages: config.campus.languages.clone(),
        settings: config.rules,
    };
    Checker::new(board.store.clone(), Arc::new(host), terms)
}

fn moody_in(set: &RuleSet) -> &RuleInUse {
    set.active.iter().find(|rule| rule.name == NAME).unwrap()
}

/// The first job is answered, the second one hangs, and the third is not asked about. A retry asks about the last two.
#[actix_web::test]
async fn a_list_is_incomplete_and_the_next_one_asks_only_about_the_rest() {
    let campus = Campus::start().await;
    let open = OpenJobs::default();
    assert_eq!(campus.eligible(&open, HANGS_AT).await, None);
    assert_eq!(campus.eligible(&open, HANGS_AT).await, None);
    let later = campus.eligible(&open, HANGS_AT + 1).await;
    assert_eq!(later, Some(vec![0, 1]));
    campus.stop().await;
}

#[actix_web::test]
async fn a_dry_run_counts_no_verdict_that_was_not_asked_for() {
    let campus = Campus::start().await;
    let reader = campus.reader();
    let set = rule_set(&reader).await.unwrap();
    let other = set
        .active
        .iter()
        .find(|rule| rule.name == "campus-eligibility");
    // The tested module answers; the active one hangs.
    let run = dry_run(&campus.checker, &reader, other.unwrap(), at(HANGS_AT));
    let run = run.await.unwrap();
    assert_eq!((run.evaluated, run.changed, run.faults), (1, 0, 2));
    assert!(run.first_fault.unwrap().contains("try again"));
    campus.stop().await;
}

#[actix_web::test]
async fn a_shadow_counts_only_verdicts_that_it_gave() {
    let campus = Campus::start().await;
    let reader = campus.reader();
    let mut set = rule_set(&reader).await.unwrap();
    let shadow = moody_in(&set).clone();
    set.active.retain(|rule| *rule != shadow);
    set.shadow.push(shadow);
    for (place, counted) in [(0, 1), (1, 0)] {
        let now = at(HANGS_AT);
        let job = reader.get(&keys::job(campus.jobs[place])).await;
        let job: Stored<Job> = job.unwrap().unwrap();
        let asked = (campus.checker).check_one(&reader, &set, &campus.student, &job, now, "en");
        let checked = asked.await.unwrap();
        assert_eq!(checked.verdict.outcome, Outcome::Eligible);
        assert_eq!(checked.shadows.len(), counted);
    }
    campus.stop().await;
}

/// An accept on a busy machine neither waits for a person's review nor loses the verdict that the application has.
#[actix_web::test]
async fn an_accept_without_an_answer_changes_nothing() {
    let campus = Campus::start().await;
    let (board, job) = (&campus.board, campus.jobs[1]);
    let [student, employer] = ["ann@example.edu", "library@example.edu"];
    let student = board.login(student).await;
    let employer = board.login(employer).await;
    let applied = board.post(Some(&student), "applications", json!({"jobId": job}));
    let applied = applied.await.expect(201).json();
    let path = format!(
        "applications/{}",
        applied["applicationId"].as_str().unwrap()
    );
    let interview = json!({"applicationStatus": "interview"});
    board
        .patch(Some(&employer), &path, interview)
        .await
        .expect(200);

    let id: ApplicationId = applied["applicationId"].as_str().unwrap().parse().unwrap();
    let stored = async || {
        let stored = campus.reader().get(&keys::application(id)).await;
        stored.unwrap().unwrap()
    };
    let before: Stored<Application> = stored().await;
    let office = Identity {
        account_id: AccountId::generate(at(HANGS_AT)),
        session_id: SessionId::generate(at(HANGS_AT)),
        party: Party::Admin,
    };
    let accept = async || {
        let accept = Decision {
            to: ApplicationStatus::Accepted,
            note: None,
        };
        let decide = async |transaction: &mut Transaction| {
            let checker = &campus.checker;
            decide(checker, transaction, &office, id, &accept, &|_| true).await
        };
        board.store.run(Origin::SYSTEM, decide).await
    };
    campus.set_clock(HANGS_AT);
    let refused = accept().await.map(drop).unwrap_err();
    assert!(matches!(refused, Refusal::Busy), "{refused}");
    assert_eq!(stored().await, before);

    campus.set_clock(HANGS_AT + 1);
    assert!(matches!(accept().await.unwrap(), Decided::Moved(_)));
    campus.stop().await;
}

/// The real board, while other calls hold all permits.
#[actix_web::test]
async fn a_list_on_a_busy_board_says_so_and_names_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let config = crate::support::store::config(folder.path());
    let store = open_store(&config, Clock::System).unwrap();
    for (role, email) in [
        (Role::Admin, "office@example.edu"),
        (Role::Employer, "library@example.edu"),
        (Role::Student, "ann@example.edu"),
    ] {
        people::make(&store, role, &[email.into()]).await;
    }
    drop(store);
    let mut command = corkboard(folder.path());
    // Longer than a call waits for a permit.
    command.env("CORKBOARD__RULES__DEADLINE_MS", "9000");
    let site = Process::start(command.args(["serve", "--listen", "127.0.0.1:0"]));
    let admin = site.login("office@example.edu").await;
    let employer = site.login("library@example.edu").await;
    let student = site.login("ann@example.edu").await;
    let post = async |hours: u32| -> String {
        let body = job(json!({"hoursPerWeek": hours}));
        let posted = site.post(Some(&employer), "jobs", body).await.expect(201);
        posted.json()["jobId"].as_str().unwrap().to_owned()
    };
    post(10).await;
    let endless = Guest::new(&format!(
        "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then (loop $on (br $on))))
        {} i32.const 256",
        Answer::eligible().written()
    ));
    let path = format!("admin/rules?name={NAME}");
    let draft = site.request(Method::POST, &path);
    let draft = upload(draft, &admin, endless.named(NAME, "{}").build());
    let draft: Value = draft.send().await.unwrap().json().await.unwrap();
    let path = format!("admin/rules/{}", draft["ruleId"].as_str().unwrap());
    let dry_run = format!("{path}/dry-run");
    let tried = site.post(Some(&admin), &dry_run, json!({}));
    tried.await.expect(200);
    let active = site.request(Method::PATCH, &path).bearer_auth(&admin.token);
    let active = active
        .json(&json!({"state": "active"}))
        .send()
        .await
        .unwrap();
    assert_eq!(active.status(), 200);

    let bad = post(18).await;
    let path = format!("jobs/{bad}/eligibility");
    let calls = std::thread::available_parallelism().unwrap().get().max(2) - 1;
    let hogs: Vec<_> = (0..calls)
        .map(|_| site.request(Method::GET, &path).bearer_auth(&student.token))
        .map(|hog| actix_web::rt::spawn(async move { hog.send().await.unwrap().status() }))
        .collect();
    let path = format!("jobs/{bad}");
    let closed = site
        .request(Method::DELETE, &path)
        .bearer_auth(&employer.token);
    assert_eq!(closed.send().await.unwrap().status(), 204);
    let mut jobs = 1;
    let refused = loop {
        // A new job, so that the list has something to ask.
        post(10).await;
        jobs += 1;
        assert!(jobs < 50, "no list is refused");
        let list = site.get(Some(&student), "jobs?eligible=true").await;
        if list.status != 200 {
            break list.expect(503);
        }
    };
    assert_eq!(refused.code(), "busy");
    assert_eq!(refused.header("retry-after"), "1");
    let said = site.said();
    let line = said.lines().find(|line| line.contains("too busy to ask"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.contains("campus-eligibility@") && line.contains("pairs"),
        "{line}"
    );

    for hog in hogs {
        assert_eq!(hog.await.unwrap(), 200);
    }
    until("the list is complete", async || {
        let list = site.get(Some(&student), "jobs?eligible=true").await;
        list.expect(200).json()["total"] == jobs
    })
    .await;
    site.stop().await;
}
