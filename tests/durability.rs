//! Acknowledged means on disk: the real binary is killed during 64 concurrent applications, repeatedly on the same
//! data. What was acknowledged is there once; what was not is complete or absent; a retry shows which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::process::Process;
use crate::support::{Person, job, people, send};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::{Application, Mail, MailState, MailTemplate, Role};
use corkboard::store::keys;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Answers after which each round is killed: at once, early, in the middle, late.
const ROUNDS: [usize; 10] = [0, 1, 2, 4, 8, 12, 16, 24, 32, 48];
const STUDENTS: usize = 16;
const JOBS: usize = 4;

/// One application of a round, and its answer, if it was answered.
struct Sent {
    student: usize,
    job: String,
    key: Option<String>,
    answered: Option<String>,
}

impl Sent {
    fn answered_id(&self) -> Option<String> {
        let answer = serde_json::from_str(self.answered.as_ref()?).unwrap();
        Some(text(&answer, "applicationId"))
    }

    fn request(&self, site: &Process, students: &[Person]) -> reqwest::RequestBuilder {
        let body = json!({"jobId": self.job, "coverNote": "I have time."});
        let request = site.request(Method::POST, "applications").json(&body);
        let request = request.bearer_auth(&students[self.student].token);
        match &self.key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        }
    }
}

#[actix_web::test]
async fn acknowledged_applications_survive_ten_kills() {
    let data = tempfile::tempdir().unwrap();
    let emails: Vec<_> = (0..STUDENTS)
        .map(|number| format!("s{number}@example.edu"))
        .collect();
    {
        let mut config = Config::default();
        data.path().clone_into(&mut config.data.dir);
        let store = open_store(&config, Clock::System).unwrap();
        people::make(&store, Role::Student, &emails).await;
        people::make(&store, Role::Employer, &["library@example.edu".into()]).await;
        people::make(&store, Role::Admin, &["office@example.edu".into()]).await;
    }

    let mut site = Process::serve(data.path());
    let employer = site.login("library@example.edu").await;
    let mut students = Vec::new();
    for email in &emails {
        students.push(site.login(email).await);
    }
    let (mut known, mut torn) = (BTreeSet::new(), 0);
    for (round, kill_after) in ROUNDS.into_iter().enumerate() {
        let mut sent = post_jobs(&site, &employer, round).await;
        apply_and_kill(&mut site, &students, &mut sent, kill_after).await;
        let answered = sent.iter().filter(|one| one.answered.is_some()).count();
        assert!(answered >= kill_after);
        torn += usize::from((1..sent.len()).contains(&answered));

        // Sessions from before the crash work after it.
        site = Process::serve(data.path());
        let there = look(&site, &employer, &students, &sent).await;
        for one in &sent {
            let found = there.get(&(one.student, one.job.clone()));
            if let Some(id) = one.answered_id() {
                assert_eq!(found, Some(&id), "an answered application is lost");
            }
        }
        retry(&site, &students, &sent, &there).await;
        let there = look(&site, &employer, &students, &sent).await;
        assert_eq!(there.len(), sent.len());
        known.extend(there.into_values());
    }
    assert!(torn >= 5, "only {torn} rounds were killed in the middle");

    every_posting_is_found(&site).await;
    everybody_is_told(&site, known.len()).await;
    site.stop().await;
    everybody_is_told_once(data.path(), &known).await;
    nothing_lies_in_the_store_that_no_list_shows(data.path(), &known).await;
}

async fn post_jobs(site: &Process, employer: &Person, round: usize) -> Vec<Sent> {
    let mut sent = Vec::new();
    for number in 0..JOBS {
        let title = format!("Posting {round}-{number}");
        let body = job(json!({"jobTitle": title, "positions": STUDENTS}));
        let posted = site.post(Some(employer), "jobs", body).await.expect(201);
        let job = posted.json()["jobId"].as_str().unwrap().to_owned();
        sent.extend((0..STUDENTS).map(|student| Sent {
            student,
            job: job.clone(),
            key: (student % 2 == 0).then(|| format!("{round}-{number}-{student}")),
            answered: None,
        }));
    }
    sent
}

/// Sends all at once, and kills the server once this many were answered.
async fn apply_and_kill(
    site: &mut Process,
    students: &[Person],
    sent: &mut [Sent],
    kill_after: usize,
) {
    let (answers, enough) = (AtomicUsize::new(0), tokio::sync::Notify::new());
    if kill_after == 0 {
        enough.notify_one();
    }
    let requests: Vec<_> = sent.iter().map(|one| one.request(site, students)).collect();
    let all = join_all(requests.into_iter().map(async |request| {
        let reply = send(request).await.ok()?;
        let reply = reply.expect(201);
        if answers.fetch_add(1, Ordering::Relaxed) + 1 == kill_after {
            enough.notify_one();
        }
        Some(reply.text)
    }));
    let kill = async {
        enough.notified().await;
        site.kill();
    };
    let (answered, ()) = tokio::join!(all, kill);
    for (one, answer) in sent.iter_mut().zip(answered) {
        one.answered = answer;
    }
}

