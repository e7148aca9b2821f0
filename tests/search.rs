//! Searching the running board: new jobs are found soon (`benches/freshness.rs` says how soon), closed ones disappear
//! at once, a damaged index is rebuilt, and no query is an error.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Board, Person, people};
use corkboard::clock::Clock;
use corkboard::model::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// Longest wait for anything.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// Enough that a rebuild takes a while.
const MANY: usize = 1_200;

async fn employer(board: &Board) -> Person {
    let email = "library@example.edu".to_owned();
    people::make(&board.store, Role::Employer, std::slice::from_ref(&email)).await;
    board.login(&email).await
}

fn query(parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters).finish()
}

async fn find(board: &Board, parameters: &[(&str, &str)]) -> Value {
    let path = format!("jobs?{}", query(parameters));
    board.get(None, &path).await.expect(200).json()
}

fn ids(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().unwrap().iter();
    items.map(|job| job["jobId"].as_str().unwrap()).collect()
}

fn count_of(found: &Value, facet: &str, value: &str) -> u64 {
    let counts = found["facets"][facet].as_array().unwrap();
    let count = counts.iter().find(|count| count["value"] == value);
    count.map_or(0, |count| count["count"].as_u64().unwrap())
}

/// Asks until the answer is as expected. Fails when the time is over.
async fn until(
    board: &Board,
    parameters: &[(&str, &str)],
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let start = Instant::now();
    loop {
        let asked = start.elapsed();
        let found = find(board, parameters).await;
        if wanted(&found) {
            return found;
        }
        assert!(
            asked < MAX_WAIT,
            "{parameters:?} after {asked:?}: {found:#}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Imports many postings of one employer.
async fn import_many(board: &Board) {
    let admin = board.admin().await;
    let mut csv = String::from(
        "jobTitle,jobDescription,jobPayRate,skillsRequired,hoursPerWeek,deadline,externalId\n",
    );
    for number in 0..MANY {
        let skill = ["filing", "Rust", "French"][number % 3];
        writeln!(
            csv,
            "Clerk {number},Files papers.,15,{skill},10,2099-01-31,x{number}"
        )
        .unwrap();
    }
    let path = "admin/import/jobs?owner=library@example.edu";
    let request = board.request(Method::POST, path).bearer_auth(&admin.token);
    let report = board.send(request.body(csv)).await.expect(200).json();
    assert_eq!(report["created"], MANY, "{report}");
}

#[actix_web::test]
async fn a_posting_is_found_and_a_closed_one_is_never_shown() {
    let board = Board::start();
    let employer = employer(&board).await;
    import_many(&board).await;
    let clerks = [("q", "clerk"), ("limit", "1")];
    until(&board, &clerks, |found| found["total"] == MANY).await;

    for number in 0..3 {
        let word = format!("lighthouse{number}");
        let body =
            json!({"jobTitle": format!("Keeper of {word}"), "skillsRequired": ["Rust", "Morse"]});
        let job = board.post_job(&employer, body).await;
        let id = job["jobId"].as_str().unwrap();
        // The plain list does not wait for the index.
        assert_eq!(ids(&find(&board, &[]).await)[0], id);
        let asked = [("q", word.as_str()), ("skill", "morse"), ("skill", "rust")];
        let found = until(&board, &asked, |found| found["total"] == 1).await;
        assert_eq!(ids(&found), [id]);
        for (facet, value) in [
            ("skills", "Rust"),
            ("skills", "Morse"),
            ("setting", "onCampus"),
        ] {
            assert_eq!(count_of(&found, facet, value), 1, "{found:#}");
        }
        assert!(found["items"][0].to_string().contains("<mark>"));

        board
            .delete(Some(&employer), &format!("jobs/{id}"))
            .await
            .expect(204);
        assert!(ids(&find(&board, &asked).await).is_empty());
        assert!(!ids(&find(&board, &[]).await).contains(&id));
        let found = until(&board, &asked, |found| found["total"] == 0).await;
        assert_eq!(count_of(&found, "skills", "Morse"), 0);
        // Reopened, it is found again; renamed, it is found only by the new name.
        let path = format!("jobs/{id}");
        let open = json!({"jobStatus": "open", "jobTitle": format!("Warden of tower{number}")});
        board.patch(Some(&employer), &path, open).await.expect(200);
        let tower = format!("tower{number}");
        until(&board, &[("q", &tower)], |found| ids(found) == [id]).await;
        board.delete(Some(&employer), &path).await.expect(204);
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_skill_filter_counts_what_is_left_and_its_own_facet_without_it() {
    let board = Board::start();
    employer(&board).await;
    import_many(&board).await;
    let third = MANY as u64 / 3;
    let asked = [("skill", "RUST"), ("limit", "5")];
    let found = until(&board, &asked, |found| found["total"] == third).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 5);
    // src/http/README.md: a facet is counted under all filters but its own.
    assert_eq!(count_of(&found, "skills", "French"), third);
    assert_eq!(count_of(&found, "skills", "Rust"), third);
    assert_eq!(count_of(&found, "setting", "onCampus"), third);
    let none = find(&board, &[("skill", "Rust"), ("skill", "French")]).await;
    assert_eq!(none["total"], 0);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut asked = vec![("skill", "Rust"), ("limit", "100")];
        if !cursor.is_empty() {
            asked.push(("cursor", &cursor));
        }
        let page = find(&board, &asked).await;
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len() as u64, third);
    board.stop().await;
}

/// The files of an index that is not in use, without the locks.
fn files(index: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(index)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|kind| kind != "lock"))
        .collect();
    files.sort();
    assert!(files.len() > 5, "{files:?}");
    files
}

/// Removes a folder or file also while the server creates or removes some in it.
fn remove(path: &Path) {
    loop {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
        match removed.map_err(|error| error.kind()) {
            Ok(()) | Err(ErrorKind::NotFound) => return,
            Err(ErrorKind::DirectoryNotEmpty) => {}
            Err(kind) => panic!("{kind}: {}", path.display()),
        }
    }
}

fn lost(index: &Path) {
    remove(index);
}

fn cut(index: &Path) {
    for path in files(index) {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        let size = file.metadata().unwrap().len();
        file.set_len(size / 2).unwrap();
    }
}

fn garbled(index: &Path) {
    for path in files(index) {
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(path, b"\xff\x00{garbage\n".repeat(size / 11 + 1)).unwrap();
    }
}

/// Only the terms; the rest is intact.
fn one_file_gone(index: &Path) {
    let terms = files(index)
        .into_iter()
        .find(|path| path.extension().is_some_and(|kind| kind == "term"));
    remove(&terms.unwrap());
}

fn of_another_schema(index: &Path) {
    let path = index.join("meta.json");
    let mut meta: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = meta["schema"].as_array_mut().unwrap();
    let name = format!("old_{}", fields[0]["name"].as_str().unwrap());
    fields[0]["name"] = name.into();
    std::fs::write(path, meta.to_string()).unwrap();
}

#[actix_web::test]
async fn a_lost_or_damaged_index_is_rebuilt_while_the_board_serves() {
    let mut board = Board::start();
    employer(&board).await;
    import_many(&board).await;
    for damage in [lost, cut, garbled, one_file_gone, of_another_schema] {
        let all = [("q", "clerk"), ("skill", "rust")];
        until(&board, &all, |found| found["total"] == MANY / 3).await;
        let folder = board.stop().await;
        damage(&folder.path().join("index"));

        board = Board::start_in(folder, Clock::System, |_| {});
        let listed = find(&board, &[]).await;
        assert_eq!(ids(&listed).len(), 20, "the list waits for the index");
        find(&board, &all).await;
        // Ready, since reads work. While the index is behind, readiness says so.
        let ready = board.get(None, "/readyz").await.expect(200).json();
        let behind = ready["index"]["state"] == "catching up";
        let told = if behind { json!(["index"]) } else { json!([]) };
        assert_eq!(ready["degraded"], told);
        // A job posted meanwhile is not lost.
        let keeper = board.login("library@example.edu").await;
        let job = board
            .post_job(&keeper, json!({"jobTitle": "Beekeeper"}))
            .await;
        let id = job["jobId"].as_str().unwrap();
        until(&board, &[("q", "beekeeper")], |found| ids(found) == [id]).await;
        let found = until(&board, &all, |found| found["total"] == MANY / 3).await;
        assert_eq!(count_of(&found, "skills", "Rust"), MANY as u64 / 3);
        board.get(None, "/readyz").await.expect(200);
        board
            .delete(Some(&keeper), &format!("jobs/{id}"))
            .await
            .expect(204);
    }
    board.stop().await;
}

/// D7: deleting the index's files under a running server loses nothing.
#[actix_web::test]
async fn an_index_deleted_under_the_server_is_rebuilt() {
    let board = Board::start();
    let keeper = employer(&board).await;
    import_many(&board).await;
    let all = [("q", "clerk"), ("skill", "rust")];
    until(&board, &all, |found| found["total"] == MANY / 3).await;
    let folder = board.folder.path().join("index");
    let takes: [fn(&Path); 3] = [
        lost,
        |folder| files(folder).iter().for_each(|file| remove(file)),
        one_file_gone,
    ];
    for (round, take) in takes.into_iter().enumerate() {
        crate::support::until("the index has all its files", async || {
            let files = std::fs::read_dir(&folder);
            files.is_ok_and(|files| files.count() > 7)
                && board.get(None, "/readyz").await.json()["index"]["state"] == "ok"
        })
        .await;
        take(&folder);
        let found = find(&board, &all).await;
        assert_eq!(
            found["total"],
            MANY / 3,
            "what was found is found meanwhile"
        );
        let title = format!("Beekeeper {round}");
        let job = board.post_job(&keeper, json!({"jobTitle": title})).await;
        let id = job["jobId"].as_str().unwrap();
        until(&board, &[("q", title.as_str())], |found| {
            ids(found).contains(&id)
        })
        .await;
        until(&board, &all, |found| found["total"] == MANY / 3).await;
    }
    // Also without a new posting.
    remove(&folder);
    crate::support::until("the index is there again", async || {
        folder.join("meta.json").exists()
            && board.get(None, "/readyz").await.json()["index"]["state"] == "ok"
    })
    .await;
    let board = Board::start_in(board.stop().await, Clock::System, |_| {});
    until(&board, &all, |found| found["total"] == MANY / 3).await;
    board.stop().await;
}

/// One per line. `no_query_is_an_error` adds inputs that do not fit in a line.
const TYPED: &str = r#""
""
"unfinished phrase
'
(
)(
[1 TO
{a TO *}
AND
OR NOT
NOT
AND OR NOT
a AND
title:clerk
nofield:clerk
:
a:b:c
id:*
*
?
clerk~
clerk~99
clerk^9999999999
^
+
-
+ -
--clerk
!
&&
||
\
\"
/
/re(gex/
..
…
💼
👩‍💻 📚
図書館
工作
ﷺ
%00
%
<script>
'; DROP TABLE jobs; --
{{7*7}}
${jndi:ldap://x}
null
-1
1e309
NaN
C++
C#
.NET
a
 a "#;

#[actix_web::test]
async fn no_query_is_an_error() {
    let board = Board::start();
    let employer = employer(&board).await;
    board
        .post_job(&employer, json!({"jobTitle": "図書館 Assistant (C++)"}))
        .await;
    until(&board, &[("q", "assistant")], |found| found["total"] == 1).await;
    let long = "x".repeat(4_096);
    let words = "library ".repeat(512);
    let brackets = "(".repeat(4_000);
    let odd = [
        "a\tb\nc",
        "\0",
        "\u{200b}",
        "\u{feff}",
        "\u{202e}abc",
        "e\u{301}tudiant",
    ];
    let long = [long.as_str(), &words, &brackets];
    let typed = TYPED.lines().chain(odd).chain(long);
    for q in typed {
        for more in [
            ("limit", "5"),
            ("skill", q),
            ("workSpace", q),
            ("location", q),
        ] {
            find(&board, &[("q", q), more]).await;
        }
        let suggest = format!("jobs/suggest?{}", query(&[("q", q)]));
        board.get(None, &suggest).await.expect(200);
    }
    for q in [
        "図書館",
        "c++",
        "\"assistant",
        "assistant)",
        "assistant AND",
        "ASSISTANT:",
    ] {
        let found = find(&board, &[("q", q)]).await;
        assert_eq!(found["total"], 1, "{q}");
    }
    let too_long = "x".repeat(4_097);
    let path = format!("jobs?{}", query(&[("q", &too_long)]));
    assert_eq!(board.get(None, &path).await.expect(422).fields(), ["q"]);
    board.stop().await;
}
