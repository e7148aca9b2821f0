//! Applications: status changes, uniqueness, and who sees what.

use super::{apply, job_path, set, text};
use crate::support::{Board, Person};
use futures_util::future::join_all;
use serde_json::{Value, json};

const STATUSES: [&str; 8] = [
    "submitted",
    "under_review",
    "interview",
    "offered",
    "accepted",
    "rejected",
    "declined",
    "withdrawn",
];

/// The table in src/http/README.md.
fn may(by: &str, from: &str) -> &'static [&'static str] {
    match (by, from) {
        ("student", "submitted" | "under_review" | "interview") => &["withdrawn"],
        ("student", "offered") => &["accepted", "declined", "withdrawn"],
        ("student", _) => &[],
        (_, "submitted") => &[
            "under_review",
            "interview",
            "offered",
            "accepted",
            "rejected",
        ],
        (_, "under_review") => &["interview", "offered", "accepted", "rejected"],
        (_, "interview") => &["offered", "accepted", "rejected"],
        (_, "offered") => &["rejected"],
        _ => &[],
    }
}

#[actix_web::test]
async fn an_application_changes_only_as_the_table_says() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let brought_to = async |status: &str| {
        // Few hours, so that the campus's limit is never reached.
        let posted = board
            .post_job(&employer, json!({"hoursPerWeek": 0.1}))
            .await;
        let path = apply(&board, &student, &posted).await;
        let moves: &[(&Person, &str)] = match status {
            "submitted" => &[],
            "declined" => &[(&employer, "offered"), (&student, "declined")],
            "withdrawn" => &[(&student, "withdrawn")],
            other => &[(&employer, other)],
        };
        for (who, to) in moves {
            set(&board, who, &path, to).await.expect(200);
        }
        path
    };
    for from in STATUSES {
        let fixed = brought_to(from).await;
        for (by, who) in [
            ("student", &student),
            ("employer", &employer),
            ("admin", &admin),
        ] {
            for to in STATUSES {
                if !may(by, from).contains(&to) {
                    let refused = set(&board, who, &fixed, to).await.expect(409);
                    assert_eq!(refused.code(), "invalid_transition", "{by}: {from} to {to}");
                    let detail = text(&refused.json(), "detail");
                    assert!(detail.contains(from) && detail.contains(to), "{detail}");
                    continue;
                }
                let path = brought_to(from).await;
                let moved = set(&board, who, &path, to).await.expect(200).json();
                assert_eq!(moved["applicationStatus"], to);
                let last = moved["history"].as_array().unwrap().last().unwrap().clone();
                assert_eq!(
                    (&last["by"], &last["from"], &last["to"]),
                    (&json!(by), &json!(from), &json!(to))
                );
            }
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn positions_and_applications_are_given_once() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let students = [
        board.join("student", "ann@example.edu").await,
        board.join("student", "bob@example.edu").await,
    ];
    let posted = board.post_job(&employer, json!({})).await;
    let first = apply(&board, &students[0], &posted).await;
    let second = apply(&board, &students[1], &posted).await;
    let (a, b) = tokio::join!(
        set(&board, &employer, &first, "accepted"),
        set(&board, &employer, &second, "accepted")
    );
    let mut codes = [(a.status.as_u16(), a.code()), (b.status.as_u16(), b.code())];
    codes.sort();
    assert_eq!(
        codes,
        [(200, String::new()), (409, "positions_filled".to_owned())]
    );
    let body = json!({"jobId": posted["jobId"]});
    board
        .mail("@example.edu", "Library assistant has been filled")
        .await;
    let again = board
        .post(Some(&students[0]), "applications", body.clone())
        .await
        .expect(409);
    assert_eq!(again.code(), "already_applied");
    let late = board.join("student", "cat@example.edu").await;
    assert_eq!(
        board
            .post(Some(&late), "applications", body)
            .await
            .expect(409)
            .code(),
        "job_not_open"
    );

    let open = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": open["jobId"]});
    let tries =
        join_all((0..4).map(|_| board.post(Some(&late), "applications", body.clone()))).await;
    let mut statuses: Vec<u16> = tries.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    let filed = tries
        .iter()
        .find(|reply| reply.status == 201)
        .unwrap()
        .json();
    let path = format!("applications/{}", text(&filed, "applicationId"));
    board.delete(Some(&late), &path).await.expect(204);
    assert_eq!(
        board.delete(Some(&late), &path).await.expect(409).code(),
        "invalid_transition"
    );
    let anew = apply(&board, &late, &open).await;
    assert_ne!(anew, path, "a new application");
    board
        .delete(Some(&employer), &job_path(&open))
        .await
        .expect(204);
    board.delete(Some(&late), &anew).await.expect(204);
    assert_eq!(
        board
            .post(Some(&late), "applications", body)
            .await
            .expect(409)
            .code(),
        "job_not_open"
    );
    board.stop().await;
}

#[actix_web::test]
async fn each_side_sees_its_own_fields_of_an_application() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let facts = json!({"gpa": 3.9, "visa": "F-1-secret", "enrolledCredits": 13, "workStudyRemaining": 1234.5, "summary": "Night owl", "skills": ["R"], "graduationDate": "2099-05-01"});
    board.patch(Some(&student), "me", facts).await.expect(200);
    let posted = board.post_job(&employer, json!({"questions": [{"questionId": "why", "prompt": "Why?", "required": true}, {"questionId": "else", "prompt": "Else?"}]})).await;
    for (answers, field) in [
        (json!([]), "answers"),
        (json!([{"questionId": "else", "answer": "no"}]), "answers"),
        (
            json!([{"questionId": "what", "answer": "no"}]),
            "answers[0].questionId",
        ),
        (
            json!([{"questionId": "why", "answer": "a"}, {"questionId": "why", "answer": "b"}]),
            "answers[1].questionId",
        ),
    ] {
        let body = json!({"jobId": posted["jobId"], "answers": answers});
        let fields = board
            .post(Some(&student), "applications", body)
            .await
            .expect(422)
            .fields();
        assert!(fields.contains(&field.to_owned()), "{fields:?}");
    }
    let body = json!({"jobId": posted["jobId"], "coverNote": "Dear all,\n\nyes.\n", "answers": [{"questionId": "why", "answer": " Because. "}]});
    let filed = board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    assert_eq!(filed.header("etag"), "\"1\"");
    let filed = filed.json();
    assert_eq!(filed["coverNote"], "Dear all,\n\nyes.\n");
    assert_eq!(
        filed["answers"],
        json!([{"questionId": "why", "answer": " Because. "}])
    );
    let mut names: Vec<&String> = filed.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "answers",
            "applicationId",
            "applicationStatus",
            "coverNote",
            "eligibility",
            "history",
            "jobId",
            "jobTitle",
            "resume",
            "studentId",
            "submittedAt",
            "updatedAt",
            "version"
        ]
    );
    assert_eq!(
        filed["eligibility"],
        json!({"outcome": "eligible", "reasons": []})
    );
    let path = format!("applications/{}", text(&filed, "applicationId"));
    let note = json!({"applicationStatus": "interview", "note": "Monday\n9 am"});
    let moved = board.patch(Some(&employer), &path, note).await.expect(200);
    assert_eq!(moved.header("etag"), "\"2\"");
    let own = board.get(Some(&student), &path).await.expect(200).json();
    assert_eq!(own["history"][1]["note"], "Monday\n9 am");
    assert!(own.get("student").is_none());
    for (who, path) in [
        (&employer, path.clone()),
        (&employer, format!("{}/applications", job_path(&posted))),
        (&employer, "applications".to_owned()),
        (&employer, "me/export".to_owned()),
    ] {
        let seen = board.get(Some(who), &path).await.expect(200);
        for secret in [
            "gpa",
            "F-1-secret",
            "1234.5",
            "enrolledCredits",
            "workStudyRemaining",
            // Not `3.9`, which a time of day can contain.
            ":3.9",
        ] {
            assert!(
                !seen.text.contains(secret),
                "{secret} in {path}: {}",
                seen.text
            );
        }
    }
    let seen = board.get(Some(&employer), &path).await.expect(200).json();
    assert_eq!(
        seen["student"],
        json!({"studentId": filed["studentId"], "name": "student ann@example.edu", "email": "ann@example.edu", "graduationDate": "2099-05-01", "skills": ["R"], "summary": "Night owl"})
    );

    // Lists and their filters.
    let second = board
        .post_job(&employer, json!({"jobTitle": "Second"}))
        .await;
    apply(&board, &student, &second).await;
    for who in [&student, &employer, &admin] {
        let count = async |query: &str| {
            board.get(Some(who), query).await.expect(200).json()["items"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(count("applications").await, 2);
        assert_eq!(count("applications?status=interview").await, 1);
        assert_eq!(count("applications?status=rejected").await, 0);
        assert_eq!(
            count(&format!("applications?jobId={}", text(&second, "jobId"))).await,
            1
        );
        assert_eq!(
            count(&format!(
                "applications?jobId={}&status=interview",
                text(&second, "jobId")
            ))
            .await,
            0
        );
        let page = board
            .get(Some(who), "applications?limit=1")
            .await
            .expect(200)
            .json();
        assert_eq!(page["items"][0]["jobTitle"], "Second");
        let next = format!("applications?limit=1&cursor={}", text(&page, "nextCursor"));
        let page = board.get(Some(who), &next).await.expect(200).json();
        assert_eq!(
            (&page["items"][0]["jobTitle"], &page["nextCursor"]),
            (&json!("Library assistant"), &Value::Null)
        );
    }
    let of_job = format!("{}/applications?status=interview", job_path(&posted));
    assert_eq!(
        board.get(Some(&employer), &of_job).await.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    board.stop().await;
}
