//! Things that must happen once happen once, however many requests are concurrent: over HTTP, against the running
//! server.

use std::collections::BTreeMap;

use crate::support::{self, Board, Person, Reply, people};
use corkboard::model::Role;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// How often to repeat a race of two. Each run interleaves differently.
const TIMES: usize = 25;

/// The number of answers by status and code. Successes have no code.
fn tally(replies: &[Reply]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for reply in replies {
        let code = if reply.status.is_success() {
            String::new()
        } else {
            reply.code()
        };
        *tally.entry((reply.status.as_u16(), code)).or_default() += 1;
    }
    tally
}

fn wanted(wanted: &[(u16, &str, usize)]) -> BTreeMap<(u16, String), usize> {
    let wanted = wanted.iter().filter(|(_, _, count)| *count > 0);
    wanted
        .map(|(status, code, count)| ((*status, (*code).to_owned()), *count))
        .collect()
}

/// Sends all at the same time and reads the answers.
async fn at_once(board: &Board, requests: Vec<reqwest::RequestBuilder>) -> Vec<Reply> {
    join_all(requests.into_iter().map(|request| board.send(request))).await
}

fn asks(
    board: &Board,
    who: &Person,
    method: Method,
    path: &str,
    body: &Value,
) -> reqwest::RequestBuilder {
    let request = board.request(method, path).bearer_auth(&who.token);
    request.json(body)
}

fn moves(board: &Board, who: &Person, application: &str, to: &str) -> reqwest::RequestBuilder {
    let path = format!("applications/{application}");
    let body = json!({"applicationStatus": to});
    asks(board, who, Method::PATCH, &path, &body)
}

async fn students(board: &Board, count: usize) -> Vec<Person> {
    let emails: Vec<_> = (0..count)
        .map(|number| format!("racer{number}@example.edu"))
        .collect();
    people::make(&board.store, Role::Student, &emails).await;
    let mut students = Vec::new();
    for email in &emails {
        students.push(board.login(email).await);
    }
    students
}

async fn employer(board: &Board) -> Person {
    let email = "library@example.edu".to_owned();
    people::make(&board.store, Role::Employer, std::slice::from_ref(&email)).await;
    board.login(&email).await
}

async fn job_with(board: &Board, employer: &Person, positions: usize) -> String {
    let job = board
        .post_job(
            employer,
            json!({"positions": positions, "hoursPerWeek": 0.5}),
        )
        .await;
    job["jobId"].as_str().unwrap().to_owned()
}

async fn applied(board: &Board, student: &Person, job: &str) -> String {
    let body = json!({"jobId": job});
    let reply = board.post(Some(student), "applications", body).await;
    id(&reply.expect(201))
}

fn id(reply: &Reply) -> String {
    reply.json()["applicationId"].as_str().unwrap().to_owned()
}

async fn job_now(board: &Board, employer: &Person, job: &str) -> Value {
    let job = board.get(Some(employer), &format!("jobs/{job}")).await;
    job.expect(200).json()
}

#[actix_web::test]
async fn the_last_position_is_filled_once() {
    let board = Board::start();
    let (owner, admin) = (employer(&board).await, board.admin().await);
    let students = students(&board, 2).await;
    for _ in 0..TIMES {
        let job = job_with(&board, &owner, 1).await;
        let first = applied(&board, &students[0], &job).await;
        let second = applied(&board, &students[1], &job).await;
        let both = vec![
            moves(&board, &owner, &first, "accepted"),
            moves(&board, &admin, &second, "accepted"),
        ];
        let replies = at_once(&board, both).await;
        assert_eq!(
            tally(&replies),
            wanted(&[(200, "", 1), (409, "positions_filled", 1)])
        );
        let job = job_now(&board, &owner, &job).await;
        assert_eq!(
            (&job["positionsFilled"], &job["jobStatus"]),
            (&json!(1), &json!("filled"))
        );
    }
    board.stop().await;
}

