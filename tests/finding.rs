//! Finding jobs as students do: skills by any name, filters and facets, completions, similar postings, recommendations.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::{Board, Person};
use corkboard::app;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::Email;
use corkboard::office::{Import, Kind, Options};
use corkboard::store::{Origin, Store, wait};
use serde_json::{Value, json};

/// Waits until a search finds the expected number.
async fn found(board: &Board, path: &str, total: usize) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let page = board.get(None, path).await.expect(200).json();
        if page["total"] == total {
            return page;
        }
        assert!(Instant::now() < deadline, "{path}: {} found", page["total"]);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn titles(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["jobTitle"].as_str().unwrap())
        .collect()
}

async fn post(board: &Board, employer: &Person, title: &str, text: &str, skills: &[&str]) -> Value {
    let job = json!({"jobTitle": title, "jobDescription": text, "skillsRequired": skills});
    board.post_job(employer, job).await
}

#[actix_web::test]
async fn a_skill_is_found_by_any_name() {
    let board = Board::start_with(Clock::System, |config| {
        let own = ("Sierra ILS".to_owned(), vec!["sierra".to_owned()]);
        config.skills.aliases = [own].into();
    });
    let employer = board.join("employer", "it@example.edu").await;
    let skills = ["js", "MS Excel", "sierra", "Dewey system", "javascript"];
    let posted = post(&board, &employer, "Web aide", "Pages.", &skills).await;
    let canonical = json!([
        "JavaScript",
        "Microsoft Excel",
        "Sierra ILS",
        "Dewey system"
    ]);
    assert_eq!(posted["skillsRequired"], canonical);
    let id = posted["jobId"].as_str().unwrap();
    let change = json!({"skillsRequired": ["c sharp", "excel"]});
    let changed = board
        .patch(Some(&employer), &format!("jobs/{id}"), change)
        .await
        .expect(200)
        .json();
    assert_eq!(changed["skillsRequired"], json!(["C#", "Microsoft Excel"]));
    for path in [
        "jobs?skill=excel",
        "jobs?skill=C%23&skill=ms+excel",
        "jobs?q=csharp",
        "jobs?q=skill:excel+pay:%3E15",
        "jobs?q=excel+-library",
    ] {
        let page = found(&board, path, 1).await;
        assert_eq!(titles(&page), ["Web aide"], "{path}");
    }
    let page = found(&board, "jobs?q=aide", 1).await;
    for (facet, value) in [
        ("skills", "C#"),
        ("setting", "onCampus"),
        ("pay", "15-18"),
        ("hours", "5-10"),
        ("workStudy", "false"),
    ] {
        assert_eq!(page["facets"][facet][0]["value"], value, "{facet}");
        assert_eq!(page["facets"][facet][0]["count"], 1, "{facet}");
    }
    let suggested = board.get(None, "jobs/suggest?q=excell").await.expect(200);
    let first = &suggested.json()["items"][0];
    assert_eq!(*first, json!({"text": "Microsoft Excel", "kind": "skill"}));

    let student = board.join("student", "ann@example.edu").await;
    let change = json!({"skills": ["espanol", "juggling"]});
    let me = board
        .patch(Some(&student), "me", change)
        .await
        .expect(200)
        .json();
    assert_eq!(me["student"]["skills"], json!(["Spanish", "juggling"]));
    board.stop().await;
}

