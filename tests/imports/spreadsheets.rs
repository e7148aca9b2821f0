//! Files as spreadsheets write them, and files that are not CSV.

use super::{corkboard, counts, import, out};
use crate::support::process::create_board;
use crate::support::{Board, Person, Reply};
use reqwest::Method;
use serde_json::{Value, json};

async fn upload(board: &Board, admin: &Person, path: &str, bytes: Vec<u8>) -> Reply {
    let request = board.request(Method::POST, &format!("admin/import/{path}"));
    board
        .send(request.bearer_auth(&admin.token).body(bytes))
        .await
}

/// B1: a file that is not CSV is refused by its kind, over HTTP and on the command line, without showing its bytes.
#[actix_web::test]
async fn a_file_that_is_not_csv_is_named() {
    let board = Board::start();
    let admin = board.admin().await;
    let csv = "name,email\nAnn,ann@example.edu\n";
    let utf16: Vec<u8> = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = tempfile::tempdir().unwrap();
    create_board(&folder.path().join("data"));
    for (bytes, kind, code) in [
        (utf16.clone(), "UTF-16", "utf16"),
        ([&b"\xFF\xFE"[..], &utf16].concat(), "UTF-16", "utf16"),
        (
            b"PK\x03\x04\x14\0\x08\x08\x08\0".to_vec(),
            "Excel",
            "workbook_or_zip",
        ),
        (
            b"\x1F\x8B\x08\0\0\0\0\0\0\x03".to_vec(),
            "compressed",
            "compressed",
        ),
        (
            b"<!DOCTYPE html><table><tr><td>name".to_vec(),
            "HTML",
            "html_or_xml",
        ),
        (b"%PDF-1.7\n\xE2\xE3\xCF\xD3".to_vec(), "PDF", "pdf"),
    ] {
        let refused = upload(&board, &admin, "students", bytes.clone()).await;
        let refused = refused.expect(422);
        assert_eq!(refused.fields(), ["file"]);
        assert_eq!(refused.json()["errors"][0]["params"]["kind"], code);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(kind) && detail.contains("CSV UTF-8"),
            "{detail}"
        );
        assert!(
            !detail.contains(|letter: char| letter.is_control() || letter == '\u{fffd}'),
            "{detail:?}"
        );
        std::fs::write(folder.path().join("file.csv"), bytes).unwrap();
        let failed = corkboard(folder.path(), &["import", "students", "file.csv"]);
        assert_eq!(failed.status.code(), Some(1));
        let said = String::from_utf8(failed.stderr).unwrap();
        assert!(said.contains(kind) && said.lines().count() == 1, "{said}");
    }
    board.stop().await;
}

/// B5: values are read as a spreadsheet writes them.
#[actix_web::test]
async fn values_are_read_as_a_spreadsheet_writes_them() {
    let board = Board::start();
    let admin = board.admin().await;
    let employers = "Name,E-Mail,Work Space,SETTING,,\n\
        Library,library@example.edu,Library,On Campus,,\n\
        Café,cafe@example.com,Café,off-campus,,\n";
    let report = import(&board, &admin, "employers", employers).await;
    assert_eq!(counts(&report), (2, 0, 0, 0), "{report}");
    assert_eq!(report["ignoredColumns"], json!([]));
    let american = "jobTitle,jobDescription,jobPayRate,hoursPerWeek,positions,setting,workStudyRequired,startDate,deadline,externalId,workSpace\n\
        A,Text.,$17.50,10.0,2.0,On Campus,TRUE,1/4/2099,2099-01-31 00:00:00,a,Library\n\
        B,Text.,17.5,10,2,on-campus,Yes,2099-01-04,1/31/2099,b,Library\n\
        C,Text.,\"$1,000.00\",10,\"1,000\",REMOTE,1,2099-01-04 00:00,1/31/2099 11:59 PM,c,Library\n\
        D,Text.,17.50%,10,2,,,,2099-01-31,d,Library\n\
        E,Text.,17.50,10,2.5,,,,2099-01-31,e,Library\n\
        F,Text.,17.50,10,2,,perhaps,,2099-01-31,f,Library\n\
        G,Text.,17.50,10,2,,,31/12/2098,2099-01-31,g,Library\n";
    let report = import(&board, &admin, "jobs", american).await;
    assert_eq!(counts(&report), (3, 0, 0, 4), "{report}");
    let fields: Vec<_> = report["rejected"].as_array().unwrap().iter().collect();
    let fields: Vec<_> = fields.iter().map(|one| one["field"].as_str()).collect();
    assert_eq!(
        fields,
        [
            Some("jobPayRate"),
            Some("positions"),
            Some("workStudyRequired"),
            Some("startDate")
        ]
    );
    let spanish = "jobTitle;jobDescription;jobPayRate;hoursPerWeek;positions;setting;workStudyRequired;startDate;deadline;externalId;workSpace\r\n\
        H;\"Libros; cajas.\";17,50 $;10,0;2;onCampus;VERDADERO;4/1/2099;31/1/2099 0:00;h;Library\r\n";
    let report = import(&board, &admin, "jobs", spanish).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let list = board.get(Some(&admin), "jobs?limit=100").await;
    let list = list.expect(200).json();
    let find = |title: &str| -> Value {
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .find(|job| job["jobTitle"] == title)
            .unwrap()
            .clone()
    };
    for title in ["A", "B", "H"] {
        let job = find(title);
        let read = json!([
            job["jobPayRate"],
            job["hoursPerWeek"],
            job["positions"],
            job["setting"],
            job["workStudyRequired"],
            job["startDate"],
            job["deadline"]
        ]);
        let wanted = json!([
            17.5,
            10.0,
            2,
            "onCampus",
            true,
            "2099-01-04",
            "2099-02-01T04:59:59.999Z"
        ]);
        assert_eq!(read, wanted, "{title}");
    }
    let job = find("C");
    assert_eq!(job["jobPayRate"], 1000);
    assert_eq!(job["positions"], 1000);
    assert_eq!(job["deadline"], "2099-02-01T04:59:00Z");
    // The same data, as another program writes it.
    let report = import(
        &board,
        &admin,
        "jobs",
        &american
            .replace(',', "\t")
            .replace("\"$1\t000.00\"", "1000")
            .replace("\"1\t000\"", "1000"),
    )
    .await;
    assert_eq!(counts(&report), (0, 0, 3, 4), "{report}");
    board.stop().await;
}