/// D5: the verdict was made for what the student applied to: the hours change before the application or not at all.
#[actix_web::test]
async fn hours_do_not_change_under_a_concurrent_application() {
    let board = Board::start();
    let (owner, admin) = (employer(&board).await, board.admin().await);
    let students = students(&board, 1).await;
    let mut applied = 0;
    for _ in 0..TIMES {
        let job = job_with(&board, &owner, 1).await;
        let path = format!("jobs/{job}");
        let body = json!({"jobId": job});
        let lower = json!({"hoursPerWeek": 0.25});
        let both = vec![
            asks(&board, &students[0], Method::POST, "applications", &body),
            asks(&board, &owner, Method::PATCH, &path, &lower),
        ];
        let replies = at_once(&board, both).await;
        applied += usize::from(replies[0].status == 201);
        if replies[1].status == 409 {
            assert_eq!(replies[1].code(), "has_applications");
            continue;
        }
        assert_eq!(replies[1].status, 200, "{}", replies[1].text);
        let audit = board.get(Some(&admin), "admin/audit?limit=2").await;
        let audit = audit.expect(200).json();
        assert_eq!(audit["items"][0]["action"], "applicationMoved", "{audit}");
        assert_eq!(audit["items"][1]["action"], "jobChanged", "{audit}");
    }
    assert_eq!(applied, TIMES);
    board.stop().await;
}

#[actix_web::test]
async fn one_application_is_accepted_once_by_two() {
    let board = Board::start();
    let (owner, admin) = (employer(&board).await, board.admin().await);
    let students = students(&board, 1).await;
    for round in 1..=TIMES {
        let job = job_with(&board, &owner, 2).await;
        let application = applied(&board, &students[0], &job).await;
        let both = vec![
            moves(&board, &owner, &application, "accepted"),
            moves(&board, &admin, &application, "accepted"),
        ];
        let replies = at_once(&board, both).await;
        assert_eq!(
            tally(&replies),
            wanted(&[(200, "", 1), (409, "invalid_transition", 1)])
        );
        assert_eq!(job_now(&board, &owner, &job).await["positionsFilled"], 1);
        let me = board.get(Some(&students[0]), "me").await.expect(200).json();
        assert_eq!(
            me["student"]["weeklyHours"].as_f64(),
            Some(round as f64 / 2.0)
        );
    }
    board.stop().await;
}

#[actix_web::test]
async fn applying_twice_at_once_makes_one_application() {
    let board = Board::start();
    let owner = employer(&board).await;
    let students = students(&board, 1).await;
    for _ in 0..TIMES {
        let job = job_with(&board, &owner, 1).await;
        let body = json!({"jobId": job});
        let apply = || asks(&board, &students[0], Method::POST, "applications", &body);
        let replies = at_once(&board, vec![apply(), apply()]).await;
        assert_eq!(
            tally(&replies),
            wanted(&[(201, "", 1), (409, "already_applied", 1)])
        );
        assert_eq!(job_now(&board, &owner, &job).await["applicationCount"], 1);
    }
    board.stop().await;
}

#[actix_web::test]
async fn sixty_four_students_never_get_more_than_the_positions() {
    const POSITIONS: usize = 7;
    let board = Board::start();
    let owner = employer(&board).await;
    let students = students(&board, 64).await;
    let job = job_with(&board, &owner, POSITIONS).await;
    let body = json!({"jobId": job});
    let apply = students
        .iter()
        .map(|student| asks(&board, student, Method::POST, "applications", &body));
    let filed = at_once(&board, apply.collect()).await;
    assert_eq!(tally(&filed), wanted(&[(201, "", 64)]));
    assert_eq!(job_now(&board, &owner, &job).await["applicationCount"], 64);

    let accept = filed
        .iter()
        .map(|reply| moves(&board, &owner, &id(reply), "accepted"));
    let mut replies = at_once(&board, accept.collect()).await;
    // A request that lost too many races is told to try again, and does.
    while let Some(at) = replies.iter().position(|reply| reply.status == 503) {
        let again = moves(&board, &owner, &id(&filed[at]), "accepted");
        replies[at] = board.send(again).await;
    }
    assert_eq!(
        tally(&replies),
        wanted(&[
            (200, "", POSITIONS),
            (409, "positions_filled", 64 - POSITIONS)
        ])
    );
    let job_now = job_now(&board, &owner, &job).await;
    assert_eq!(job_now["positionsFilled"], POSITIONS);
    assert_eq!(job_now["jobStatus"], "filled");
    let path = format!("jobs/{job}/applications?status=accepted&limit=100");
    let accepted = board.get(Some(&owner), &path).await.expect(200).json();
    assert_eq!(accepted["items"].as_array().unwrap().len(), POSITIONS);
    board.stop().await;
}