#[actix_web::test]
async fn every_hit_has_a_snippet() {
    let board = Board::start();
    let employer = board.join("employer", "it@example.edu").await;
    let job = json!({"jobTitle": "Desk clerk", "jobDescription": "Greets <all> & sundry.", "skillsRequired": ["Excel"],
        "workSpace": "Rotunda", "location": "Annex"});
    board.post_job(&employer, job).await;
    let head = "Greets &lt;all&gt; &amp; sundry.";
    for (q, snippet) in [
        ("greets", "<mark>Greets</mark> &lt;all&gt; &amp; sundry."),
        ("desk", "<mark>Desk</mark> clerk"),
        ("excel", head),
        ("rotunda", head),
        ("annex", head),
        ("employer", head),
    ] {
        let page = found(&board, &format!("jobs?q={q}"), 1).await;
        assert_eq!(page["items"][0]["snippet"], snippet, "{q}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn similar_postings_are_of_the_same_kind() {
    let board = Board::start();
    let employer = board.join("employer", "it@example.edu").await;
    let web = "Builds web pages, tests web pages, mends web pages.";
    let one = post(&board, &employer, "Web developer", web, &["JavaScript"]).await;
    post(&board, &employer, "Web developer II", web, &["JavaScript"]).await;
    post(&board, &employer, "Page builder", "Pages.", &["js"]).await;
    post(
        &board,
        &employer,
        "Barista",
        "Makes coffee.",
        &["latte art"],
    )
    .await;
    found(&board, "jobs?q=barista", 1).await;
    let id = one["jobId"].as_str().unwrap();
    let page = board.get(None, &format!("jobs/{id}/similar")).await;
    let page = page.expect(200).json();
    assert_eq!(titles(&page), ["Web developer II", "Page builder"]);
    assert_eq!(page["nextCursor"], Value::Null);
    let page = board.get(None, &format!("jobs/{id}/similar?limit=1")).await;
    assert_eq!(titles(&page.expect(200).json()), ["Web developer II"]);
    board.get(None, "jobs/none/similar").await.expect(404);
    let wrong = board.get(None, &format!("jobs/{id}/similar?q=x")).await;
    assert_eq!(wrong.expect(422).fields(), ["q"]);
    let draft = json!({"jobTitle": "Secret", "jobStatus": "draft"});
    let draft = board.post_job(&employer, draft).await;
    let draft = format!("jobs/{}/similar", draft["jobId"].as_str().unwrap());
    board.get(None, &draft).await.expect(404);
    board.get(Some(&employer), &draft).await.expect(200);
    board.stop().await;
}

#[actix_web::test]
async fn recommendations_have_a_reason() {
    let board = Board::start();
    let employer = board.join("employer", "it@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let path = "jobs/recommended";
    board.get(None, path).await.expect(401);
    board.get(Some(&employer), path).await.expect(403);
    let desk = post(
        &board,
        &employer,
        "Desk clerk",
        "Greets.",
        &["Spanish", "Excel"],
    )
    .await;
    post(&board, &employer, "Night desk", "Sits up.", &["patience"]).await;
    post(
        &board,
        &employer,
        "Barista",
        "Makes coffee.",
        &["latte art"],
    )
    .await;
    found(&board, "jobs?q=barista", 1).await;
    let nothing = board.get(Some(&student), path).await.expect(200).json();
    assert_eq!(nothing["items"], json!([]));

    let change = json!({"skills": ["espanol", "ms excel"]});
    board.patch(Some(&student), "me", change).await.expect(200);
    let page = board.get(Some(&student), path).await.expect(200).json();
    assert_eq!(titles(&page), ["Desk clerk"]);
    let why = "Asks for Spanish and Microsoft Excel, both in your profile.";
    assert_eq!(page["items"][0]["why"], why);

    let body = json!({"jobId": desk["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    let page = board.get(Some(&student), path).await.expect(200).json();
    assert_eq!(titles(&page), ["Night desk"]);
    let why = "Is like Desk clerk, which you applied for.";
    assert_eq!(page["items"][0]["why"], why);
    board.stop().await;
}

/// Enough for an index backlog of more than a second in a debug build.
const IMPORTED: usize = 3_000;

/// The store of a server that has just stopped, once it is released.
async fn opened(config: &Config) -> Store {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match app::open_store(config, Clock::System) {
            Ok(store) => return store,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn imported() -> String {
    let mut csv = String::from(
        "externalId,jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,skillsRequired\n",
    );
    for number in 0..IMPORTED {
        let text =
            "Sorts letters and parcels and answers questions and keeps the shelves in order. "
                .repeat(2);
        writeln!(
            csv,
            "M{number},Mailroom clerk {number},{text},15,10,2099-01-31,Excel"
        )
        .unwrap();
    }
    csv
}

#[actix_web::test]
async fn a_posting_does_not_wait_behind_an_import() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let first = post(&board, &employer, "Reader", "Reads.", &[]).await;
    found(&board, "jobs?q=reader", 1).await;
    let folder = board.stop().await;

    let config = crate::support::store::config(folder.path());
    let store = opened(&config).await;
    let import = move || {
        let import = Import {
            store: &store,
            campus: &config.campus(),
            origin: Origin::OPERATOR,
            kind: Kind::Jobs,
            options: Options {
                strict: true,
                owner: Some(Email::parse("library@example.edu").unwrap()),
                ..Options::default()
            },
        };
        let csv = imported();
        wait(import.run(csv.as_bytes(), |row| panic!("{row:?}"))).unwrap()
    };
    let report = actix_web::rt::task::spawn_blocking(import).await.unwrap();
    assert_eq!(report.created, IMPORTED as u64);

    let board = Board::start_in(folder, Clock::System, |_| {});
    let waiting = Instant::now();
    post(&board, &employer, "Harpist", "Plays.", &[]).await;
    let id = first["jobId"].as_str().unwrap();
    board
        .delete(Some(&employer), &format!("jobs/{id}"))
        .await
        .expect(204);
    found(&board, "jobs?q=harpist", 1).await;
    let gone = found(&board, "jobs?q=reader&sort=pay", 0).await;
    assert!(titles(&gone).is_empty());
    println!("found after {:?}", waiting.elapsed());
    let behind = board.get(None, "jobs?q=mailroom").await.expect(200).json();
    assert!(
        behind["total"].as_u64().unwrap() < IMPORTED as u64,
        "the import was through before the posting"
    );
    found(&board, "jobs?q=mailroom", IMPORTED).await;
    board.stop().await;
}
