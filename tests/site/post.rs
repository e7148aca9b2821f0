//! The form of a posting, without a browser.

use super::Visitor;
use crate::support::Board;
use serde_json::{Value, json};

const GOOD: [(&str, &str); 7] = [
    ("jobTitle", "Barista"),
    ("jobDescription", "- Make coffee\r\n- Smile"),
    ("jobPayRate", "$17,50"),
    ("hoursPerWeek", "7,5"),
    ("positions", "2"),
    ("deadline", "2099-01-31"),
    ("setting", "offCampus"),
];

#[actix_web::test]
async fn an_employer_posts_without_javascript() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let profile = json!({"workSpace": "Main Library"});
    let kept = board.patch(Some(&employer), "me", profile).await;
    kept.expect(200);
    let mut owner = Visitor::of(&board);
    let login = owner.get("/post").await;
    assert_eq!(
        (login.status, &*login.location),
        (303, "/login?next=%2Fpost")
    );
    owner.log_in("library@example.edu").await;
    let blank = owner.get("/post").await.html;
    for text in ["data-draft=\"post\"", "Pay per hour ($)", "Save as draft"] {
        assert!(blank.contains(text), "{text}: {blank}");
    }

    // All faults at once, each at its field, with everything typed.
    let form = [
        ("jobTitle", "<b>Barista</b>"),
        ("jobPayRate", "much"),
        ("hoursPerWeek", "90"),
        ("positions", "1"),
        ("setting", "remote"),
        ("startDate", "2099-03-01"),
        ("endDate", "2099-02-01"),
        ("questions[0].prompt", " "),
        ("questions[1].prompt", "Why <i>us</i>?"),
        ("do", "post"),
    ];
    let wrong = owner.send("/post", &form).await;
    assert_eq!(wrong.status, 422);
    let fields = [
        "jobDescription",
        "jobPayRate",
        "hoursPerWeek",
        "deadline",
        "endDate",
    ];
    assert!(
        wrong.html.contains("Please fix 5 errors below."),
        "{}",
        wrong.html
    );
    for field in fields {
        assert!(
            wrong.html.contains(&format!("id=\"f-{field}-error\"")),
            "{field}"
        );
    }
    for text in [
        "Enter a number.",
        "Choose a date.",
        "value=\"much\"",
        "value=\"remote\" selected",
    ] {
        assert!(wrong.html.contains(text), "{text}: {}", wrong.html);
    }
    assert!(wrong.html.contains("&lt;b&gt;Barista") && !wrong.html.contains("<b>Barista"));
    // The empty question is gone, the other one has its place.
    assert_eq!(wrong.html.matches("class=\"question\">").count(), 1);
    assert!(wrong.html.contains("value=\"Why &lt;i&gt;us&lt;"));
    // A draft needs the same, and says so.
    let form = [("jobTitle", "Barista"), ("do", "draft")];
    assert_eq!(owner.send("/post", &form).await.status, 422);

    // One more question, up to five.
    let mut form = GOOD.to_vec();
    form.extend([("questions[0].prompt", "At 7?"), ("do", "question")]);
    let more = owner.send("/post", &form).await;
    assert_eq!(more.status, 200);
    assert_eq!(more.html.matches("class=\"question\">").count(), 2);
    assert!(more.html.contains("value=\"$17,50\"") && more.html.contains("#questions\""));
    let names = ["0", "1", "2", "3", "4"].map(|row| format!("questions[{row}].prompt"));
    let mut five = GOOD.to_vec();
    five.extend(names.iter().map(|name| (name.as_str(), "Why?")));
    five.push(("do", "question"));
    let full = owner.send("/post", &five).await;
    assert_eq!(full.html.matches("class=\"question\">").count(), 5);
    assert!(!full.html.contains("Add a question"));

    form.pop();
    form.extend([
        ("questions[0].required", "true"),
        ("workStudyRequired", "true"),
    ]);
    let posted = owner.send("/post", &form).await;
    assert_eq!(
        (posted.status, &*posted.location),
        (303, "/postings?status=open"),
        "{}",
        posted.html
    );
    let told = owner.get("/postings?status=open").await.html;
    assert!(told.contains("Barista is open."), "{told}");
    assert!(told.contains("data-draft-done=\"post\""));
    let job = only(&board.get(Some(&employer), "jobs").await.expect(200).json());
    assert_eq!(job["jobPayRate"], 17.5);
    assert_eq!(job["hoursPerWeek"], 7.5);
    assert_eq!(
        job["workSpace"], "Main Library",
        "left empty, it is the employer's"
    );
    assert_eq!(job["jobDescription"], "- Make coffee\n- Smile");
    assert_eq!(job["setting"], "offCampus");
    assert_eq!(job["workStudyRequired"], true);
    assert_eq!(job["questions"][0]["prompt"], "At 7?");
    assert_eq!(job["questions"][0]["required"], true);

    // A copy has everything but the dates.
    let copy = format!("/post?copy={}", job["jobId"].as_str().unwrap());
    let copied = owner.get(&copy).await.html;
    for text in [
        "value=\"Barista\"",
        "value=\"17.50\"",
        "value=\"At 7?\"",
        "data-draft=\"copy.",
    ] {
        assert!(copied.contains(text), "{text}: {copied}");
    }
    assert!(!copied.contains("2099-") && !copied.contains("questionId"));
    let mut form = GOOD.to_vec();
    form.push(("do", "draft"));
    let draft = owner.send(&copy, &form).await;
    assert_eq!(
        (draft.status, &*draft.location),
        (303, "/postings?status=draft")
    );

    // Only an own posting can be copied, and only employers post here.
    board.join("employer", "cafe@example.edu").await;
    board.admin().await;
    let mut other = Visitor::of(&board);
    other.log_in("cafe@example.edu").await;
    assert_eq!(other.get(&copy).await.status, 404);
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    let sent_on = office.get("/post").await;
    assert_eq!((sent_on.status, &*sent_on.location), (303, "/office"));
    assert_eq!(office.send("/post", &form).await.status, 403);
    board.stop().await;
}

