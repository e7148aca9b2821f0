//! Imports over HTTP and from the command line: valid rows are stored, invalid ones are reported, and a rerun changes
//! nothing.

mod numbers;
mod owners;
mod spreadsheets;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::process::create_board;
use crate::support::{self, Board, Person};
use actix_web::rt::net::TcpStream;
use corkboard::clock::Clock;
use corkboard::model::Email;
use corkboard::store::keys;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

const EMPLOYERS: &str = "\u{feff}name,email,employeeId,designation,workSpace,setting\r\n\
    Inés Güell,ines@example.edu,E1,Coordinator,Library,onCampus\r\n\
    Café Owner,owner@example.com,E2,,\"Café, Main St\",offCampus\r\n";

const STUDENTS: &str = "name,email,studentId,graduationDate,enrolledCredits,gpa,visa,workStudyRemaining,skills\n\
    王小明,ming@example.edu,S1,2027-05-15,12,3.14,F-1,0.00,SQL;reception\n\
    Not Here,elsewhere@example.com,S2,2027-05-15,12,3,,,\n\
    Siobhán,siobhan@example.edu,S3,15 May,12,3,,,\n\
    Noor,noor@example.edu,S1,2027-05-15,12,3,,,\n\
    Ann,ann@example.edu,,,,,,1875.25,\"French; \"\n";

const JOBS: &str = "jobTitle,jobDescription,jobPayRate,skillsRequired,workSpace,location,hoursPerWeek,deadline,externalId,employerEmail\n\
    Shelver,\"Shelve books.\nLift boxes.\",16.50,shelving,library,Main,10,2099-01-31,x1,\n\
    Barista,Coffee.,15,,\"Café, Main St\",,12.5,2099-01-31,x2,\n\
    Nobody's,Text.,15,,Nowhere,,12,2099-01-31,x3,\n\
    Past,Text.,15,,Library,,12,2001-01-31,x4,\n\
    Cheap,Text.,-1,,Library,,12,2099-01-31,x5,\n\
    Named,Text.,15,,Nowhere,,12,2099-01-31,x6,owner@example.com\n";

async fn import(board: &Board, admin: &Person, path: &str, csv: &str) -> Value {
    let request = board.request(Method::POST, &format!("admin/import/{path}"));
    let request = request.bearer_auth(&admin.token).body(csv.to_owned());
    board.send(request).await.expect(200).json()
}

fn counts(report: &Value) -> (u64, u64, u64, usize) {
    let number = |name: &str| report[name].as_u64().unwrap();
    let rejected = report["rejected"].as_array().unwrap().len();
    (
        number("created"),
        number("updated"),
        number("unchanged"),
        rejected,
    )
}

