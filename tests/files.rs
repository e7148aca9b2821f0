//! Résumés: who may upload, read and send one, and which files are refused.

use crate::support::{self, Board, Person, Reply};
use reqwest::Method;
use serde_json::json;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF\n";

async fn keep(board: &Board, who: &Person, query: &str, kind: &str, bytes: Vec<u8>) -> Reply {
    let request = board
        .request(Method::POST, &format!("files{query}"))
        .bearer_auth(&who.token)
        .header("Content-Type", kind)
        .body(bytes);
    board.send(request).await
}

#[actix_web::test]
async fn only_the_student_and_the_employer_may_read_a_resume() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let other = board.join("student", "bob@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    let stranger = board.join("employer", "gym@example.edu").await;
    let admin = board.admin().await;
    let job = board.post_job(&employer, json!({})).await;

    let large: Vec<u8> = PDF.iter().copied().cycle().take(1_000_003).collect();
    let kept = keep(
        &board,
        &student,
        "?name=R%C3%A9sum%C3%A9%20%22Ann%22.pdf",
        "application/pdf",
        large.clone(),
    )
    .await
    .expect(201);
    let file = kept.json();
    let id = file["fileId"].as_str().unwrap();
    assert_eq!(kept.header("location"), format!("/api/v1/files/{id}"));
    assert_eq!(file["name"], "Résumé \"Ann\".pdf");
    assert_eq!(file["sizeBytes"], 1_000_003);
    assert_eq!(file["sha256"].as_str().unwrap().len(), 64);

    let path = format!("files/{id}");
    let read = board
        .request(Method::GET, &path)
        .bearer_auth(&student.token)
        .send()
        .await
        .unwrap();
    let disposition = read.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        disposition.starts_with("attachment") && disposition.contains("R%C3%A9sum%C3%A9"),
        "{disposition}"
    );
    assert_eq!(read.headers()["content-type"], "application/pdf");
    assert_eq!(read.headers()["x-content-type-options"], "nosniff");
    assert_eq!(read.bytes().await.unwrap(), large);

    for nobody in [&other, &employer, &stranger] {
        board.get(Some(nobody), &path).await.expect(404);
    }
    board.get(None, &path).await.expect(401);
    board.get(Some(&admin), "files/nothing").await.expect(404);

    let body = json!({"jobId": job["jobId"], "resumeId": id});
    let foreign = board
        .post(Some(&other), "applications", body.clone())
        .await
        .expect(422);
    assert_eq!(foreign.fields(), ["resumeId"]);
    let filed = board
        .post(Some(&student), "applications", body)
        .await
        .expect(201)
        .json();
    let shown = json!({"fileId": id, "name": "Résumé \"Ann\".pdf"});
    assert_eq!(filed["resume"], shown);
    board.get(Some(&employer), &path).await.expect(200);
    board.get(Some(&admin), &path).await.expect(200);
    for nobody in [&other, &stranger] {
        board.get(Some(nobody), &path).await.expect(404);
    }
    let application = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    for who in [&employer, &admin, &student] {
        let seen = board.get(Some(who), &application).await.expect(200);
        assert_eq!(seen.json()["resume"], shown, "{}", who.email);
        let list = board.get(Some(who), "applications").await.expect(200);
        assert_eq!(list.json()["items"][0]["resume"], shown, "{}", who.email);
    }

    let gone = json!({"currentPassword": support::PASSWORD});
    let erased = board
        .request(Method::DELETE, "me")
        .bearer_auth(&student.token)
        .json(&gone);
    board.send(erased).await.expect(204);
    board.get(Some(&employer), &path).await.expect(404);
    board.stop().await;
}

#[actix_web::test]
async fn a_file_must_be_a_small_pdf_and_a_retry_stores_one() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    keep(
        &board,
        &student,
        "",
        "application/pdf",
        b"MZ\x90 no pdf".to_vec(),
    )
    .await
    .expect(415);
    keep(&board, &student, "", "application/pdf", Vec::new())
        .await
        .expect(415);
    keep(&board, &student, "", "text/html", PDF.to_vec())
        .await
        .expect(415);
    keep(
        &board,
        &student,
        "?title=x",
        "application/pdf",
        PDF.to_vec(),
    )
    .await
    .expect(422);
    keep(
        &board,
        &student,
        "?name=a%0D%0Ab",
        "application/pdf",
        PDF.to_vec(),
    )
    .await
    .expect(422);
    keep(&board, &employer, "", "application/pdf", PDF.to_vec())
        .await
        .expect(403);
    let limit = 5 * 1024 * 1024;
    let mut huge = PDF.to_vec();
    huge.resize(limit, b' ');
    keep(&board, &student, "", "application/pdf", huge.clone())
        .await
        .expect(201);
    huge.push(b' ');
    keep(&board, &student, "", "application/pdf", huge)
        .await
        .expect(413);

    let once = |bytes: &'static [u8]| {
        let request = board
            .request(Method::POST, "files")
            .bearer_auth(&student.token)
            .header("Content-Type", "application/pdf")
            .header("Idempotency-Key", "one")
            .body(bytes);
        board.send(request)
    };
    let first = once(PDF).await.expect(201).json();
    assert_eq!(once(PDF).await.expect(201).json(), first);
    assert_eq!(
        once(b"%PDF-2.0 other %%EOF").await.expect(422).code(),
        "idempotency_mismatch"
    );

    for _ in 0..48 {
        keep(&board, &student, "", "application/pdf", PDF.to_vec())
            .await
            .expect(201);
    }
    let full = keep(&board, &student, "", "application/pdf", PDF.to_vec())
        .await
        .expect(409);
    assert_eq!(full.code(), "too_many_files");
    board.stop().await;
}

