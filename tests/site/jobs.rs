//! The list of jobs and the job's page, without a browser.

use super::{Shown, Visitor};
use crate::support::{Board, until};
use reqwest::Method;
use serde_json::json;

const BOUNDARY: &str = "the-line-between-the-parts";
const PDF: &str = "%PDF-1.7\n% Ann Student\n%%EOF\n";

impl Visitor<'_> {
    /// Sends a form with a file, as browsers do. An empty name means that none was chosen.
    async fn send_file(&self, path: &str, form: &[(&str, &str)], name: &str, file: &str) -> Shown {
        let field = |(field, value): &(&str, &str)| {
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            )
        };
        let fields: String = form.iter().map(field).collect();
        let body = format!(
            "{fields}--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"resume\"; filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n"
        );
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self
            .request(Method::POST, path, "same-origin")
            .header("content-type", kind)
            .body(body);
        Shown::of(request.send().await.unwrap()).await
    }
}

#[actix_web::test]
async fn a_visitor_searches_without_javascript() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    for number in 0..22 {
        let skill = if number < 3 { "coffee" } else { "shelving" };
        let change = json!({"jobTitle": format!("Job <b>{number}</b>"), "jobPayRate": 15.5 + f64::from(number), "skillsRequired": [skill]});
        board.post_job(&employer, change).await;
    }
    let visitor = Visitor::of(&board);
    until("all are found", async || {
        visitor.get("/").await.html.contains("22 jobs")
    })
    .await;
    let all = visitor.get("/").await;
    assert_eq!(all.status, 200);
    for text in [
        "22 jobs",
        "Job &lt;b&gt;21&lt;",
        "$36.50 per hour",
        "value=\"coffee\"",
    ] {
        assert!(all.html.contains(text), "{text}: {}", all.html);
    }
    assert!(!all.html.contains("Job <b>"));
    assert_eq!(all.html.matches("data-job=").count(), 20);
    // The link to the rest.
    let more = all.html.split("class=\"more\"><a class=\"button\" href=\"");
    let more = more.last().unwrap().split('"').next().unwrap();
    let more = more.replace("&amp;", "&");
    let rest = visitor.get(&more).await;
    assert_eq!(rest.html.matches("data-job=").count(), 2, "{more}");
    assert!(rest.html.contains("First results"));

    let found = visitor
        .get("/?utm_source=letter&skill=COFFEE&q=books")
        .await;
    assert!(found.html.contains("3 jobs") && found.html.contains("<mark>books</mark>"));
    // A filter that cannot be used is named and left out, and stays as typed.
    let wrong = visitor.get("/?skill=coffee&minPay=lots&sort=best").await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.html.contains("3 jobs") && wrong.html.contains("value=\"lots\""));
    assert!(wrong.html.contains("f-minPay-error"), "{}", wrong.html);
    let none = visitor.get("/?q=zeppelin&skill=coffee").await;
    assert!(none.html.contains("No jobs match"));
    assert!(none.html.contains("Remove a filter to see more."));
    // Only students can ask for what they may have.
    assert!(
        visitor
            .get("/?eligible=true")
            .await
            .html
            .contains("22 jobs")
    );
    assert!(
        visitor
            .get("/?cursor=made-up")
            .await
            .html
            .contains("22 jobs")
    );

    // The open job beside the results, and on its own page.
    let id = all.html.split("data-job=\"").nth(1).unwrap();
    let id = &id[..36];
    let beside = visitor.get(&format!("/?skill=shelving&job={id}")).await;
    assert!(beside.html.contains("19 jobs") && beside.html.contains("Shelve books, help readers."));
    let alone = visitor.get(&format!("/jobs/{id}")).await;
    assert!(alone.html.contains("Log in to apply"), "{}", alone.html);
    for unknown in ["/jobs/1", "/jobs/018f0000-0000-7000-8000-000000000000"] {
        assert_eq!(visitor.get(unknown).await.status, 404);
    }
    let gone = visitor.get("/?job=1").await;
    assert!(gone.html.contains("This job is no longer available."));

    let close = json!({"jobStatus": "closed"});
    let path = format!("jobs/{id}");
    let closed = board.patch(Some(&employer), &path, close);
    closed.await.expect(200);
    let closed = visitor.get(&format!("/jobs/{id}")).await;
    assert_eq!(closed.status, 410);
    assert!(closed.html.contains("This job is closed."));
    let mut owner = Visitor::of(&board);
    owner.log_in("library@example.edu").await;
    assert_eq!(owner.get(&format!("/jobs/{id}")).await.status, 200);
    board.stop().await;
}

