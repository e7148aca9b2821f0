//! A2: the real binary on a file system of 24 MiB that is filled while people post, and freed again. Where nothing can
//! be mounted, this test says so and checks nothing; `src/store/crash/trouble.rs` tests the same on disks in memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rules_support::guest::{Answer, Guest};
use crate::support::process::{Process, corkboard};
use crate::support::{PASSWORD, Person, job, people, until};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// A small file system.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]);
        let mounted = mount.arg(folder.path()).output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self(folder))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    /// Fills it to the last block.
    fn fill(&self) {
        let mut filler = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        for size in [64 * 1024, 4096] {
            while filler.write_all(&vec![b'.'; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

async fn people(data: &Path) {
    let mut config = Config::default();
    data.clone_into(&mut config.data.dir);
    let store = open_store(&config, Clock::System).unwrap();
    people::make(&store, Role::Admin, &["office@example.edu".into()]).await;
    people::make(&store, Role::Employer, &["library@example.edu".into()]).await;
    people::make(&store, Role::Student, &["ann@example.edu".into()]).await;
}

async fn ready(site: &Process) -> Value {
    site.get(None, "/readyz").await.expect(200).json()
}

/// Posts until the disk is full, and returns what was acknowledged.
async fn post_until_full(site: &Process, employer: &Person, small: &Small) -> Vec<String> {
    let mut posted = Vec::new();
    loop {
        // Takes the space that the server itself frees.
        small.fill();
        let body = job(json!({"jobTitle": format!("Beekeeper {}", posted.len())}));
        let reply = site.post(Some(employer), "jobs", body).await;
        if reply.status == 507 {
            assert_eq!(reply.code(), "disk_full", "{}", reply.text);
            assert!(reply.json()["detail"].as_str().unwrap().contains("full"));
            return posted;
        }
        posted.push(id(&reply.expect(201).json(), "jobId"));
    }
}

fn id(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}

async fn all_are_there(site: &Process, posted: &[String]) {
    for id in posted {
        site.get(None, &format!("jobs/{id}")).await.expect(200);
    }
}

/// The compiled rule cannot be saved, which is not the rule's fault.
#[actix_web::test]
async fn a_rule_is_not_refused_because_the_disk_is_full() {
    let Some(small) = Small::mount() else {
        println!("NOT TESTED: no file system can be mounted here");
        return;
    };
    let data = small.data();
    people(&data).await;
    let site = Process::serve(&data);
    let admin = site.login("office@example.edu").await;
    let module = Guest::answering(Answer::eligible()).build();
    let upload = async || -> (u16, Value) {
        let request = site.request(Method::POST, "admin/rules?name=tested");
        let request = request.bearer_auth(&admin.token);
        let request = request.header("Content-Type", "application/wasm");
        let answer = request.body(module.clone()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    small.fill();
    let (status, told) = upload().await;
    assert_eq!(
        (status, &told["code"]),
        (507, &json!("disk_full")),
        "{told}"
    );
    small.free();
    until("it is uploaded", async || upload().await.0 == 201).await;
    site.stop().await;
}

#[actix_web::test]
async fn the_board_survives_a_full_disk() {
    let Some(small) = Small::mount() else {
        println!("NOT TESTED: no file system can be mounted here");
        return;
    };
    let data = small.data();
    people(&data).await;
    let mut site = Process::serve(&data);
    let employer = site.login("library@example.edu").await;
    let student = site.login("ann@example.edu").await;

    let mut posted = post_until_full(&site, &employer, &small).await;
    assert!(!posted.is_empty());
    // Reads work, including those of the newest job, which is only in the write-ahead log.
    all_are_there(&site, &posted).await;
    site.get(Some(&student), "me").await.expect(200);
    site.get(None, "jobs?q=beekeeper").await.expect(200);
    let told = ready(&site).await;
    assert_eq!(told["store"]["state"], "disk_full");
    assert!(
        told["degraded"]
            .as_array()
            .unwrap()
            .contains(&json!("disk_full")),
        "{told}"
    );
    for (path, body) in [
        (
            "auth/login",
            json!({"email": "ann@example.edu", "password": PASSWORD}),
        ),
        ("applications", json!({"jobId": posted[0]})),
    ] {
        let reply = site.post(Some(&student), path, body).await.expect(507);
        assert_eq!(reply.code(), "disk_full", "{path}");
    }

    // With room again, everything works without a restart: writes, logins, the search index and mail.
    small.free();
    until("writes are taken", async || {
        let body = json!({"jobId": posted[0]});
        site.post(Some(&student), "applications", body).await.status == 201
    })
    .await;
    site.login("ann@example.edu").await;
    let body = job(json!({"jobTitle": "Beekeeper at last"}));
    let reply = site.post(Some(&employer), "jobs", body).await.expect(201);
    posted.push(id(&reply.json(), "jobId"));
    until("everything is found", async || {
        let found = site.get(None, "jobs?q=beekeeper").await.expect(200).json();
        found["total"] == posted.len()
    })
    .await;
    until("both sides have their mail", async || {
        std::fs::read_dir(data.join("mail/new")).unwrap().count() == 2
    })
    .await;
    until("nothing is wrong", async || {
        ready(&site).await["degraded"] == json!([])
    })
    .await;
    all_are_there(&site, &posted).await;

    // Killed while the disk is full, and started again.
    posted.extend(post_until_full(&site, &employer, &small).await);
    site.kill();
    let mut site = Process::serve(&data);
    all_are_there(&site, &posted).await;
    small.free();
    until("writes are taken after the start", async || {
        let body = job(json!({"jobTitle": "Beekeeper again"}));
        site.post(Some(&employer), "jobs", body).await.status == 201
    })
    .await;
    site.terminate();
    assert!(site.ended().await.success(), "{}", site.said());
    let checked = corkboard(&data).arg("check").output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