#[actix_web::test]
async fn a_file_is_named_by_the_last_part_of_a_path() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    for (query, name) in [
        ("?name=../../etc/passwd", "passwd.pdf"),
        ("?name=..%2F..%2Fetc%2Fpasswd", "passwd.pdf"),
        ("?name=x.html", "x.html.pdf"),
        ("?name=CV.PDF", "CV.PDF"),
        ("?name=.pdf", ".pdf.pdf"),
        ("?name=C:%5CUsers%5CAnn%5Ccv.pdf", "cv.pdf"),
        ("?name=%5C%5Chost/share%5C%20cv.pdf%20", "cv.pdf"),
        ("?name=cv..pdf", "cv..pdf"),
        ("", "resume.pdf"),
    ] {
        let kept = keep(&board, &student, query, "application/pdf", PDF.to_vec()).await;
        assert_eq!(kept.expect(201).json()["name"], name, "{query}");
    }
    for query in [
        "?name=cv/",
        "?name=%5C",
        "?name=..",
        "?name=a/.",
        "?name=a/%20",
    ] {
        let refused = keep(&board, &student, query, "application/pdf", PDF.to_vec()).await;
        assert_eq!(refused.expect(422).fields(), ["name"], "{query}");
    }
    board.stop().await;
}

/// D4: PDFs as programs write them, with bytes before the header or white space after the end; and files that only
/// start like one.
#[actix_web::test]
async fn a_pdf_has_a_header_near_its_beginning_and_an_end() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let sent = async |parts: &[&[u8]]| {
        let file = parts.concat();
        let reply = keep(&board, &student, "", "application/pdf", file).await;
        reply.status.as_u16()
    };
    let blanks = [b' '; 4_000];
    let body = [b'x'; 4_000];
    for before in [
        &b""[..],
        b"\xEF\xBB\xBF",
        b"\r\n\n",
        b"  \t",
        &blanks[..1_019],
    ] {
        assert_eq!(sent(&[before, PDF]).await, 201, "{before:?}");
    }
    for after in [&b"\r\n"[..], b"\0\0\0", &blanks, &body[..1_000]] {
        assert_eq!(sent(&[PDF, after]).await, 201);
    }
    assert_eq!(sent(&[b"%PDF-1.7", &body, b"%%EOF"]).await, 201);
    for parts in [
        &[&b"%PDF-"[..]][..],
        &[b"%PDF-1.7\n1 0 obj"],
        &[b"%%EOF"],
        &[b"%PDF%%EOF"],
        &[&blanks[..1_020], PDF],
        &[PDF, &body],
        &[&blanks],
        &[],
    ] {
        assert_eq!(sent(parts).await, 415);
    }
    board.stop().await;
}

/// D4: students delete files to make room for others. A file that an employer got stays with the application.
#[actix_web::test]
async fn a_deleted_file_makes_room_and_stays_with_its_application() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    let admin = board.admin().await;
    let job = board.post_job(&employer, json!({})).await;
    let mut files = Vec::new();
    for _ in 0..50 {
        let kept = keep(&board, &student, "", "application/pdf", PDF.to_vec()).await;
        let file = kept.expect(201).json()["fileId"]
            .as_str()
            .unwrap()
            .to_owned();
        files.push(format!("files/{file}"));
    }
    let full = keep(&board, &student, "", "application/pdf", PDF.to_vec()).await;
    assert_eq!(full.expect(409).code(), "too_many_files");

    let (unsent, sent) = (&files[0], &files[1]);
    board.delete(Some(&student), unsent).await.expect(204);
    for who in [&student, &admin] {
        board.get(Some(who), unsent).await.expect(404);
        board.delete(Some(who), unsent).await.expect(404);
    }
    let reply = keep(&board, &student, "", "application/pdf", PDF.to_vec()).await;
    reply.expect(201);

    let id = sent.strip_prefix("files/").unwrap();
    let body = json!({"jobId": job["jobId"], "resumeId": id});
    let filed = board.post(Some(&student), "applications", body).await;
    let filed = filed.expect(201).json();
    board.delete(Some(&employer), sent).await.expect(403);
    board.delete(Some(&student), sent).await.expect(204);
    board.get(Some(&student), sent).await.expect(404);
    board.delete(Some(&student), sent).await.expect(404);
    for who in [&employer, &admin] {
        board.get(Some(who), sent).await.expect(200);
    }
    let application = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    let seen = board.get(Some(&employer), &application).await.expect(200);
    assert_eq!(seen.json()["resume"]["fileId"], id);
    // It cannot be sent again, and does not count.
    let other = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": other["jobId"], "resumeId": id});
    let again = board.post(Some(&student), "applications", body).await;
    assert_eq!(again.expect(422).fields(), ["resumeId"]);
    let reply = keep(&board, &student, "", "application/pdf", PDF.to_vec()).await;
    reply.expect(201);
    // The export contains all files, and erasing the student deletes them.
    let export = board.get(Some(&student), "me/export").await.expect(200);
    assert_eq!(export.json()["files"].as_array().unwrap().len(), 51);
    let gone = json!({"currentPassword": support::PASSWORD});
    let erased = board
        .request(Method::DELETE, "me")
        .bearer_auth(&student.token)
        .json(&gone);
    board.send(erased).await.expect(204);
    for who in [&employer, &admin] {
        board.get(Some(who), sent).await.expect(404);
    }
    let mut wrong = Vec::new();
    let reader = board.store.read().unwrap();
    let checked = corkboard::store::check(&reader, &mut |what| wrong.push(what)).await;
    checked.unwrap();
    assert_eq!(wrong, [""; 0]);
    drop(reader);
    board.stop().await;
}