#[actix_web::test]
async fn a_student_applies_without_javascript() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let questions = json!([{"prompt": "Which <i>evenings</i>?", "required": true}]);
    let posted = board
        .post_job(&employer, json!({ "questions": questions }))
        .await;
    let path = format!("/jobs/{}", posted["jobId"].as_str().unwrap());
    let question = posted["questions"][0]["questionId"].as_str().unwrap();

    // Without a login, the form leads there and back.
    let visitor = Visitor::of(&board);
    let lost = visitor
        .send_file(&path, &[("coverNote", "Hi")], "", "")
        .await;
    assert_eq!(lost.status, 303);
    assert!(lost.location.starts_with("/login?next=%2Fjobs%2F"));

    let mut ann = Visitor::of(&board);
    ann.log_in("ann@example.edu").await;
    until("the job is found", async || {
        ann.get("/").await.html.contains("You&#39;re eligible")
    })
    .await;
    let answer = format!("answer.{question}");
    let note = [
        ("coverNote", "I know <b>Dewey</b>."),
        ("next", "/?q=a"),
        (&answer, " "),
    ];
    let open = ann.send_file(&path, &note, "me.txt", "no résumé").await;
    assert_eq!(open.status, 415);
    assert!(open.html.contains("This file isn&#39;t a PDF."));
    assert!(open.html.contains("I know &lt;b&gt;Dewey&lt;"));

    // The file is kept while the question is open.
    let open = ann.send_file(&path, &note, "ann.pdf", PDF).await;
    assert_eq!(open.status, 422);
    assert!(open.html.contains("Please answer this question."));
    assert!(open.html.contains(">ann.pdf</option>"), "{}", open.html);
    let kept = open.html.split("<option value=\"").nth(1).unwrap();
    let form = [
        note[0],
        note[1],
        (&answer, "Monday"),
        ("resumeId", &kept[..36]),
    ];
    let sent = ann.send_file(&path, &form, "", "").await;
    assert_eq!(
        (sent.status, &*sent.location),
        (303, "/?q=a"),
        "{}",
        sent.html
    );
    let told = sent.cookies.iter().find(|cookie| cookie.contains("_said="));
    assert_eq!(told.unwrap(), "corkboard_said=said=apply.sent");
    // A second press sends nothing twice.
    let again = ann.send_file(&path, &form, "", "").await;
    assert_eq!((again.status, &*again.location), (303, &*path));
    let applied = ann.get(&path).await;
    assert!(applied.html.contains("You applied for this job."));
    assert!(ann.get("/").await.html.contains(">Applied<"));
    let mine = board.get(Some(&student), "applications").await.expect(200);
    let mine = mine.json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert_eq!(mine["items"][0]["answers"][0]["answer"], "Monday");
    assert_eq!(mine["items"][0]["resume"]["name"], "ann.pdf");

    // An applicant still sees a closed job; other sites cannot send the form.
    let close = json!({"jobStatus": "closed"});
    let closed = board.patch(Some(&employer), &path[1..], close);
    closed.await.expect(200);
    let closed = ann.get(&path).await;
    assert_eq!(closed.status, 200);
    assert!(closed.html.contains("The employer can still answer you."));
    let foreign = ann
        .request(Method::POST, &path, "cross-site")
        .header("content-type", "multipart/form-data; boundary=x");
    let foreign = Shown::of(foreign.body("--x--").send().await.unwrap()).await;
    assert_eq!(foreign.status, 403);
    let broken = ann
        .request(Method::POST, &path, "same-origin")
        .header("content-type", "multipart/form-data; boundary=x");
    let broken = Shown::of(broken.body("--y nonsense").send().await.unwrap()).await;
    assert_eq!(broken.status, 400);
    board.stop().await;
}

#[actix_web::test]
async fn a_student_reads_why_a_job_is_not_for_them_and_loses_no_note() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let long = board.post_job(&employer, json!({"hoursPerWeek": 45})).await;
    let long = format!("/jobs/{}", long["jobId"].as_str().unwrap());
    let posted = board.post_job(&employer, json!({})).await;
    let id = posted["jobId"].as_str().unwrap();
    let path = format!("/jobs/{id}");
    let spanish = json!({"preferences": {"language": "es"}});
    board.patch(Some(&student), "me", spanish).await.expect(200);
    let mut ann = Visitor::of(&board);
    ann.log_in("ann@example.edu").await;
    // In the language of the page, whatever that of the mails is.
    let page = ann.get(&long).await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(page.html.contains("45 hours"), "{}", page.html);
    assert!(!page.html.contains("horas") && !page.html.contains("id=\"apply\""));
    let refused = ann.send_file(&long, &[("coverNote", "Please!")], "", "");
    let refused = refused.await;
    assert_eq!(refused.status, 422);
    assert!(refused.html.contains("Please!") && refused.html.contains("wasn&#39;t sent"));

    // A file that is too large names the limit, and the note stays.
    let large = format!("%PDF-1.7\n{}", "x".repeat(6 * 1024 * 1024));
    let refused = ann.send_file(&path, &[("coverNote", "Please!")], "a.pdf", &large);
    let refused = refused.await;
    assert_eq!(refused.status, 413);
    assert!(refused.html.contains("larger than 5 MB") && refused.html.contains("Please!"));

    // Closed while the student typed.
    let close = json!({"jobStatus": "closed"});
    let posting = format!("jobs/{id}");
    let closed = board.patch(Some(&employer), &posting, close);
    closed.await.expect(200);
    let refused = ann.send_file(&path, &[("coverNote", "Please!")], "", "");
    let refused = refused.await;
    assert_eq!(refused.status, 409);
    assert!(refused.html.contains("Please!") && refused.html.contains("wasn&#39;t sent"));
    board.stop().await;
}