#[actix_web::test]
async fn good_rows_are_stored_bad_ones_reported_and_a_rerun_changes_nothing() {
    let board = Board::start();
    let admin = board.admin().await;
    let dry = import(&board, &admin, "employers?dryRun=true", EMPLOYERS).await;
    assert_eq!(counts(&dry), (2, 0, 0, 0));
    assert_eq!(
        counts(&import(&board, &admin, "employers", EMPLOYERS).await),
        (2, 0, 0, 0)
    );
    assert_eq!(
        counts(&import(&board, &admin, "employers", EMPLOYERS).await),
        (0, 0, 2, 0)
    );

    let students = import(&board, &admin, "students", STUDENTS).await;
    assert_eq!(counts(&students), (2, 0, 0, 3));
    let where_and_what: Vec<_> = students["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64(), one["field"].as_str()))
        .collect();
    let wanted = [
        (Some(3), Some("email")),
        (Some(4), Some("graduationDate")),
        (Some(5), Some("studentId")),
    ];
    assert_eq!(where_and_what, wanted);
    assert_eq!(
        counts(&import(&board, &admin, "students", STUDENTS).await),
        (0, 0, 2, 3)
    );

    let jobs = import(&board, &admin, "jobs", JOBS).await;
    assert_eq!(counts(&jobs), (3, 0, 0, 3));
    let lines: Vec<_> = jobs["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(
        lines,
        [5, 6, 7],
        "a quoted line break makes later records start later"
    );
    let again = import(&board, &admin, "jobs", &JOBS.replace("16.50", "17")).await;
    assert_eq!(counts(&again), (0, 1, 2, 3));
    let owned = import(&board, &admin, "jobs?owner=ines@example.edu", JOBS).await;
    assert_eq!(counts(&owned), (1, 1, 2, 2));

    let found = board
        .get(None, "jobs?employeeId=E1")
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    assert!(
        found["items"][0].get("externalId").is_none(),
        "the public does not see where it came from"
    );
    board.stop().await;
}

#[actix_web::test]
async fn an_imported_student_claims_the_record_and_the_rosters_facts_stay() {
    let board = Board::start();
    let admin = board.admin().await;
    import(&board, &admin, "students", STUDENTS).await;
    let student = board.join("student", "ming@example.edu").await;
    let me = board.get(Some(&student), "me").await.expect(200).json();
    assert_eq!(me["student"]["studentId"], "S1");
    assert_eq!(me["student"]["visa"], "F-1");
    assert_eq!(me["student"]["skills"], json!(["SQL", "reception"]));
    let refused = board
        .patch(Some(&student), "me", json!({"gpa": 4.0}))
        .await
        .expect(422);
    assert_eq!(refused.fields(), ["gpa"]);
    let own = json!({"skills": ["Rust"], "summary": "I read."});
    let changed = board
        .patch(Some(&student), "me", own)
        .await
        .expect(200)
        .json();
    assert_eq!(changed["student"]["skills"], json!(["Rust"]));
    assert_eq!(
        counts(&import(&board, &admin, "students", STUDENTS).await),
        (0, 0, 2, 3)
    );
    board.stop().await;
}

#[actix_web::test]
async fn a_wrong_header_stops_before_the_first_row() {
    let board = Board::start();
    let admin = board.admin().await;
    let request = board
        .request(Method::POST, "admin/import/students")
        .bearer_auth(&admin.token);
    let refused = board
        .send(request.body("name,mail\nAnn,ann@example.edu\n"))
        .await
        .expect(422);
    assert_eq!(refused.fields(), ["email"]);
    board
        .get(Some(&admin), "admin/import/students")
        .await
        .expect(405);
    board.stop().await;
}

/// Imports stream, so the size limit of other bodies does not apply.
#[actix_web::test]
async fn a_file_far_over_the_limit_of_bodies_is_imported() {
    let board = Board::start_with(Clock::System, |config| config.server.body_limit_kib = 16);
    let admin = board.admin().await;
    import(&board, &admin, "employers", EMPLOYERS).await;
    let mut csv =
        String::from("jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId\n");
    let text = "Pours coffee, \"\"smiles\"\".\n".repeat(400);
    for number in 0..300 {
        writeln!(
            csv,
            "Barista {number},\"{text}\",15,10,2099-01-31,b{number}"
        )
        .unwrap();
    }
    assert!(csv.len() > 100 * 16 * 1024);
    let report = import(&board, &admin, "jobs?owner=owner@example.com", &csv).await;
    assert_eq!(counts(&report), (300, 0, 0, 0));
    board.stop().await;
}

/// Waits until a student is stored.
async fn wait_for_student(board: &Board, email: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_there(board, email).await {
        assert!(Instant::now() < deadline, "{email} did not land");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn is_there(board: &Board, email: &str) -> bool {
    let key = keys::student_email(&Email::parse(email).unwrap());
    let reader = board.store.read().unwrap();
    reader.is_taken(&key).await.unwrap()
}

/// The half row at the end must not be stored: "S12" may be the start of "S1234".
#[actix_web::test]
async fn a_broken_upload_stores_only_complete_rows() {
    let board = Board::start();
    let admin = board.admin().await;
    let (address, token) = (board.url.strip_prefix("http://").unwrap(), &admin.token);
    for (name, chunked, reset) in [
        ("a", false, false),
        ("b", true, false),
        ("c", false, true),
        ("d", true, true),
    ] {
        // More rows than fit in one change, so that the first row shows that the import has started.
        let mut csv = String::from("name,email,studentId\n");
        for number in 0..1_100 {
            writeln!(csv, "Ann,{name}{number}@example.edu,").unwrap();
        }
        write!(csv, "Bob,{name}half@example.edu,{name}12").unwrap();
        let (framing, chunk) = if chunked {
            (
                "Transfer-Encoding: chunked".into(),
                format!("{:x}\r\n", csv.len()),
            )
        } else {
            (format!("Content-Length: {}", csv.len() + 2), String::new())
        };
        let upload = format!(
            "POST /api/v1/admin/import/students HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {token}\r\n{framing}\r\n\r\n{chunk}{csv}"
        );
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(upload.as_bytes()).await.unwrap();
        wait_for_student(&board, &format!("{name}0@example.edu")).await;
        if reset {
            connection.set_zero_linger().unwrap();
        }
        drop(connection);
        wait_for_student(&board, &format!("{name}1099@example.edu")).await;
        // The broken import holds nothing that another import would wait for.
        let report = import(&board, &admin, "students", &format!("{csv}34\n")).await;
        assert_eq!(
            counts(&report),
            (1, 0, 1_100, 0),
            "{name}: Bob was not there"
        );
    }
    board.stop().await;
}

#[actix_web::test]
async fn one_file_imported_three_times_at_once_is_stored_once() {
    let board = Board::start();
    let admin = board.admin().await;
    import(&board, &admin, "employers", EMPLOYERS).await;
    let mut csv =
        String::from("jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId\n");
    for number in 0..700 {
        writeln!(csv, "Clerk {number},Files.,15,10,2099-01-31,c{number}").unwrap();
    }
    let path = "jobs?owner=ines@example.edu";
    let thrice = [(); 3].map(|()| import(&board, &admin, path, &csv));
    let reports = futures_util::future::join_all(thrice).await;
    let sums = reports.iter().map(counts).fold(
        (0, 0, 0),
        |sums, (created, updated, unchanged, rejected)| {
            assert_eq!(rejected, 0);
            (sums.0 + created, sums.1 + updated, sums.2 + unchanged)
        },
    );
    assert_eq!(sums, (700, 0, 1_400));
    let reader = board.store.read().unwrap();
    let mut jobs = 0;
    let mut walk = reader.walk(&keys::jobs());
    while let Some(rows) = walk.next_keys().await.unwrap() {
        jobs += rows.len();
    }
    assert_eq!(jobs, 700);
    drop((reader, walk));
    board.stop().await;
}

#[actix_web::test]
async fn a_dry_run_leaves_no_trace() {
    let board = Board::start();
    let admin = board.admin().await;
    import(&board, &admin, "employers", EMPLOYERS).await;
    import(&board, &admin, "jobs", JOBS).await;
    let end = async || board.store.read().unwrap().log_end().await.unwrap();
    let before = end().await;
    let students = import(&board, &admin, "students?dryRun=true", STUDENTS).await;
    assert_eq!(counts(&students), (2, 0, 0, 3));
    let changed = JOBS.replace("16.50", "17");
    let jobs = import(&board, &admin, "jobs?dryRun=true", &changed).await;
    assert_eq!(counts(&jobs), (0, 1, 2, 3));
    assert_eq!(end().await, before);
    let email = Email::parse("ann@example.edu").unwrap();
    let reader = board.store.read().unwrap();
    let taken = reader.is_taken(&keys::student_email(&email)).await;
    assert!(!taken.unwrap());
    drop(reader);
    let jobs = import(&board, &admin, "jobs", JOBS).await;
    assert_eq!(counts(&jobs), (0, 0, 3, 3), "the dry run changed a job");
    board.stop().await;
}

fn corkboard(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    support::store::choose(&mut command, &folder.join("data"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Independent faults of a row are reported together, so that a person can mend all of them at once.
#[actix_web::test]
async fn a_row_with_several_faults_names_all_of_them() {
    let board = Board::start();
    let admin = board.admin().await;
    let faults = |report: &Value| -> Vec<String> {
        assert_eq!(report["rejected"].as_array().unwrap().len(), 1, "{report}");
        let row = &report["rejected"][0];
        assert_eq!(row["line"], 2);
        let more = row["more"].as_array().into_iter().flatten();
        let all = std::iter::once(row).chain(more);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.map(|one| format!("{} {}", text(&one["field"]), text(&one["code"])))
            .collect()
    };
    let students =
        "name,email,gpa,graduationDate,workStudyRemaining\n,ann@elsewhere.com,good,soon,-5\n";
    let report = import(&board, &admin, "students", students).await;
    let wanted = [
        "name empty",
        "email campus_domain",
        "graduationDate not_a_date",
        "gpa not_a_number",
        "workStudyRemaining negative",
    ];
    assert_eq!(faults(&report), wanted);
    let report = import(
        &board,
        &admin,
        "employers",
        "name,email,setting\n,ann,moon\n",
    )
    .await;
    let wanted = ["name empty", "email not_an_email", "setting not_one_of"];
    assert_eq!(faults(&report), wanted);
    // The values, and the employer, which is looked up. A value that cannot be read is not missing too.
    let jobs = "externalId,jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,positions,employerEmail\n\
        x1,Aide,,much,99,soon,2.5,nobody@example.edu\n";
    let report = import(&board, &admin, "jobs", jobs).await;
    let wanted = [
        "jobPayRate not_an_amount",
        "positions not_a_whole_number",
        "jobDescription required",
        "hoursPerWeek out_of_open_range",
        "deadline not_a_date_or_time",
        "employerEmail not_an_employer",
    ];
    assert_eq!(faults(&report), wanted);
    // Cells that cannot be read at all.
    let broken = "name,email,gpa,visa\nAnn,ann@example.edu,#REF!,#NAME?\n";
    let report = import(&board, &admin, "students", broken).await;
    let wanted = ["gpa spreadsheet_error", "visa spreadsheet_error"];
    assert_eq!(faults(&report), wanted);
    board.stop().await;

    let folder = tempfile::tempdir().unwrap();
    create_board(&folder.path().join("data"));
    std::fs::write(folder.path().join("students.csv"), students).unwrap();
    let done = corkboard(folder.path(), &["import", "students", "students.csv"]);
    assert_eq!(
        String::from_utf8_lossy(&done.stderr),
        "line 2: name must not be empty; email must be a campus address (example.edu); graduationDate must be a date, such as \
         2027-05-15; gpa must be a number; workStudyRemaining must not be negative\n"
    );
    assert_eq!(
        out(&done),
        "0 created, 0 updated, 0 unchanged, 1 rejected\n"
    );
}

#[test]
fn the_command_line_imports_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    create_board(&folder.path().join("data"));
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("employers.csv", EMPLOYERS);
    write("jobs.csv", JOBS);
    let mut many = String::from("name,email\n");
    for number in 0..2_000 {
        writeln!(many, "Student {number},s{number}@example.edu").unwrap();
    }
    write("students.csv", &many);

    let dry = corkboard(
        folder.path(),
        &["import", "students", "students.csv", "--dry-run"],
    );
    assert!(
        out(&dry).starts_with("2000 created") && out(&dry).contains("nothing was changed"),
        "{dry:?}"
    );
    let real = corkboard(folder.path(), &["import", "students", "students.csv"]);
    assert!(
        out(&real).starts_with("2000 created, 0 updated, 0 unchanged, 0 rejected"),
        "{real:?}"
    );
    let again = corkboard(
        folder.path(),
        &["import", "students", "students.csv", "--strict"],
    );
    assert!(
        again.status.success() && out(&again).contains("2000 unchanged"),
        "{again:?}"
    );

    corkboard(folder.path(), &["import", "employers", "employers.csv"]);
    let jobs = corkboard(folder.path(), &["import", "jobs", "jobs.csv"]);
    assert!(jobs.status.success(), "{jobs:?}");
    let told = String::from_utf8_lossy(&jobs.stderr);
    assert!(told.contains("line 7: jobPayRate must be from 0"), "{told}");
    assert_eq!(
        corkboard(folder.path(), &["import", "jobs", "jobs.csv", "--strict"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        corkboard(folder.path(), &["import", "jobs", "nowhere.csv"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        corkboard(folder.path(), &["import", "cats", "jobs.csv"])
            .status
            .code(),
        Some(2)
    );
}

#[actix_web::test]
async fn a_dry_run_must_be_true_or_false() {
    let board = Board::start();
    let admin = board.admin().await;
    for query in [
        "dryRun",
        "dryRun=",
        "dryRun=%20",
        "dryRun=maybe",
        "dryRun=true&dryRun=",
    ] {
        let request = board
            .request(Method::POST, &format!("admin/import/students?{query}"))
            .bearer_auth(&admin.token);
        let refused = board.send(request.body(STUDENTS)).await.expect(422);
        assert_eq!(refused.fields(), ["dryRun"], "{query}");
    }
    assert!(!is_there(&board, "ann@example.edu").await);
    let dry = import(&board, &admin, "students?dryRun=true", STUDENTS).await;
    assert_eq!(counts(&dry), (2, 0, 0, 3));
    let real = import(&board, &admin, "students?dryRun=false", STUDENTS).await;
    assert_eq!(counts(&real), (2, 0, 0, 3));
    assert!(is_there(&board, "ann@example.edu").await);
    board.stop().await;
}

#[actix_web::test]
async fn a_body_with_another_content_type_is_refused() {
    let board = Board::start();
    let admin = board.admin().await;
    let send = async |kind: &str| {
        let request = board
            .request(Method::POST, "admin/import/employers")
            .bearer_auth(&admin.token)
            .header("content-type", kind);
        board.send(request.body(EMPLOYERS)).await
    };
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/html",
        "text/csvx",
        "text/csv; charset=latin1",
    ] {
        let refused = send(kind).await.expect(415).json();
        assert_eq!(refused["code"], "unsupported_media_type", "{kind}");
    }
    let email = Email::parse("ines@example.edu").unwrap();
    let reader = board.store.read().unwrap();
    let taken = reader.is_taken(&keys::employer_email(&email)).await;
    assert!(!taken.unwrap());
    drop(reader);
    for kind in [
        "text/csv",
        "Text/CSV; header=present; charset=\"UTF-8\"",
        "text/csv;charset=utf-8",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/plain;charset=UTF-8",
    ] {
        send(kind).await.expect(200);
    }
    board.stop().await;
}

/// Otherwise the two rows would alternate, and every rerun would change the record twice.
#[actix_web::test]
async fn a_repeated_key_in_a_file_is_stored_once() {
    let board = Board::start();
    let admin = board.admin().await;
    let employers = EMPLOYERS.replace("\r\n", "\n");
    let employers = format!("{employers}Someone Else,INES@example.edu,,,Cafeteria,onCampus\n");
    let mut students = String::from("name,email,gpa\nAnn,ann@example.edu,3\n");
    // Too far apart to be in the same change.
    for number in 0..600 {
        writeln!(students, "Bob,bob{number}@example.edu,3").unwrap();
    }
    students.push_str("Ann,Ann@Example.edu,4\nAnn,nowhere,4\nAnn,nowhere,4\n");
    let jobs = "jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId,employerEmail\n\
        Shelver,\"Books.\nBoxes.\",15,10,2099-01-31,x1,ines@example.edu\n\
        Reader,Books.,15,10,2099-01-31,x1,ines@example.edu\n";
    for (path, csv, stored, wanted) in [
        (
            "employers",
            employers.as_str(),
            2,
            vec![(4, "email", "is already on line 2")],
        ),
        (
            "students",
            &students,
            601,
            vec![
                (603, "email", "is already on line 2"),
                (
                    604,
                    "email",
                    "must be an email address, such as name@example.edu",
                ),
                (
                    605,
                    "email",
                    "must be an email address, such as name@example.edu",
                ),
            ],
        ),
        (
            "jobs",
            jobs,
            1,
            vec![(4, "externalId", "is already on line 2")],
        ),
    ] {
        let dry = import(&board, &admin, &format!("{path}?dryRun=true"), csv).await;
        let first = import(&board, &admin, path, csv).await;
        let told = first["rejected"].as_array().unwrap().iter().map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (
                one["line"].as_u64().unwrap(),
                text("field"),
                text("message"),
            )
        });
        assert_eq!(told.collect::<Vec<_>>(), wanted);
        assert_eq!(dry, first);
        assert_eq!(counts(&first), (stored, 0, 0, wanted.len()));
        let again = import(&board, &admin, path, csv).await;
        assert_eq!(counts(&again), (0, 0, stored, wanted.len()), "{path}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn an_address_of_another_role_is_not_imported() {
    let board = Board::start();
    let admin = board.admin().await;
    board.join("employer", "library@example.edu").await;
    board.join("student", "ann@example.edu").await;
    // Never verified, so the address belongs to nobody yet.
    let claim = json!({"email": "bob@example.edu", "password": "a long password here", "name": "Bob", "role": "employer"});
    board.post(None, "auth/register", claim).await.expect(202);
    let csv = "name,email\nA,library@example.edu\nB,ann@example.edu\nC,office@example.edu\nD,bob@example.edu\n";
    for (path, stored, lines) in [
        ("students", (1, 0, 1, 2), [2, 4]),
        ("employers", (1, 0, 1, 2), [3, 4]),
    ] {
        let report = import(&board, &admin, path, csv).await;
        assert_eq!(counts(&report), stored, "{path}: {report}");
        for (one, line) in report["rejected"].as_array().unwrap().iter().zip(lines) {
            let wanted = json!({
                "line": line, "field": "email", "code": "other_role",
                "message": "belongs to an account with another role", "params": {},
            });
            assert_eq!(*one, wanted);
        }
    }
    board.stop().await;
}