#[actix_web::test]
async fn sixteen_requests_with_one_key_make_one_record_and_get_one_answer() {
    let board = Board::start();
    let owner = employer(&board).await;
    let students = students(&board, 1).await;
    for round in 0..5 {
        let body = support::job(json!({"jobTitle": format!("Made once {round}")}));
        let post = || {
            asks(&board, &owner, Method::POST, "jobs", &body)
                .header("Idempotency-Key", format!("post {round}"))
        };
        let made = at_once(&board, (0..16).map(|_| post()).collect()).await;
        assert_eq!(tally(&made), wanted(&[(201, "", 16)]));
        for reply in &made {
            assert_eq!(reply.text, made[0].text);
            for header in ["location", "etag", "content-type"] {
                assert_eq!(reply.header(header), made[0].header(header));
            }
        }
        let job = made[0].json()["jobId"].as_str().unwrap().to_owned();
        let body = json!({"jobId": job});
        let apply = || {
            asks(&board, &students[0], Method::POST, "applications", &body)
                .header("Idempotency-Key", format!("apply {round}"))
        };
        let filed = at_once(&board, (0..16).map(|_| apply()).collect()).await;
        assert_eq!(tally(&filed), wanted(&[(201, "", 16)]));
        assert!(filed.iter().all(|reply| reply.text == filed[0].text));
        assert_eq!(job_now(&board, &owner, &job).await["applicationCount"], 1);
        let jobs = board.get(Some(&owner), "jobs?limit=100").await.expect(200);
        assert_eq!(jobs.json()["items"].as_array().unwrap().len(), round + 1);
    }
    board.stop().await;
}

/// src/http/README.md: a refresh token that is used twice at once, or again soon after, renews once: all get the same next
/// token. Once that one was used, using the old one ends the whole family.
#[actix_web::test]
async fn a_refresh_token_used_twice_at_once_renews_once() {
    let board = Board::start();
    students(&board, 1).await;
    for _ in 0..10 {
        let person = board.login("racer0@example.edu").await;
        let other = board.login("racer0@example.edu").await;
        let refresh = async |token: &str| {
            let body = json!({"refreshToken": token});
            board.post(None, "auth/refresh", body).await
        };
        let replies = join_all((0..4).map(|_| refresh(&person.refresh))).await;
        assert_eq!(tally(&replies), wanted(&[(200, "", 4)]));
        let renewed: Vec<_> = replies.iter().map(|one| Person::of(&one.json())).collect();
        for one in &renewed {
            assert_eq!(one.refresh, renewed[0].refresh);
            board.get(Some(one), "me").await.expect(200);
        }
        refresh(&renewed[0].refresh).await.expect(200);
        refresh(&person.refresh).await.expect(401);
        for ended in [&person, &renewed[0], &renewed[3]] {
            board.get(Some(ended), "me").await.expect(401);
            refresh(&ended.refresh).await.expect(401);
        }
        board.get(Some(&other), "me").await.expect(200);
    }
    board.stop().await;
}