fn only(page: &Value) -> Value {
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    page["items"][0].clone()
}

#[actix_web::test]
async fn an_edit_changes_only_what_was_changed_and_nobody_elses_work() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let questions = json!([{"prompt": "At 7?", "required": true}]);
    let change = json!({"deadline": "2099-01-31T12:00:00Z", "questions": questions});
    let posted = board.post_job(&employer, change).await;
    let id = posted["jobId"].as_str().unwrap();
    let path = format!("/postings/{id}/edit");
    let mut owner = Visitor::of(&board);
    owner.log_in("library@example.edu").await;
    let opened = owner.get(&path).await.html;
    let version = posted["version"].to_string();
    assert!(opened.contains(&format!("name=\"version\" value=\"{version}\"")));
    let question = posted["questions"][0]["questionId"].as_str().unwrap();
    let form = |title, version| {
        vec![
            ("version", version),
            ("jobTitle", title),
            ("jobDescription", "Shelve books, help readers."),
            ("jobPayRate", "17.50"),
            ("hoursPerWeek", "10"),
            ("positions", "1"),
            ("deadline", "2099-01-31"),
            ("skillsRequired", ""),
            ("setting", "onCampus"),
            ("location", ""),
            ("workSpace", ""),
            ("startDate", ""),
            ("endDate", ""),
            ("questions[0].questionId", question),
            ("questions[0].prompt", "At 7?"),
            ("questions[0].required", "true"),
        ]
    };
    let wrong = owner.send(&path, &form(" ", &version)).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.html.contains("id=\"f-jobTitle-error\""),
        "{}",
        wrong.html
    );
    let saved = owner.send(&path, &form("Aide", &version)).await;
    assert_eq!(
        (saved.status, saved.location),
        (303, format!("/postings/{id}")),
        "{}",
        saved.html
    );
    let told = owner.get(&format!("/postings/{id}")).await.html;
    assert!(told.contains("Changes saved."));
    assert!(told.contains(&format!("data-draft-done=\"edit.{id}.{version}\"")));
    let api = format!("jobs/{id}");
    let job = board.get(Some(&employer), &api).await.expect(200).json();
    assert_eq!(job["jobTitle"], "Aide");
    assert_eq!(job["deadline"], posted["deadline"], "its time is kept");
    assert_eq!(job["questions"], posted["questions"]);

    // Meanwhile somebody else saved: nothing is overwritten, and both texts are shown.
    let stale = owner.send(&path, &form("Mine", &version)).await;
    assert_eq!(stale.status, 412);
    for text in [
        "value=\"Mine\"",
        "Saved now: Aide",
        "This posting has changed",
    ] {
        assert!(stale.html.contains(text), "{text}: {}", stale.html);
    }
    let current = job["version"].to_string();
    assert!(
        stale
            .html
            .contains(&format!("name=\"version\" value=\"{current}\""))
    );
    let again = owner.send(&path, &form("Mine", &current)).await;
    assert_eq!(again.status, 303);
    let job = board.get(Some(&employer), &api).await.expect(200).json();
    assert_eq!(job["jobTitle"], "Mine");

    // What verdicts depend on is frozen while somebody waits.
    let student = board.join("student", "ann@example.edu").await;
    let answers = json!([{"questionId": question, "answer": "Yes"}]);
    let applied = json!({"jobId": id, "answers": answers});
    let applied = board.post(Some(&student), "applications", applied).await;
    applied.expect(201);
    let current = job["version"].to_string();
    let mut frozen = form("Mine", &current);
    frozen[4].1 = "12";
    let frozen = owner.send(&path, &frozen).await;
    assert_eq!(frozen.status, 409);
    assert!(
        frozen.html.contains("id=\"f-hoursPerWeek-error\""),
        "{}",
        frozen.html
    );

    board.join("employer", "cafe@example.edu").await;
    board.admin().await;
    let mut other = Visitor::of(&board);
    other.log_in("cafe@example.edu").await;
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(
        other.send(&path, &form("Stolen", &current)).await.status,
        404
    );
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    assert_eq!(office.get(&path).await.status, 200);
    assert_eq!(
        office.send(&path, &form("Ours", &current)).await.status,
        303
    );
    board.stop().await;
}