/// The stored applications of a round. Fails if two lists disagree.
async fn look(
    site: &Process,
    employer: &Person,
    students: &[Person],
    sent: &[Sent],
) -> BTreeMap<(usize, String), String> {
    let mut there = BTreeMap::new();
    for (student, person) in students.iter().enumerate() {
        for one in site.list(person, "applications").await {
            let (id, job) = (text(&one, "applicationId"), text(&one, "jobId"));
            if sent.iter().any(|sent| sent.job == job) {
                let path = format!("applications/{id}");
                let record = site.get(Some(person), &path).await.expect(200);
                assert_eq!(record.json(), one);
                let twice = there.insert((student, job), id);
                assert_eq!(twice, None, "an application is there twice");
            }
        }
    }
    let jobs: BTreeSet<&String> = sent.iter().map(|one| &one.job).collect();
    for job in jobs {
        let path = format!("jobs/{job}/applications");
        let listed = site.list(employer, &path).await;
        let listed: Vec<_> = listed
            .iter()
            .map(|one| text(one, "applicationId"))
            .collect();
        let of_students: BTreeSet<&String> = there
            .iter()
            .filter(|((_, of), _)| of == job)
            .map(|(_, id)| id)
            .collect();
        assert_eq!(listed.iter().collect::<BTreeSet<_>>(), of_students);
        assert_eq!(listed.len(), of_students.len());
        let record = site.get(Some(employer), &format!("jobs/{job}")).await;
        let count = record.expect(200).json()["applicationCount"].as_u64();
        assert_eq!(count, Some(listed.len() as u64));
    }
    there
}

/// What clients do after a broken connection. With a key, the retry gets the first answer or creates the application.
/// Without one, it is told about the existing application.
async fn retry(
    site: &Process,
    students: &[Person],
    sent: &[Sent],
    there: &BTreeMap<(usize, String), String>,
) {
    let replies = sent.iter().map(|one| send(one.request(site, students)));
    for (one, reply) in sent.iter().zip(join_all(replies).await) {
        let reply = reply.unwrap();
        let first = there.get(&(one.student, one.job.clone()));
        match (&one.key, first) {
            (Some(_), Some(first)) => {
                let reply = reply.expect(201);
                assert_eq!(text(&reply.json(), "applicationId"), *first);
                assert!(one.answered.as_ref().is_none_or(|one| *one == reply.text));
            }
            (None, Some(_)) => assert_eq!(reply.expect(409).code(), "already_applied"),
            (_, None) => drop(reply.expect(201)),
        }
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}

/// The index was killed as often as the store.
async fn every_posting_is_found(site: &Process) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let wanted = (ROUNDS.len() * JOBS) as u64;
    loop {
        let path = "jobs?q=posting&skill=spanish&limit=100";
        let found = site.get(None, path).await.expect(200).json();
        let listed = found["items"].as_array().unwrap().len() as u64;
        let counted = found["facets"]["skills"][0]["count"].as_u64();
        let numbers = (found["total"].as_u64(), counted, listed);
        if numbers == (Some(wanted), Some(wanted), wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "{numbers:?} of {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until both mails of every application are in the outbox and those that may be sent were sent. Most mails to
/// the same mailbox are held back.
async fn everybody_is_told(site: &Process, applications: usize) {
    let office = site.login("office@example.edu").await;
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let (mut noted, mut due, mut cursor) = (0, 0, String::new());
        loop {
            let path = format!("admin/outbox?limit=100{cursor}");
            let page = site.get(Some(&office), &path).await.expect(200).json();
            let now = Clock::System.now().to_string();
            for mail in page["items"].as_array().unwrap() {
                noted += 1;
                let is_waiting = mail["state"] == "waiting";
                due += usize::from(is_waiting && text(mail, "nextAttemptAt") <= now);
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if noted >= 2 * applications && due == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{noted} noted, {due} due");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Each application notified its employer and its student once, and all sent mails are complete files.
async fn everybody_is_told_once(data: &std::path::Path, known: &BTreeSet<String>) {
    let mut config = Config::default();
    data.clone_into(&mut config.data.dir);
    let store = open_store(&config, Clock::System).unwrap();
    let reader = store.read().unwrap();
    let (mut told, mut sent) = (BTreeMap::new(), 0);
    let mut walk = reader.walk(&keys::mails());
    while let Some(rows) = walk.next_keys().await.unwrap() {
        let mails = reader.get_indexed::<Mail>(&rows).await.unwrap();
        assert_eq!(mails.len(), rows.len());
        for mail in mails {
            sent += usize::from(mail.state == MailState::Sent);
            let (is_received, id) = match mail.record.template {
                MailTemplate::ApplicationReceived { application_id, .. } => (true, application_id),
                MailTemplate::ApplicationFiled { application_id, .. } => (false, application_id),
                other => panic!("{other:?}"),
            };
            *told.entry((id.to_string(), is_received)).or_insert(0) += 1;
        }
    }
    let both = |id: &String| [true, false].map(|side| ((id.clone(), side), 1));
    assert_eq!(told, known.iter().flat_map(both).collect());
    let files = std::fs::read_dir(data.join("mail/new")).unwrap();
    let files = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let whole = files.filter(|mail| mail.ends_with("--\r\n")).count();
    assert_eq!(whole, sent);
}

async fn nothing_lies_in_the_store_that_no_list_shows(
    data: &std::path::Path,
    known: &BTreeSet<String>,
) {
    let mut config = Config::default();
    data.clone_into(&mut config.data.dir);
    let store = open_store(&config, Clock::System).unwrap();
    let reader = store.read().unwrap();
    let mut found = BTreeSet::new();
    let mut walk = reader.walk(&keys::applications());
    while let Some(rows) = walk.next_keys().await.unwrap() {
        for key in rows {
            let id = keys::indexed_id::<Application>(&key).unwrap();
            assert!(found.insert(id.to_string()), "{id} twice");
        }
    }
    assert_eq!(found, *known);
}
