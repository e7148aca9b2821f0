//! Campus rules from outside: what a student is told, what an accept counts, and the states of a module.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use crate::rules_support::edition;
use crate::rules_support::guest::{Answer, Guest};
use crate::support::process::Process;
use crate::support::{self, Board, Person, Reply, people, until};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::{Role, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

const MAIL: &[u8] = include_bytes!("../rules/campus-notification/campus-notification.wasm");
const CAMPUS: &[u8] = include_bytes!("../rules/campus-eligibility/campus-eligibility.wasm");

/// A person in each role, and a posting with this many hours.
struct Campus {
    board: Board,
    admin: Person,
    employer: Person,
    student: Person,
}

impl Campus {
    async fn start() -> Self {
        Self::start_at(Clock::System).await
    }

    async fn start_at(clock: Clock) -> Self {
        let board = Board::start_with(clock, |_| {});
        let admin = board.admin().await;
        let employer = board.join("employer", "library@example.edu").await;
        let student = board.join("student", "ann@example.edu").await;
        Self {
            board,
            admin,
            employer,
            student,
        }
    }

    async fn job(&self, hours: u32) -> String {
        let change = json!({"hoursPerWeek": hours, "positions": 5});
        let job = self.board.post_job(&self.employer, change).await;
        job["jobId"].as_str().unwrap().to_owned()
    }

    async fn apply(&self, job: &str) -> Reply {
        let body = json!({"jobId": job});
        self.board
            .post(Some(&self.student), "applications", body)
            .await
    }

    async fn application(&self, job: &str) -> String {
        let filed = self.apply(job).await.expect(201).json();
        filed["applicationId"].as_str().unwrap().to_owned()
    }

    async fn accept(&self, application: &str) -> Reply {
        let body = json!({"applicationStatus": "accepted"});
        let path = format!("applications/{application}");
        self.board.patch(Some(&self.employer), &path, body).await
    }

    async fn verdict(&self, job: &str) -> Value {
        let path = format!("jobs/{job}/eligibility");
        self.board
            .get(Some(&self.student), &path)
            .await
            .expect(200)
            .json()
    }

    async fn upload(&self, name: &str, bytes: Vec<u8>) -> Reply {
        let path = format!("admin/rules?name={name}");
        let request = self
            .board
            .request(Method::POST, &path)
            .bearer_auth(&self.admin.token)
            .header("Content-Type", "application/wasm")
            .body(bytes);
        self.board.send(request).await
    }

    async fn change(&self, rule: &str, body: Value) -> Reply {
        let path = format!("admin/rules/{rule}");
        self.board.patch(Some(&self.admin), &path, body).await
    }

    async fn dry_run(&self, rule: &str) -> Value {
        let path = format!("admin/rules/{rule}/dry-run");
        self.board
            .post(Some(&self.admin), &path, json!({}))
            .await
            .expect(200)
            .json()
    }

    async fn rules(&self) -> Vec<Value> {
        let page = self.board.get(Some(&self.admin), "admin/rules").await;
        page.expect(200).json()["items"].as_array().unwrap().clone()
    }

    async fn rule(&self, id: &str) -> Value {
        let path = format!("admin/rules/{id}");
        self.board
            .get(Some(&self.admin), &path)
            .await
            .expect(200)
            .json()
    }
}

fn id(reply: &Value) -> String {
    reply["ruleId"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_student_sees_the_verdict_before_applying_and_is_refused() {
    let campus = Campus::start().await;
    let built_in = campus.rules().await;
    let mut names: Vec<_> = built_in
        .iter()
        .map(|rule| {
            (
                rule["name"].as_str().unwrap(),
                rule["state"].as_str().unwrap(),
            )
        })
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ("campus-eligibility", "active"),
            ("campus-notification", "active")
        ]
    );

    let (short, long) = (campus.job(10).await, campus.job(25).await);
    assert_eq!(campus.verdict(&short).await["outcome"], "eligible");
    let refused = campus.verdict(&long).await;
    assert_eq!(refused["outcome"], "ineligible");
    let reason = &refused["reasons"][0];
    let message = reason["message"].as_str().unwrap();
    assert!(
        message.contains("20") && message.contains("25"),
        "{message}"
    );
    assert!(
        reason["rule"]
            .as_str()
            .unwrap()
            .starts_with("campus-eligibility@")
    );
    assert!(reason["remedy"].is_string() && reason["code"].is_string());

    let answer = campus.apply(&long).await.expect(422).json();
    assert_eq!(answer["code"], "ineligible");
    assert_eq!(answer["reasons"], refused["reasons"]);
    let filed = campus.apply(&short).await.expect(201).json();
    assert_eq!(filed["eligibility"]["outcome"], "eligible");

    let board = &campus.board;
    let path = format!("jobs/{long}/eligibility");
    board.get(None, &path).await.expect(401);
    board.get(Some(&campus.employer), &path).await.expect(403);
    board.get(None, "jobs?eligible=true").await.expect(403);
    support::until("both jobs are findable", async || {
        let all = board.get(None, "jobs?sort=pay").await.json();
        all["total"] == 2
    })
    .await;
    for query in [
        "jobs?eligible=true",
        "jobs?eligible=true&sort=pay&q=library",
    ] {
        let fit = board
            .get(Some(&campus.student), query)
            .await
            .expect(200)
            .json();
        assert_eq!(fit["total"], 1, "{query}");
        assert_eq!(fit["items"][0]["jobId"], short.as_str(), "{query}");
        assert_eq!(fit["facets"]["setting"][0]["count"], 1, "{query}");
    }
    let spanish = json!({"preferences": {"language": "es"}});
    board
        .patch(Some(&campus.student), "me", spanish)
        .await
        .expect(200);
    let told = campus.verdict(&long).await["reasons"][0]["message"].clone();
    assert!(told.as_str().unwrap().contains("horas"), "{told}");
    campus.board.stop().await;
}

#[actix_web::test]
async fn hours_of_all_jobs_count_when_two_accept_at_once() {
    let mut campus = Campus::start().await;
    for round in 0..3 {
        let email = format!("racer{round}@example.edu");
        campus.student = campus.board.join("student", &email).await;
        let first = campus.application(&campus.job(12).await).await;
        campus.accept(&first).await.expect(200);
        let second = campus.application(&campus.job(8).await).await;
        let third = campus.application(&campus.job(8).await).await;
        let (one, two) = tokio::join!(campus.accept(&second), campus.accept(&third));
        let (won, lost) = if one.status == 200 {
            (one, two)
        } else {
            (two, one)
        };
        won.expect(200);
        let lost = lost.expect(409).json();
        assert_eq!(lost["code"], "not_eligible");
        assert!(
            lost.get("reasons").is_none(),
            "an employer learns no reason: {lost}"
        );
        let me = campus.board.get(Some(&campus.student), "me").await.json();
        assert_eq!(me["student"]["weeklyHours"], 20.0);
    }
    // D5: a refused accept is in the audit, without the reasons.
    let audit = campus
        .board
        .get(Some(&campus.admin), "admin/audit?limit=100")
        .await
        .json();
    let tried: Vec<&Value> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["action"] == "acceptRefused")
        .collect();
    assert_eq!(tried.len(), 3);
    assert_eq!(tried[0]["actor"]["email"], "library@example.edu");
    let mut named: Vec<&String> = tried[0]["details"].as_object().unwrap().keys().collect();
    named.sort();
    assert_eq!(named, ["applicationId", "jobId", "studentId"]);
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_module_goes_from_draft_to_active_and_back_in_one_step() {
    let campus = Campus::start().await;
    let job = campus.job(10).await;
    campus.application(&job).await;
    let first = campus.activate("strict", edition(CAMPUS, 1)).await;
    let second = edition(CAMPUS, 2);
    let uploaded = campus.upload("strict", second.clone()).await.expect(201);
    let draft = uploaded.json();
    let strict = id(&draft);
    assert_eq!(
        uploaded.header("location"),
        format!("/api/v1/admin/rules/{strict}")
    );
    assert_eq!(
        (&draft["state"], &draft["kind"], draft["sizeBytes"].as_u64()),
        (
            &json!("draft"),
            &json!("eligibility"),
            Some(second.len() as u64)
        )
    );
    assert_eq!(draft["digest"].as_str().unwrap().len(), 64);
    assert!(draft["parameterSchema"]["properties"]["weeklyHoursInTerm"].is_object());

    let wrong = json!({"parameters": {"weeklyHoursInTerm": "many", "colour": 1}});
    let mut named = campus.change(&strict, wrong).await.expect(422).fields();
    named.sort();
    assert_eq!(named, ["parameters.colour", "parameters.weeklyHoursInTerm"]);
    let five = json!({"parameters": {"weeklyHoursInTerm": 5}});
    let set = campus.change(&strict, five).await.expect(200).json();
    assert_eq!(set["parameters"], json!({"weeklyHoursInTerm": 5}));

    let early = campus
        .change(&strict, json!({"state": "active"}))
        .await
        .expect(409);
    assert_eq!(early.code(), "dry_run_first");
    let seen = campus.dry_run(&strict).await;
    assert_eq!(
        (seen["evaluated"].as_u64(), seen["changed"].as_u64()),
        (Some(1), Some(1))
    );
    let sample = &seen["samples"][0];
    assert_eq!(
        (&sample["before"], &sample["after"], &sample["jobId"]),
        (&json!("eligible"), &json!("ineligible"), &json!(job))
    );
    assert!(sample["applicationId"].is_string() && seen["took"].is_u64());
    assert_eq!(
        campus.verdict(&job).await["outcome"],
        "eligible",
        "nothing has changed yet"
    );

    campus
        .change(&strict, json!({"state": "shadow"}))
        .await
        .expect(200);
    let beside = campus.job(9).await;
    campus.application(&beside).await;
    assert_eq!(
        campus.rule(&strict).await["shadow"],
        json!({"evaluated": 1, "changed": 1})
    );

    campus
        .change(&strict, json!({"state": "active"}))
        .await
        .expect(200);
    assert_eq!(campus.verdict(&job).await["outcome"], "ineligible");
    assert_eq!(campus.rule(&first).await["state"], "retired");
    campus
        .change(&first, json!({"state": "active"}))
        .await
        .expect(200);
    assert_eq!(campus.verdict(&job).await["outcome"], "eligible");
    assert_eq!(campus.rule(&strict).await["state"], "retired");
    let odd = campus
        .change(&first, json!({"state": "sleeping"}))
        .await
        .expect(422);
    assert_eq!(odd.fields(), ["state"]);
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_module_that_fails_gives_review_and_the_office_one_mail() {
    let campus = Campus::start().await;
    let schema =
        r#"{"type":"object","properties":{"limit":{"type":"number"}},"required":["limit"]}"#;
    let broken = Guest::answering(Answer::declined("the moon is full"))
        .named("broken", schema)
        .build();
    let rule = id(&campus.upload("broken", broken).await.expect(201).json());
    campus
        .change(&rule, json!({"parameters": {"limit": 1}}))
        .await
        .expect(200);
    for state in ["shadow", "active"] {
        campus
            .change(&rule, json!({"state": state}))
            .await
            .expect(200);
    }

    let job = campus.job(10).await;
    assert_eq!(campus.verdict(&job).await["outcome"], "review");
    let filed = campus.apply(&job).await.expect(201).json();
    assert_eq!(filed["eligibility"]["outcome"], "review");
    let application = filed["applicationId"].as_str().unwrap();
    let waits = campus.accept(application).await.expect(409);
    assert_eq!(waits.code(), "review_pending");
    let board = &campus.board;
    board
        .mail("office@example.edu", "Rule broken 0.1.0 is failing")
        .await;
    assert!(
        campus.rule(&rule).await["failing"]["message"]
            .as_str()
            .unwrap()
            .contains("the moon is full")
    );
    let ready = board.get(None, "/readyz").await.expect(200).json();
    assert_eq!(ready["rules"], json!({"state": "failing", "failing": 1}));

    let path = format!("admin/applications/{application}/eligibility");
    let bare = json!({"outcome": "eligible", "reason": " "});
    let refused = board
        .patch(Some(&campus.admin), &path, bare)
        .await
        .expect(422);
    assert_eq!(refused.fields(), ["reason"]);
    let word = json!({"outcome": "eligible", "reason": "I have looked at it."});
    board
        .patch(Some(&campus.employer), &path, word.clone())
        .await
        .expect(403);
    let stale = board
        .request(Method::PATCH, &path)
        .bearer_auth(&campus.admin.token);
    let stale = stale.header("if-match", "\"7\"").json(&word);
    board.send(stale).await.expect(412);
    let seen = board
        .patch(Some(&campus.admin), &path, word)
        .await
        .expect(200)
        .json();
    assert_eq!(seen["eligibility"]["outcome"], "eligible");
    assert_eq!(
        seen["eligibility"]["override"]["reason"],
        "I have looked at it."
    );
    campus.accept(application).await.expect(200);
    let audit = board
        .get(Some(&campus.admin), "admin/audit?limit=100")
        .await
        .json();
    let told = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["action"] == "eligibilityOverridden")
        .unwrap()
        .clone();
    assert_eq!(told["actor"]["email"], "office@example.edu");
    assert_eq!(told["reason"], "I have looked at it.");

    let other = campus.job(10).await;
    campus.apply(&other).await.expect(201);
    board.mail("ann@example.edu", "you got the job").await;
    let told = board
        .mails()
        .iter()
        .filter(|mail| mail.contains("Subject: Rule broken"))
        .count();
    assert_eq!(told, 1, "once, and not once a call");
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_file_that_is_not_a_rule_is_refused_with_a_reason() {
    let campus = Campus::start().await;
    for (bytes, word) in [
        (b"GIF89a".to_vec(), "not a WebAssembly file"),
        (b"\0asm\x01\0\0\0".to_vec(), "core WebAssembly module"),
        (Vec::new(), "empty"),
        (
            CAMPUS[..CAMPUS.len() / 2].to_vec(),
            "not a valid WebAssembly component",
        ),
    ] {
        let refused = campus.upload("odd", bytes).await.expect(422);
        assert_eq!(refused.code(), "invalid_module");
        assert!(refused.text.contains(word), "{}", refused.text);
    }
    let huge = vec![0; 4 * 1024 * 1024 + 1];
    campus.upload("odd", huge).await.expect(413);
    let named = campus
        .upload("No%20Name", edition(CAMPUS, 1))
        .await
        .expect(422);
    assert_eq!(named.fields(), ["name"]);
    let request = campus
        .board
        .request(Method::POST, "admin/rules")
        .bearer_auth(&campus.admin.token)
        .json(&json!({}));
    campus.board.send(request).await.expect(415);
    assert_eq!(campus.rules().await.len(), 2, "nothing was kept");
    campus.board.stop().await;
}

impl Campus {
    /// Uploads a module and makes it active after a time in shadow: a dry run shows nothing without jobs, and faults
    /// for a failing module.
    async fn activate(&self, name: &str, bytes: Vec<u8>) -> String {
        let rule = id(&self.upload(name, bytes).await.expect(201).json());
        for state in ["shadow", "active"] {
            self.change(&rule, json!({"state": state}))
                .await
                .expect(200);
        }
        rule
    }

    /// Reads the list of jobs repeatedly while something else runs, and returns how often. Every answer must be good.
    async fn serves_while<T>(&self, work: impl Future<Output = T>) -> (T, u32) {
        let done = Cell::new(false);
        let work = async {
            let outcome = work.await;
            done.set(true);
            outcome
        };
        let reads = async {
            let mut count = 0;
            while !done.get() {
                self.board.get(None, "jobs").await.expect(200);
                count += 1;
            }
            count
        };
        tokio::join!(work, reads)
    }
}

#[actix_web::test]
async fn a_module_that_never_ends_is_refused_while_the_board_goes_on() {
    let campus = Campus::start().await;
    campus.job(10).await;
    let endless = "(loop $on (br $on)) unreachable";
    let asked = Guest::new(endless).build();
    let described = Guest::answering(Answer::eligible())
        .describing(endless)
        .build();
    let uploads = async {
        for round in 0..6 {
            let bytes = if round % 2 == 0 { &asked } else { &described };
            let refused = campus.upload("endless", bytes.clone()).await.expect(422);
            assert_eq!(refused.code(), "invalid_module");
            assert!(
                refused.text.contains("took longer than 50 ms"),
                "{}",
                refused.text
            );
        }
    };
    let ((), reads) = campus.serves_while(uploads).await;
    assert!(reads >= 6, "{reads} reads beside six uploads");
    assert_eq!(campus.rules().await.len(), 2, "nothing was kept");
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_module_that_hangs_on_a_job_gives_review_for_that_job_only() {
    let campus = Campus::start().await;
    // Argument 10 is the address of the jobs. A job's weekly hours follow the texts of its ID and title.
    let hang = "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then (loop $on (br $on))))";
    let check = format!("{hang} {} i32.const 256", Answer::eligible().written());
    let module = Guest::new(&check).named("moody", "{}").build();
    let rule = campus.activate("moody", module).await;
    let (short, long) = (campus.job(10).await, campus.job(18).await);
    let listed = async || {
        let list = campus
            .board
            .get(Some(&campus.student), "jobs?eligible=true");
        let list = list.await.expect(200).json();
        let ids = list["items"].as_array().unwrap().iter();
        ids.map(|job| job["jobId"].clone()).collect::<Vec<_>>() == [json!(short)]
    };
    until("the other job is listed", listed).await;
    let asked = async {
        for _ in 0..5 {
            assert_eq!(campus.verdict(&long).await["outcome"], "review");
            assert_eq!(campus.verdict(&short).await["outcome"], "eligible");
        }
    };
    let ((), reads) = campus.serves_while(asked).await;
    assert!(reads >= 5, "{reads} reads beside five endless verdicts");
    let filed = campus.apply(&long).await.expect(201).json();
    assert_eq!(filed["eligibility"]["outcome"], "review");
    let waits = campus
        .accept(filed["applicationId"].as_str().unwrap())
        .await
        .expect(409);
    assert_eq!(waits.code(), "review_pending");
    let told = campus
        .board
        .mail("office@example.edu", "Rule moody 0.1.0 is failing")
        .await;
    assert!(told.contains("50 ms"), "{told}");
    assert_eq!(campus.rule(&rule).await["state"], "active");
    campus.board.stop().await;
}

#[actix_web::test]
async fn the_offices_parameters_override_the_configured_ones() {
    let mut campus = Campus::start().await;
    let job = campus.job(10).await;
    assert_eq!(campus.verdict(&job).await["outcome"], "eligible");
    let rules = campus.rules().await;
    let rule = rules.iter().find(|rule| rule["kind"] == "eligibility");
    let rule = id(rule.unwrap());

    let most = |hours: Value| {
        move |config: &mut Config| {
            let Value::Object(parameters) = json!({"weeklyHoursInTerm": hours}) else {
                unreachable!("it is an object")
            };
            let all = &mut config.rules.parameters;
            all.insert("campus-eligibility".into(), parameters);
        }
    };
    let folder = campus.board.stop().await;
    campus.board = Board::start_in(folder, Clock::System, most(json!(5)));
    assert_eq!(campus.verdict(&job).await["outcome"], "ineligible");
    for (own, outcome) in [(json!(15), "eligible"), (Value::Null, "ineligible")] {
        let own = json!({"parameters": {"weeklyHoursInTerm": own}});
        campus.change(&rule, own).await.expect(200);
        assert_eq!(campus.verdict(&job).await["outcome"], outcome);
    }
    let folder = campus.board.stop().await;
    let mut config = crate::support::store::config(folder.path());
    config.server.listen = ([127, 0, 0, 1], 0).into();
    most(json!("many"))(&mut config);
    let refused = corkboard::app::start(config, Clock::System).await.err();
    let said = refused.expect("it does not start").to_string();
    assert!(
        said.contains("[rules.parameters.campus-eligibility]")
            && said.contains("weeklyHoursInTerm"),
        "{said}"
    );
}

#[actix_web::test]
async fn a_retired_draft_still_needs_a_dry_run() {
    let campus = Campus::start().await;
    let module = Guest::answering(Answer::eligible())
        .named("new", "{}")
        .build();
    let rule = id(&campus.upload("new", module).await.expect(201).json());
    let to = async |state: &str| campus.change(&rule, json!({"state": state})).await;
    to("retired").await.expect(200);
    assert_eq!(to("active").await.expect(409).code(), "dry_run_first");
    to("shadow").await.expect(200);
    to("retired").await.expect(200);
    to("active").await.expect(200);
    to("retired").await.expect(200);
    to("active").await.expect(200);

    let path = format!("admin/rules/{rule}");
    let seen = campus
        .board
        .get(Some(&campus.admin), &path)
        .await
        .expect(200);
    let known = campus
        .board
        .request(Method::GET, &path)
        .bearer_auth(&campus.admin.token);
    let known = known.header("if-none-match", seen.header("etag"));
    campus.board.send(known).await.expect(304);
    let mut listed = Vec::new();
    let mut next = "admin/rules?limit=2".to_owned();
    loop {
        let page = campus
            .board
            .get(Some(&campus.admin), &next)
            .await
            .expect(200)
            .json();
        listed.extend(page["items"].as_array().unwrap().iter().map(id));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        next = format!("admin/rules?limit=2&cursor={cursor}");
    }
    let all: Vec<_> = campus.rules().await.iter().map(id).collect();
    assert_eq!((listed.len(), &listed), (3, &all));
    campus.board.stop().await;
}

/// A12: a dry run that evaluated nothing, or had only faults, does not count.
#[actix_web::test]
async fn a_dry_run_that_shows_nothing_does_not_count() {
    let campus = Campus::start().await;
    let active = json!({"state": "active"});
    let honest = Guest::answering(Answer::eligible()).named("honest", "{}");
    let honest = id(&campus
        .upload("honest", honest.build())
        .await
        .expect(201)
        .json());
    let seen = campus.dry_run(&honest).await;
    assert_eq!(
        (&seen["evaluated"], &seen["faults"]),
        (&json!(0), &json!(0))
    );
    let early = campus.change(&honest, active.clone()).await.expect(409);
    assert_eq!(early.code(), "dry_run_first");

    // Fails for each job of more than fifteen hours per week.
    let hang =
        "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then unreachable))";
    let check = format!("{hang} {} i32.const 256", Answer::eligible().written());
    let moody = Guest::new(&check).named("moody", "{}").build();
    let moody = id(&campus.upload("moody", moody).await.expect(201).json());
    // No applications: all students are checked with all open jobs.
    campus.board.join("student", "bob@example.edu").await;
    for hours in [8, 9, 18] {
        campus.job(hours).await;
    }
    let seen = campus.dry_run(&moody).await;
    assert_eq!(
        (&seen["evaluated"], &seen["changed"], &seen["faults"]),
        (&json!(4), &json!(0), &json!(2)),
        "{seen}"
    );
    let told = seen["firstFault"].as_str().unwrap();
    assert!(told.contains("the rule crashed"), "{told}");
    assert!(seen["took"].is_u64());
    let early = campus.change(&moody, active.clone()).await.expect(409);
    assert_eq!(early.code(), "dry_run_first");

    let seen = campus.dry_run(&honest).await;
    assert_eq!(
        (&seen["evaluated"], &seen["faults"]),
        (&json!(6), &json!(0))
    );
    campus.change(&honest, active).await.expect(200);
    campus.board.stop().await;
}

/// A13, D12: a module has a unique name, a file can be uploaded once, and a refused one leaves nothing.
#[actix_web::test]
async fn an_upload_has_a_unique_name_and_is_stored_once_or_not_at_all() {
    let campus = Campus::start().await;
    let folder = campus.board.folder.path().join("rules");
    let files = || std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files(), 2, "the built-in rules");
    let disguised = edition(CAMPUS, 1);
    for name in ["campus-eligibility", "campus-notification"] {
        let refused = campus.upload(name, disguised.clone()).await.expect(422);
        assert_eq!(refused.fields(), ["name"]);
    }
    let unnamed = campus
        .board
        .request(Method::POST, "admin/rules")
        .bearer_auth(&campus.admin.token)
        .header("Content-Type", "application/wasm")
        .body(disguised.clone());
    let refused = campus.board.send(unnamed).await.expect(422);
    assert_eq!(refused.fields(), ["name"]);
    let traps = Guest::new("unreachable").build();
    campus.upload("traps", traps).await.expect(422);
    assert_eq!((files(), campus.rules().await.len()), (2, 2));

    let draft = campus
        .upload("own", disguised.clone())
        .await
        .expect(201)
        .json();
    let rule = id(&draft);
    assert_eq!(draft["uploadedBy"]["email"], "office@example.edu");
    let again = campus.upload("other", disguised.clone()).await.expect(409);
    assert_eq!(again.code(), "already_uploaded");
    assert!(again.text.contains(&rule), "{}", again.text);
    let built_in = campus.upload("other", CAMPUS.to_vec()).await.expect(409);
    assert_eq!(built_in.code(), "already_uploaded");
    let twin = edition(CAMPUS, 2);
    let (one, two) = tokio::join!(
        campus.upload("twin", twin.clone()),
        campus.upload("twin", twin.clone())
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!((files(), campus.rules().await.len()), (4, 4));
    for listed in campus.rules().await {
        assert_eq!(listed["digest"].as_str().unwrap().len(), 64);
        assert!(listed["uploadedAt"].is_string());
        let built_in = listed["name"].as_str().unwrap().starts_with("campus-");
        assert_eq!(listed["uploadedBy"].is_null(), built_in, "{listed}");
    }
    campus.board.stop().await;
}

/// D12: a draft or a retired rule can be deleted completely.
#[actix_web::test]
async fn a_rule_that_is_not_in_use_can_be_deleted() {
    let campus = Campus::start().await;
    let job = campus.job(10).await;
    let module = Guest::answering(Answer::eligible())
        .named("own", "{}")
        .build();
    let rule = campus.activate("own", module.clone()).await;
    campus.verdict(&job).await;
    let path = format!("admin/rules/{rule}");
    let board = &campus.board;
    let delete = async || board.delete(Some(&campus.admin), &path).await;
    assert_eq!(delete().await.expect(409).code(), "rule_in_use");
    let retired = json!({"state": "retired"});
    campus.change(&rule, retired.clone()).await.expect(200);
    let stale = board
        .request(Method::DELETE, &path)
        .bearer_auth(&campus.admin.token)
        .header("if-match", "\"99\"");
    board.send(stale).await.expect(412);
    delete().await.expect(204);
    delete().await.expect(404);
    let files = std::fs::read_dir(board.folder.path().join("rules")).unwrap();
    assert_eq!(files.count(), 2, "its compiled code is gone");
    assert_eq!(campus.rules().await.len(), 2);
    let audit = board.get(Some(&campus.admin), "admin/audit").await.json();
    assert_eq!(audit["items"][0]["action"], "ruleDeleted");
    // It can be uploaded again.
    campus.upload("own", module).await.expect(201);

    let built_in = campus.rules().await;
    let built_in = built_in
        .iter()
        .find(|rule| rule["name"] == "campus-eligibility");
    let built_in = id(built_in.unwrap());
    campus.change(&built_in, retired).await.expect(200);
    let path = format!("admin/rules/{built_in}");
    let refused = board.delete(Some(&campus.admin), &path).await.expect(409);
    assert_eq!(refused.code(), "rule_ships");
    let folder = campus.board.stop().await;
    let config = crate::support::store::config(folder.path());
    let reader = corkboard::app::read_only_store(&config).unwrap();
    let checked = corkboard::store::check(&reader, &mut |wrong| panic!("{wrong}")).await;
    assert_eq!(checked.unwrap().wrong, 0);
}

/// D12: many small changes cannot add up to a large record.
#[actix_web::test]
async fn the_size_of_parameters_is_limited() {
    let campus = Campus::start().await;
    let list = r#"{"type":"array","items":{"type":"string"}}"#;
    let names = (0..60).map(|number| format!("\"p{number}\":{list}"));
    let schema = format!(
        "{{\"type\":\"object\",\"properties\":{{{}}}}}",
        names.collect::<Vec<_>>().join(",")
    );
    let module = Guest::answering(Answer::eligible())
        .named("wide", &schema)
        .build();
    let rule = id(&campus.upload("wide", module).await.expect(201).json());
    let mut refused = None;
    for number in 0..60 {
        let mut parameters = serde_json::Map::new();
        parameters.insert(format!("p{number}"), json!(vec!["x".repeat(1_000); 10]));
        let reply = campus
            .change(&rule, json!({"parameters": parameters}))
            .await;
        if reply.status == 422 {
            refused = Some((number, reply));
            break;
        }
        reply.expect(200);
    }
    let (number, reply) = refused.expect("there is an end to it");
    assert_eq!(number, 6, "64 KiB together");
    assert_eq!(reply.fields(), ["parameters"]);
    campus.board.stop().await;
}

/// A14: a module that keeps failing is skipped for a while, and then called again.
#[actix_web::test]
async fn a_module_that_keeps_failing_is_skipped_and_comes_back() {
    let start = 1_800_000_000;
    let clock = Clock::fixed(Timestamp::from_millis(start * 1000));
    let campus = Campus::start_at(clock.clone()).await;
    // Never ends, for half a minute after the first second. Argument 0 is the time.
    let hang = format!(
        "(if (i64.lt_u (i64.sub (local.get 0) (i64.const {})) (i64.const 30)) (then (loop $on (br $on))))",
        start + 1
    );
    let check = format!("{hang} {} i32.const 256", Answer::eligible().written());
    let module = Guest::new(&check).named("moody", "{}").build();
    let rule = campus.activate("moody", module).await;
    let job = campus.job(10).await;
    let pass = |seconds: i64| {
        if let Clock::Fixed(at) = &clock {
            at.fetch_add(seconds * 1_000, Ordering::AcqRel);
        }
    };
    assert_eq!(campus.verdict(&job).await["outcome"], "eligible");
    pass(1);
    for _ in 0..5 {
        let verdict = campus.verdict(&job).await;
        assert_eq!(verdict["outcome"], "review");
        assert_eq!(verdict["reasons"][0]["code"], "rule-out-of-time");
    }
    let verdict = campus.verdict(&job).await;
    assert_eq!(verdict["outcome"], "review");
    assert_eq!(verdict["reasons"][0]["code"], "rule-set-aside");
    let board = &campus.board;
    until("it is noted", async || {
        let ready = board.get(None, "/readyz").await.expect(200).json();
        ready["rules"]["state"] == "failing"
    })
    .await;
    assert!(campus.rule(&rule).await["failing"]["message"].is_string());
    pass(59);
    let verdict = campus.verdict(&job).await;
    assert_eq!(verdict["reasons"][0]["code"], "rule-set-aside");
    pass(1);
    assert_eq!(campus.verdict(&job).await["outcome"], "eligible");
    assert_eq!(campus.verdict(&job).await["outcome"], "eligible");
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_jobs_own_hours_do_not_count_against_it() {
    let campus = Campus::start().await;
    let job = campus.job(12).await;
    let application = campus.application(&job).await;
    campus.accept(&application).await.expect(200);
    let verdict = campus.verdict(&job).await;
    assert_eq!(verdict["outcome"], "eligible", "{verdict}");
    let other = campus.job(12).await;
    assert_eq!(campus.verdict(&other).await["outcome"], "ineligible");
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_brief_failure_does_not_stay_in_lists() {
    let start = 1_800_000_000;
    let clock = Clock::fixed(Timestamp::from_millis(start * 1000));
    let campus = Campus::start_at(clock.clone()).await;
    // Argument 0 is the time.
    let give_up = format!("(if (i64.eq (local.get 0) (i64.const {start})) (then unreachable))");
    let check = format!("{give_up} {} i32.const 256", Answer::eligible().written());
    let module = Guest::new(&check).named("moody", "{}").build();
    campus.activate("moody", module).await;
    campus.job(10).await;
    let listed = async |query: &str| {
        let list = campus.board.get(Some(&campus.student), query);
        list.await.expect(200).json()["total"] == 1
    };
    until("it is found", async || listed("jobs?minPay=1").await).await;
    assert!(!listed("jobs?eligible=true").await);
    if let Clock::Fixed(at) = &clock {
        at.fetch_add(1_000, Ordering::AcqRel);
    }
    assert!(listed("jobs?eligible=true").await);
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_module_that_failed_before_a_restart_recovers_after_an_hour() {
    let start = Timestamp::from_millis(1_800_000_000_000);
    let clock = Clock::fixed(start);
    let mut campus = Campus::start_at(clock.clone()).await;
    let give_up =
        "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then unreachable))";
    let check = format!("{give_up} {} i32.const 256", Answer::eligible().written());
    let module = Guest::new(&check).named("moody", "{}").build();
    let rule = campus.activate("moody", module).await;
    let (short, long) = (campus.job(10).await, campus.job(18).await);
    assert_eq!(campus.verdict(&long).await["outcome"], "review");
    let state = async |board: &Board| {
        let ready = board.get(None, "/readyz").await.expect(200).json();
        ready["rules"]["state"].as_str().unwrap().to_owned()
    };
    until("it is noted", async || {
        state(&campus.board).await == "failing"
    })
    .await;

    let folder = campus.board.stop().await;
    campus.board = Board::start_in(folder, clock.clone(), |_| {});
    // The board records failures separately from its first answers.
    let well = async || {
        assert_eq!(campus.verdict(&short).await["outcome"], "eligible");
        state(&campus.board).await == "ok"
    };
    assert!(!well().await);
    if let Clock::Fixed(at) = &clock {
        at.fetch_add(14 * 60_000, Ordering::AcqRel);
    }
    assert!(!well().await, "a quarter of an hour is not enough");
    if let Clock::Fixed(at) = &clock {
        at.fetch_add(50 * 60_000, Ordering::AcqRel);
    }
    campus.student = campus.board.login("ann@example.edu").await;
    campus.admin = campus.board.login("office@example.edu").await;
    let well = async || {
        assert_eq!(campus.verdict(&short).await["outcome"], "eligible");
        state(&campus.board).await == "ok"
    };
    until("it is well again", well).await;
    assert_eq!(campus.rule(&rule).await["failing"], Value::Null);
    campus.board.stop().await;
}

#[actix_web::test]
async fn a_dry_run_shows_which_mails_a_rule_would_change() {
    let campus = Campus::start().await;
    for _ in 0..4 {
        campus.job(10).await;
    }
    // Only one notification rule is active, and the tested one replaces it.
    let built_in = campus.rules().await;
    let built_in = built_in.iter().find(|rule| rule["kind"] == "notification");
    let built_in = id(built_in.unwrap());
    campus.activate("mail", edition(MAIL, 1)).await;
    let retired = json!({"state": "retired"});
    campus.change(&built_in, retired).await.expect(200);
    let rule = id(&campus
        .upload("mail", edition(MAIL, 2))
        .await
        .expect(201)
        .json());
    let same = campus.dry_run(&rule).await;
    assert_eq!(
        (&same["evaluated"], &same["changed"]),
        (&json!(4), &json!(0))
    );

    // The student has none of the required skills, which is why the module's default parameters hold mail back.
    let open = json!({"skillMatch": false, "quietFrom": 0, "quietUntil": 0, "mailsADay": 3});
    campus
        .change(&rule, json!({"parameters": open}))
        .await
        .expect(200);
    let run = campus.dry_run(&rule).await;
    assert_eq!((&run["evaluated"], &run["changed"]), (&json!(4), &json!(4)));
    let told: Vec<_> = run["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| {
            assert_eq!(sample["before"], "suppress");
            assert_eq!(sample["applicationId"], Value::Null);
            sample["after"].as_str().unwrap()
        })
        .collect();
    assert_eq!(
        told,
        ["now", "now", "now", "digest"],
        "the fourth of a day waits"
    );
    campus.board.stop().await;
}

#[actix_web::test]
async fn no_verdict_is_lost_while_versions_are_swapped() {
    const SWAPS: usize = 20;
    let campus = Campus::start().await;
    let job = campus.job(10).await;
    let module = |release: &str| {
        Guest::answering(Answer::ineligible(&[("closed", "not today")]))
            .named("swapped", "{}")
            .released(release)
            .build()
    };
    let old = campus.activate("swapped", module("0.1.0")).await;
    let new = campus.activate("swapped", module("0.2.0")).await;
    let by = |verdict: Value| {
        let reasons = verdict["reasons"].as_array().unwrap().clone();
        assert_eq!(reasons.len(), 1, "one version decides: {verdict}");
        reasons[0]["rule"].as_str().unwrap().to_owned()
    };
    let done = Cell::new(false);
    let ask = async || {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        while !done.get() {
            seen.insert(by(campus.verdict(&job).await));
            count += 1;
        }
        (seen, count)
    };
    let swap = async {
        for round in 0..SWAPS {
            let (to, named) = if round % 2 == 0 {
                (&old, "swapped@0.1.0")
            } else {
                (&new, "swapped@0.2.0")
            };
            campus
                .change(to, json!({"state": "active"}))
                .await
                .expect(200);
            assert_eq!(by(campus.verdict(&job).await), named, "at once");
        }
        done.set(true);
    };
    let ((), one, two, three, four) = tokio::join!(swap, ask(), ask(), ask(), ask());
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for (by, asked) in [one, two, three, four] {
        seen.extend(by);
        count += asked;
    }
    let both = ["swapped@0.1.0", "swapped@0.2.0"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(both));
    assert!(count >= SWAPS, "{count} verdicts beside {SWAPS} swaps");
    campus.board.stop().await;
}

/// One megabyte, the unit in which uploads are sent.
const MEGABYTE: usize = 1 << 20;
const UPLOAD: usize = 200 * MEGABYTE;

/// The peak memory of a process, in bytes.
fn most_memory(site: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.id())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = most.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<usize>().unwrap() * 1024
}

/// Sends a module of 200 MB until there is an answer, and returns the answer's first line.
fn send_much(address: &str, token: &str, chunked: bool) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let length = if chunked {
        "Transfer-Encoding: chunked".into()
    } else {
        format!("Content-Length: {UPLOAD}")
    };
    let head = format!(
        "POST /api/v1/admin/rules?name=huge HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/wasm\r\n{length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut ears = socket.try_clone().unwrap();
    let answer = std::thread::spawn(move || {
        let mut heard = Vec::new();
        let mut piece = [0; 1024];
        while !heard.contains(&b'\n') {
            let count = ears.read(&mut piece).unwrap();
            assert!(count > 0, "no answer came");
            heard.extend_from_slice(&piece[..count]);
        }
        let text = String::from_utf8_lossy(&heard).into_owned();
        text.lines().next().unwrap().to_owned()
    });
    let mut piece = Vec::new();
    if chunked {
        write!(piece, "{MEGABYTE:x}\r\n").unwrap();
    }
    piece.resize(piece.len() + MEGABYTE, 0);
    if chunked {
        piece.extend_from_slice(b"\r\n");
    }
    for _ in 0..UPLOAD / MEGABYTE {
        // The board closes the connection after a refusal.
        if socket.write_all(&piece).is_err() {
            break;
        }
    }
    answer.join().unwrap()
}

#[actix_web::test]
async fn a_huge_upload_is_refused_without_holding_it_in_memory() {
    let data = tempfile::tempdir().unwrap();
    let config = crate::support::store::config(data.path());
    let store = open_store(&config, Clock::System).unwrap();
    people::make(&store, Role::Admin, &["office@example.edu".into()]).await;
    drop(store);
    let site = Process::serve(data.path());
    let office = site.login("office@example.edu").await;
    let rules = async || {
        let page = site.get(Some(&office), "admin/rules").await;
        page.expect(200).json()["items"].as_array().unwrap().len()
    };
    assert_eq!(rules().await, 2);
    let address = site.url.strip_prefix("http://").unwrap().to_owned();
    let before = most_memory(&site);
    for chunked in [false, true] {
        let (address, token) = (address.clone(), office.token.clone());
        let sent = tokio::task::spawn_blocking(move || send_much(&address, &token, chunked));
        let answer = sent.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        site.get(None, "jobs").await.expect(200);
    }
    let grown = most_memory(&site) - before;
    assert!(grown < 20 * MEGABYTE, "{grown} bytes more than before");
    assert_eq!(rules().await, 2, "nothing was kept");
    site.stop().await;
}