#[actix_web::test]
async fn two_changes_of_one_version_make_one_stale() {
    let board = Board::start();
    let (owner, admin) = (employer(&board).await, board.admin().await);
    let students = students(&board, 1).await;
    let job = job_with(&board, &owner, 1).await;
    let application = applied(&board, &students[0], &job).await;
    let job = format!("jobs/{job}");
    for round in 0..TIMES {
        let read = board.get(None, &job).await.expect(200);
        let change = |who: &Person| {
            let body = json!({"location": format!("Room {round} of {}", who.email)});
            asks(&board, who, Method::PATCH, &job, &body).header("If-Match", read.header("etag"))
        };
        let replies = at_once(&board, vec![change(&owner), change(&admin)]).await;
        assert_eq!(
            tally(&replies),
            wanted(&[(200, "", 1), (412, "stale", 1)]),
            "{}",
            replies[1].text
        );
        let told = replies.iter().find(|reply| reply.status == 200).unwrap();
        let read = board.get(Some(&owner), &job).await.expect(200);
        assert_eq!(read.json()["location"], told.json()["location"]);
        assert_eq!(read.header("etag"), told.header("etag"));
    }
    let read = board
        .get(Some(&owner), &format!("applications/{application}"))
        .await
        .expect(200);
    let change = |who: &Person| {
        moves(&board, who, &application, "under_review").header("If-Match", read.header("etag"))
    };
    let replies = at_once(&board, vec![change(&owner), change(&admin)]).await;
    assert_eq!(tally(&replies), wanted(&[(200, "", 1), (412, "stale", 1)]));
    board.stop().await;
}

#[actix_web::test]
async fn withdrawing_and_accepting_at_once_ends_in_one_of_them() {
    let board = Board::start();
    let owner = employer(&board).await;
    let students = students(&board, 1).await;
    let mut hours = 0;
    for _ in 0..TIMES {
        let job = job_with(&board, &owner, 1).await;
        let application = applied(&board, &students[0], &job).await;
        let path = format!("applications/{application}");
        let both = vec![
            board
                .request(Method::DELETE, &path)
                .bearer_auth(&students[0].token),
            moves(&board, &owner, &application, "accepted"),
        ];
        let replies = at_once(&board, both).await;
        let accepted = replies[1].status == 200;
        let loser = &replies[usize::from(!accepted)];
        assert_eq!(replies[0].status == 204, !accepted, "{replies:?}");
        assert_eq!(
            (loser.status.as_u16(), loser.code().as_str()),
            (409, "invalid_transition")
        );
        let now = board.get(Some(&owner), &path).await.expect(200).json();
        let wanted = if accepted { "accepted" } else { "withdrawn" };
        assert_eq!(now["applicationStatus"], wanted);
        let job = job_now(&board, &owner, &job).await;
        assert_eq!(job["positionsFilled"], usize::from(accepted));
        hours += usize::from(accepted);
        let me = board.get(Some(&students[0]), "me").await.expect(200).json();
        assert_eq!(
            me["student"]["weeklyHours"].as_f64(),
            Some(hours as f64 / 2.0)
        );
    }
    board.stop().await;
}

#[actix_web::test]
async fn registering_twice_at_once_makes_one_account() {
    let board = Board::start();
    let admin = board.admin().await;
    for round in 0..5 {
        let email = format!("twice{round}@example.edu");
        let body = json!({"email": email, "password": support::PASSWORD, "name": "Twin", "role": "student"});
        let register = || board.request(Method::POST, "auth/register").json(&body);
        let replies = at_once(&board, (0..4).map(|_| register()).collect()).await;
        assert_eq!(tally(&replies), wanted(&[(202, "", 4)]));
        let accounts = board
            .get(Some(&admin), "admin/accounts?limit=100")
            .await
            .expect(200)
            .json();
        let same = accounts["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|account| account["email"] == email.as_str());
        assert_eq!(same.count(), 1);
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_link_used_twice_at_once_works_once() {
    let board = Board::start();
    students(&board, 1).await;
    let email = json!({"email": "racer0@example.edu"});
    board
        .post(None, "auth/forgot-password", email)
        .await
        .expect(202);
    let token = board
        .mailed_token("racer0@example.edu", "reset-password")
        .await;
    let reset = |password: &str| {
        let body = json!({"token": token, "password": password});
        board
            .request(Method::POST, "auth/reset-password")
            .json(&body)
    };
    let both = vec![reset("first new password"), reset("second new password")];
    let replies = at_once(&board, both).await;
    assert_eq!(
        tally(&replies),
        wanted(&[(204, "", 1), (422, "invalid_token", 1)])
    );
    board.stop().await;
}