/// B8: an unknown column is reported and ignored, or refused with `strict`.
#[actix_web::test]
async fn unknown_columns_are_reported_and_ignored() {
    let board = Board::start();
    let admin = board.admin().await;
    let csv = "name,major,email\nAnn,Art,ann@example.edu\n";
    let refused = upload(&board, &admin, "students?strict=true", csv.into()).await;
    assert_eq!(refused.expect(422).fields(), ["major"]);
    let report = import(&board, &admin, "students", csv).await;
    assert_eq!(counts(&report), (1, 0, 0, 0));
    assert_eq!(report["ignoredColumns"], json!(["major"]));
    let folder = tempfile::tempdir().unwrap();
    create_board(&folder.path().join("data"));
    std::fs::write(folder.path().join("students.csv"), csv).unwrap();
    let run = |options: &[&str]| {
        let arguments = [&["import", "students", "students.csv"], options].concat();
        let done = corkboard(folder.path(), &arguments);
        let said = String::from_utf8(done.stderr.clone()).unwrap();
        (done.status.code(), out(&done), said)
    };
    let (status, _, said) = run(&["--strict"]);
    assert!(status == Some(1) && said.contains("major"), "{said}");
    let (status, told, said) = run(&[]);
    assert_eq!(status, Some(0));
    assert!(
        told.starts_with("1 created") && said.contains("major"),
        "{said}"
    );
    board.stop().await;
}

/// B6 and B7: empty lines are ignored, short rows are filled up, and `strict` does not object.
#[actix_web::test]
async fn empty_lines_and_short_rows_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    create_board(&folder.path().join("data"));
    let csv = "name,email,visa,summary\n,,,\nAnn,ann@example.edu\n\"\",\"\",\"\",\"\"\n  \nBob,bob@example.edu,F-1,\n,,,\n\u{1a}";
    std::fs::write(folder.path().join("students.csv"), csv).unwrap();
    let done = corkboard(
        folder.path(),
        &["import", "students", "students.csv", "--strict"],
    );
    assert_eq!(
        (done.status.code(), out(&done).as_str()),
        (Some(0), "2 created, 0 updated, 0 unchanged, 0 rejected\n")
    );
}

/// Messages about a bad cell are short and printable, whatever the cell contains.
#[actix_web::test]
async fn messages_are_short_and_printable() {
    let board = Board::start();
    let admin = board.admin().await;
    let long = "x".repeat(200_000);
    let csv = format!(
        "name,email,gpa,studentId\nAnn,{long}@example.edu,3,\nAnn,ann@example.edu,{long},\nAnn,bell\u{7}@example.edu,3,\n\
         {long},bob@example.edu,3,\nAnn,cy@example.edu,3,{long}\n"
    );
    let report = import(&board, &admin, "students", &csv).await;
    assert_eq!(counts(&report), (0, 0, 0, 5));
    for one in report["rejected"].as_array().unwrap() {
        let message = one["message"].as_str().unwrap();
        let odd = |letter: char| letter.is_control() || letter == '\u{fffd}';
        assert!(message.len() < 1_000 && !message.contains(odd), "{message}");
    }
    board.stop().await;
}
