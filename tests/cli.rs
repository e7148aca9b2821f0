//! The binary as operators use it: it starts and stops cleanly, reports errors, and keeps two processes from using one
//! store.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::process::{Process, corkboard, create_board};
use crate::support::{self, job, people, send};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::model::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

const EMPLOYERS: &str = "name,email,workSpace\nInés,ines@example.edu,Library\n";

/// Creates accounts in a data folder that no server uses.
async fn make_people(data: &Path) {
    let config = crate::support::store::config(data);
    let store = open_store(&config, Clock::System).unwrap();
    people::make(&store, Role::Employer, &["library@example.edu".into()]).await;
    people::make(&store, Role::Admin, &["office@example.edu".into()]).await;
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[actix_web::test]
async fn a_stop_finishes_the_request_that_runs_and_then_exits_with_0() {
    let data = tempfile::tempdir().unwrap();
    make_people(data.path()).await;
    let mut site = Process::serve(data.path());
    let office = site.login("office@example.edu").await;
    let (pieces, body) = mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = futures_util::stream::unfold(body, async |mut body| {
        let piece = body.recv().await?;
        Some((piece, body))
    });
    let upload = site
        .request(Method::POST, "admin/import/students")
        .bearer_auth(&office.token)
        .body(reqwest::Body::wrap_stream(body));
    let upload = actix_web::rt::spawn(send(upload));
    pieces.send(Ok(b"name,email\n".to_vec())).await.unwrap();
    let rows = (0..1_100).map(|number| format!("Ann,ann{number}@example.edu\n"));
    pieces
        .send(Ok(rows.collect::<String>().into()))
        .await
        .unwrap();
    // The first rows are stored, so the request is running.
    let csv = "name,email\nAnn,ann0@example.edu\n";
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let ask = site
            .request(Method::POST, "admin/import/students?dryRun=true")
            .bearer_auth(&office.token)
            .body(csv);
        if send(ask).await.unwrap().expect(200).json()["unchanged"] == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "the rows do not land");
    }

    site.terminate();
    // The server accepts no new connections, but still reads the running one.
    let address = site.url.strip_prefix("http://").unwrap().to_owned();
    while std::net::TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "still takes calls");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    pieces
        .send(Ok(b"Bob,bob@example.edu\n".to_vec()))
        .await
        .unwrap();
    drop(pieces);
    let report = upload.await.unwrap().unwrap().expect(200).json();
    assert_eq!(report["created"], 1101);
    let status = site.ended().await;
    assert_eq!(status.code(), Some(0), "{}", site.said());
}

/// D8: how to recover when nobody can log in.
#[actix_web::test]
async fn accounts_are_managed_from_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let account = |arguments: &[&str]| {
        let mut command = corkboard(data.path());
        command.arg("account").args(arguments).output().unwrap()
    };
    for email in ["office@example.edu", "second@example.edu"] {
        let role = [
            "create",
            "--role",
            "admin",
            "--name",
            "Office",
            "--generate",
            "--email",
            email,
        ];
        assert!(account(&role).status.success());
    }
    let by_email =
        |command: &'static str, email: &'static str| account(&[command, "--email", email]);
    let done = |output: Output| {
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let suspended = done(by_email("suspend", "office@example.edu"));
    assert_eq!(suspended, "suspended office@example.edu\n");
    let last = by_email("suspend", "second@example.edu");
    assert_eq!(last.status.code(), Some(1));
    assert!(
        said(&last).contains("the last active admin cannot be suspended"),
        "{}",
        said(&last)
    );
    let reinstated = done(by_email("reinstate", "office@example.edu"));
    assert_eq!(reinstated, "reinstated office@example.edu\n");
    done(by_email("suspend", "second@example.edu"));
    let nobody = by_email("reinstate", "nobody@example.edu");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        said(&nobody).contains("no account has the email"),
        "{}",
        said(&nobody)
    );
    let reset = account(&[
        "reset-password",
        "--generate",
        "--email",
        "office@example.edu",
    ]);
    // A script gets the password and nothing else.
    let password = done(reset);
    assert_eq!(password.trim().len(), 16, "{password}");
    let site = Process::serve(data.path());
    site.login_with("office@example.edu", password.trim()).await;
    let help = corkboard(data.path())
        .args(["account", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for command in ["create", "suspend", "reinstate", "reset-password"] {
        assert!(help.contains(command), "{help}");
    }
    site.stop().await;
}

#[actix_web::test]
async fn a_command_fails_at_once_while_a_server_uses_the_store() {
    let data = tempfile::tempdir().unwrap();
    let site = Process::serve(data.path());
    write(data.path(), "employers.csv", EMPLOYERS);
    let commands: [&[&str]; 4] = [
        &["serve", "--listen", "127.0.0.1:0"],
        &["import", "employers", "employers.csv"],
        &["import", "employers", "employers.csv", "--dry-run"],
        &["account", "suspend", "--email", "ines@example.edu"],
    ];
    for arguments in commands {
        let refused = corkboard(data.path()).args(arguments).output().unwrap();
        let said = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {said}");
        let sentence = "store.redb; stop it first";
        assert!(
            said.starts_with("corkboard: ") && said.contains(sentence),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // A second server on a port in use.
    let elsewhere = tempfile::tempdir().unwrap();
    let address = site.url.strip_prefix("http://").unwrap();
    let refused = corkboard(elsewhere.path())
        .args(["serve", "--listen", address])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let sentence = format!("cannot listen on {address}");
    assert!(said(&refused).contains(&sentence), "{}", said(&refused));
    site.get(None, "/healthz").await.expect(200);
    site.stop().await;
}

#[test]
fn a_setting_that_is_wrong_stops_the_start_and_says_where() {
    let data = tempfile::tempdir().unwrap();
    let start = |text: &str, file: &str, environment: &[(&str, &str)]| {
        write(data.path(), file, text);
        let refused = corkboard(data.path())
            .args(["--config", file, "serve"])
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        said(&refused)
    };
    // src/config/load.rs has the sentences of all kinds of errors.
    let cases = [
        (
            "[server]\nlisten = \"127.0.0.1:0\"\nlisen = 1\n",
            "line 3: [server] has no setting lisen. Did you mean listen?",
        ),
        (
            "\n[sever]\n",
            "line 2: there is no section [sever]. Did you mean [server]?",
        ),
        (
            "[mail]\ntransport = \"pigeon\"\n",
            "line 2: mail.transport is \"pigeon\", but must be \"maildir\" or \"smtp\"",
        ),
        (
            "[server]\nlisten = \n",
            "line 2, column 10: this is not TOML (at listen): ",
        ),
        (
            "[campus]\nname = \" \"\n",
            "line 2: campus.name is \" \", but must be a name and not empty",
        ),
        (
            "[campus]\n\ncurrency = \"usd\"\n",
            "line 3: campus.currency is \"usd\", but must be three capital letters",
        ),
        (
            "[campus]\ncurrency = \"EURO\"\n",
            "line 2: campus.currency is \"EURO\", but must be three capital letters",
        ),
        (
            "[campus]\nlanguages = []\n",
            "line 2: campus.languages is [], but must have at least one entry",
        ),
        (
            "[campus]\nlanguages = [\"English, please\"]\n",
            "line 2: campus.languages is [\"English, please\"], but each entry must be a language tag",
        ),
        (
            "[campus]\naccent = \"red\"\n",
            "line 2: campus.accent is \"red\", but must be empty or a color, such as \"#1a5fb4\"",
        ),
        (
            "[campus]\naccent = \"#12345g\"\n",
            "line 2: campus.accent is \"#12345g\", but must be empty or a color",
        ),
        (
            "[campus]\nemail_domains = [\"campus edu\"]\n",
            "line 2: campus.email_domains is [\"campus edu\"], but each entry must be the part of an address after the @",
        ),
        (
            "[server]\nallowed_origins = [\"*\"]\n",
            "line 2: server.allowed_origins is [\"*\"], but each entry must be a scheme and a host",
        ),
        (
            "[server]\nallowed_origins = [\"https://a.edu/\"]\n",
            "line 2: server.allowed_origins is [\"https://a.edu/\"], but each entry must be a scheme and a host",
        ),
        (
            "[server]\nallowed_origins = [\"a.edu\"]\n",
            "line 2: server.allowed_origins is [\"a.edu\"], but each entry must be a scheme and a host",
        ),
        (
            "[server]\nallowed_origins = [\"https://a.edu:99999\"]\n",
            "line 2: server.allowed_origins is [\"https://a.edu:99999\"], but each entry must be a scheme and a host",
        ),
        (
            "[server]\npublic_url = \"jobs.a.edu\"\n",
            "line 2: server.public_url is \"jobs.a.edu\", but must be empty or start with http:// or https://",
        ),
        (
            "[server]\ntrusted_proxies = [\"proxy\"]\n",
            "line 2: server.trusted_proxies is [\"proxy\"], but each entry must be an IP address",
        ),
        (
            "[accounts]\ncampus_networks = [\"10.0.0.0/40\"]\n",
            "line 2: accounts.campus_networks is [\"10.0.0.0/40\"], but each entry must be a range of addresses",
        ),
        (
            "[mail]\nfrom = \"The office\"\n",
            "line 2: mail.from is \"The office\", but must be an email address, such as \"Corkboard <jobs@example.edu>\"",
        ),
        (
            "\n[mail]\ntransport = \"smtp\"\nhost = \"\"\n",
            "line 2: [mail] needs a host",
        ),
        (
            "[calendar]\nterms = [\n{ name = \"A\", start = 2026-08-31, end = 2026-12-18 },\n{ name = \"B\", start = 2027-05-18, end = 2027-01-11 },\n]\n",
            "line 4: calendar.terms, entry 2 must not end before it starts; \"B\" does",
        ),
    ];
    for (text, sentence) in cases {
        let said = start(text, "own.toml", &[]);
        let sentence = format!("corkboard: own.toml, {sentence}");
        assert!(said.starts_with(&sentence), "{said}\n{sentence}");
    }
    let said_of = |name: &str, value: &str| start("", "own.toml", &[(name, value)]);
    let wrong = said_of("CORKBOARD__SERVER__LISTEN", "everywhere");
    assert!(
        wrong.contains("environment variable CORKBOARD__SERVER__LISTEN"),
        "{wrong}"
    );
    let lower = said_of("CORKBOARD__CAMPUS__CURRENCY", "usd");
    assert!(
        lower.contains("CORKBOARD__CAMPUS__CURRENCY") && lower.contains("USD"),
        "{lower}"
    );
    // It has no quotes to add.
    for (name, value, sentence) in [
        (
            "CORKBOARD__BACKUP__AT",
            "03:00:00",
            "backup.at is \"03:00:00\", but must be a time of day",
        ),
        (
            "CORKBOARD__SERVER__LISTEN",
            "80",
            "server.listen is \"80\", but must be an IP address and a port",
        ),
    ] {
        let wrong = said_of(name, value);
        assert!(wrong.contains(sentence), "{wrong}");
    }
    let unknown = said_of("CORKBOARD__SERVER__PORT", "80");
    assert!(
        unknown.contains("CORKBOARD__SERVER__PORT") && unknown.contains("listen"),
        "{unknown}"
    );
    std::fs::write(data.path().join("utf16.toml"), b"\xff\xfe[\0s\0").unwrap();
    let refused = corkboard(data.path())
        .args(["--config", "utf16.toml", "serve"])
        .output()
        .unwrap();
    let sentence = "cannot read the settings file utf16.toml: it is not text in UTF-8";
    assert!(said(&refused).contains(sentence), "{}", said(&refused));
    let refused = corkboard(data.path())
        .args(["--config", "nowhere.toml", "serve"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("nowhere.toml"),
        "{}",
        said(&refused)
    );
}

/// Mails would hold links that nobody can open, and nobody would notice.
#[actix_web::test]
async fn a_start_with_harmful_sample_settings_warns_once_of_each() {
    let data = tempfile::tempdir().unwrap();
    let warned = async |listen: &str, environment: &[(&str, &str)]| {
        let mut command = corkboard(data.path());
        command
            .args(["serve", "--listen", listen])
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied());
        let site = Process::start(&mut command);
        let said = site.said();
        site.stop().await;
        let (before, _) = said.split_once("listening on ").unwrap();
        let lines = before
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let warnings = lines.filter(|line: &Value| line["level"] == "WARN");
        warnings
            .map(|line| line["fields"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(warned("127.0.0.1:0", &[]).await, [Value::Null; 0]);
    let open = warned("0.0.0.0:0", &[]).await;
    let settings: Vec<_> = open.iter().map(|fields| &fields["setting"]).collect();
    assert_eq!(
        settings,
        [
            "server.public_url",
            "campus.name",
            "campus.email_domains",
            "mail.transport"
        ]
    );
    let message = open[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("links in emails start with http://0.0.0.0:")
            && message.contains("which other machines cannot open"),
        "{message}"
    );
    let ready = [
        ("CORKBOARD__SERVER__PUBLIC_URL", "https://jobs.ours.edu"),
        ("CORKBOARD__CAMPUS__NAME", "Ours"),
        ("CORKBOARD__CAMPUS__EMAIL_DOMAINS", "[\"ours.edu\"]"),
        ("CORKBOARD__MAIL__TRANSPORT", "smtp"),
        ("CORKBOARD__MAIL__FROM", "jobs@ours.edu"),
    ];
    assert_eq!(warned("0.0.0.0:0", &ready).await, [Value::Null; 0]);
}

#[actix_web::test]
async fn the_environment_says_where_to_listen() {
    let data = tempfile::tempdir().unwrap();
    // In its working folder, so it is read without being named.
    write(
        data.path(),
        "config.toml",
        "[server]\nlisten = \"192.0.2.1:1\"\n[campus]\nname = \"Test\"\n",
    );
    let mut command = corkboard(data.path());
    command
        .arg("serve")
        .env("CORKBOARD__SERVER__LISTEN", "127.0.0.1:0");
    let site = Process::start(&mut command);
    site.get(None, "/readyz").await.expect(200);
    site.stop().await;
}

#[actix_web::test]
async fn jobs_are_imported_for_the_employer_who_is_named() {
    let data = tempfile::tempdir().unwrap();
    create_board(data.path());
    write(data.path(), "employers.csv", EMPLOYERS);
    let jobs = "jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId\nShelver,Books.,15,10,2099-01-31,x1\n";
    write(data.path(), "jobs.csv", jobs);
    let import = |arguments: &[&str]| {
        let mut command = corkboard(data.path());
        let done = command.arg("import").args(arguments).output().unwrap();
        (
            done.status.code(),
            String::from_utf8(done.stdout.clone()).unwrap(),
            said(&done),
        )
    };
    import(&["employers", "employers.csv"]);
    let (status, done, said) = import(&["jobs", "jobs.csv"]);
    assert_eq!(
        (status, done.as_str()),
        (Some(0), "0 created, 0 updated, 0 unchanged, 1 rejected\n")
    );
    assert!(
        said.contains("line 2: employerEmail is empty, no active employer has this workplace"),
        "{said}"
    );
    // All that is wrong with a row, so that it is corrected once.
    write(data.path(), "wrong.csv", "name,email,gpa\n,ann,good\n");
    let (_, _, said) = import(&["students", "wrong.csv"]);
    assert_eq!(
        said,
        "line 2: name must not be empty; email must be an email address, such as name@example.edu; gpa must be a number\n"
    );
    let (status, _, said) = import(&["jobs", "jobs.csv", "--owner", "nobody"]);
    assert!(status == Some(1) && said.contains("--owner"), "{said}");
    let (_, _, said) = import(&["jobs", "jobs.csv", "--owner", "who@example.edu"]);
    assert!(
        said.contains("owner does not belong to an employer"),
        "{said}"
    );
    let (_, done, _) = import(&["jobs", "jobs.csv", "--owner", "ines@example.edu"]);
    assert_eq!(done, "1 created, 0 updated, 0 unchanged, 0 rejected\n");
    let site = Process::serve(data.path());
    let listed = site.get(None, "jobs").await.expect(200).json();
    assert_eq!(listed["items"][0]["employerName"], "Inés");
    site.stop().await;
}

/// A store that a power cut left open is recovered before it is read, as before a start.
#[actix_web::test]
async fn a_store_that_was_not_closed_is_recovered_and_read() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [&["check"][..], &["rules", "list"]] {
        let mut site = Process::serve(data.path());
        let refused = corkboard(data.path()).args(arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let sentence = "store.redb; stop it first";
        assert!(said(&refused).contains(sentence), "{}", said(&refused));
        site.kill();
        let done = corkboard(data.path()).args(arguments).output().unwrap();
        assert_eq!(
            done.status.code(),
            Some(0),
            "{arguments:?}: {}",
            said(&done)
        );
        assert_eq!(said(&done), "");
        let printed = String::from_utf8(done.stdout).unwrap();
        assert!(
            printed.ends_with(" No problems found.\n") || printed.contains("campus-eligibility"),
            "{printed}"
        );
    }
}

/// Mails contain valid tokens, and the store contains everything.
#[actix_web::test]
async fn a_new_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("a/data");
    std::fs::create_dir(parent.path().join("a")).unwrap();
    std::fs::set_permissions(
        parent.path().join("a"),
        std::fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    command
        .arg("--data-dir")
        .arg(&data)
        .args(["serve", "--listen", "127.0.0.1:0"]);
    let site = Process::start(command.current_dir(parent.path()));
    let body = json!({"email": "ann@example.edu", "password": support::PASSWORD, "name": "Ann", "role": "student"});
    site.post(None, "auth/register", body).await.expect(202);
    let new = data.join("mail/new");
    let deadline = Instant::now() + Duration::from_secs(30);
    let mail = loop {
        if let Some(mail) = std::fs::read_dir(&new).unwrap().next() {
            break mail.unwrap().path();
        }
        assert!(Instant::now() < deadline, "no mail is written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("store.redb")), 0o600);
    assert_eq!(mode(&mail), 0o600);
    assert_eq!(mode(&parent.path().join("a")), 0o755);
    site.stop().await;

    // The operator's permissions on an existing folder stay.
    let own = tempfile::tempdir().unwrap();
    std::fs::set_permissions(own.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
    Process::serve(own.path()).stop().await;
    assert_eq!(mode(own.path()), 0o750);
}

/// The peak memory, in KiB, of an import of this many rows. The rows come through a pipe that stays open until memory
/// was measured.
fn most_memory(rows: usize) -> u64 {
    let data = tempfile::tempdir().unwrap();
    create_board(data.path());
    let mut import = corkboard(data.path())
        .args(["import", "students", "-", "--dry-run"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = std::io::BufWriter::new(import.stdin.take().unwrap());
    writeln!(input, "name,email,studentId").unwrap();
    for number in 0..rows {
        // Every second row is rejected.
        let name = ["Student", "\"Stu\ndent\""][number % 2];
        writeln!(input, "{name},s{number}@example.edu,S{number}").unwrap();
    }
    let input = input.into_inner().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", import.id())).unwrap();
    drop(input);
    let mut told = String::new();
    import
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(import.wait().unwrap().success());
    let half = rows / 2;
    let counts = format!("{half} created, 0 updated, 0 unchanged, {half} rejected");
    assert!(told.starts_with(&counts), "{told}");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[test]
fn memory_does_not_grow_with_the_file() {
    // Both need several changes. What is kept per key (16 bytes and its line) is small in comparison.
    let (small, large) = (most_memory(10_000), most_memory(80_000));
    assert!(
        large * 4 < small * 5,
        "{small} KiB, and {large} KiB for eight times the rows"
    );
}

/// Somebody who tries the examples in README.md in the demo finds something, by what was typed.
async fn readme_searches_find_something(demo: &Process) {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (_, section) = readme.split_once("\n## For students\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let examples: Vec<_> = section.split('`').skip(1).step_by(2).collect();
    assert!(examples.len() > 10, "{examples:?}");
    let deadline = Instant::now() + Duration::from_mins(1);
    while demo.get(None, "jobs").await.expect(200).json()["total"] != 200
        || demo.get(None, "jobs?sort=pay").await.expect(200).json()["total"] != 200
    {
        assert!(
            Instant::now() < deadline,
            "the demo's postings are not found"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for example in examples {
        let typed: String = form_urlencoded::byte_serialize(example.as_bytes()).collect();
        let found = demo.get(None, &format!("jobs?q={typed}")).await;
        let found = found.expect(200).json();
        let total = found["total"].as_u64().unwrap();
        assert!(
            (1..200).contains(&total) && found["corrected"].is_null(),
            "{example}: {total} of 200 {}",
            found["corrected"]
        );
    }
}

#[actix_web::test]
async fn the_demo_creates_a_campus_and_deletes_it() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    command
        .args(["demo", "--listen", "127.0.0.1:0"])
        .current_dir(temporary.path())
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped());
    let mut site = Process::start(&mut command);
    let mut output = site.output().unwrap();
    readme_searches_find_something(&site).await;
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    // Written before it listened, so it is in the pipe.
    let mut told = vec![0; 64 * 1024];
    let count = output.read(&mut told).unwrap();
    let told = String::from_utf8_lossy(&told[..count]).into_owned();
    assert!(told.contains(&site.url), "{told}");
    for role in ["student", "employer", "admin"] {
        let line = told
            .lines()
            .find(|line| line.trim().starts_with(role))
            .unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        let person = site.login_with(words[1], words[2]).await;
        let me = site.get(Some(&person), "me").await.expect(200).json();
        assert_eq!(me["account"]["role"], role);
        if role == "employer" {
            assert!(!site.list(&person, "applications").await.is_empty());
            site.post(Some(&person), "jobs", job(json!({})))
                .await
                .expect(201);
        }
    }
    site.terminate();
    assert_eq!(site.ended().await.code(), Some(0), "{}", site.said());
    assert_eq!(
        std::fs::read_dir(temporary.path()).unwrap().count(),
        0,
        "its folder is left"
    );
}

/// A Ctrl-C at that time leaves nothing behind either.
#[actix_web::test]
async fn a_demo_that_is_stopped_while_it_fills_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    command
        .args(["demo", "--listen", "127.0.0.1:0"])
        .current_dir(temporary.path())
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null());
    let mut site = Process::start_until(&mut command, "creating a campus");
    site.terminate();
    assert_eq!(site.ended().await.code(), Some(0), "{}", site.said());
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// D15: the demo has its own campus, whatever is in the current folder and the environment.
#[actix_web::test]
async fn a_demo_ignores_other_settings_and_keeps_a_named_folder() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "config.toml",
        "[campus]\nname = \"Ours\"\nemail_domains = [\"ours.edu\"]\n[server]\nlisten = \"192.0.2.1:1\"\n",
    );
    let demo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
        command
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(folder.path())
            .env("CORKBOARD__CAMPUS__EMAIL_DOMAINS", "[\"theirs.edu\"]")
            .env("CORKBOARD__DATA__DIR", "elsewhere")
            .stdout(Stdio::null());
        command
    };
    let site = Process::start(&mut demo(&["--data-dir", "kept"]));
    let listed = site.get(None, "jobs").await.expect(200).json();
    let job = format!("jobs/{}", listed["items"][0]["jobId"].as_str().unwrap());
    site.stop().await;
    let kept = folder.path().join("kept");
    assert!(kept.join("store.redb").exists());
    assert!(!folder.path().join("elsewhere").exists());
    // An existing campus is not filled again.
    let again = demo(&["--data-dir", "kept"]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    let sentence =
        "kept already holds Corkboard data. Run it with `corkboard serve --data-dir kept`";
    assert!(said(&again).contains(sentence), "{}", said(&again));
    let other = demo(&["--config", "config.toml"]).output().unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(
        said(&other).contains("its own settings"),
        "{}",
        said(&other)
    );
    let mut own = corkboard(&kept);
    let site = Process::start(own.args(["serve", "--listen", "127.0.0.1:0"]));
    site.get(None, &job).await.expect(200);
    site.stop().await;
}

/// The bytes of a store's file.
fn stored(data: &Path) -> Vec<u8> {
    std::fs::read(data.join("store.redb")).unwrap()
}

#[actix_web::test]
async fn a_repair_makes_lost_index_rows_again_and_else_writes_nothing() {
    use corkboard::model::AccountStatus;
    use corkboard::store::{Direction, KeyRange, Origin, StoreError, keys};

    let data = tempfile::tempdir().unwrap();
    make_people(data.path()).await;
    let before = stored(data.path());
    let run = |arguments: &[&str]| corkboard(data.path()).args(arguments).output().unwrap();
    let sound = run(&["check", "--repair"]);
    assert!(sound.status.success(), "{}", said(&sound));
    assert!(stored(data.path()) == before, "a repair of nothing writes");

    let config = crate::support::store::config(data.path());
    let store = open_store(&config, Clock::System).unwrap();
    let active = KeyRange::prefix(&keys::accounts_by_status(AccountStatus::Active));
    store
        .run::<(), StoreError>(Origin::OPERATOR, async |transaction| {
            let rows = transaction.scan_keys(&active, Direction::Forward, 10);
            for key in rows.await? {
                transaction.delete_bytes(key);
            }
            Ok(())
        })
        .await
        .unwrap();
    drop(store);
    let damaged = run(&["check"]);
    assert_eq!(damaged.status.code(), Some(1));
    let line = said(&damaged).lines().next().unwrap().to_owned();
    let (account, index) = line.split_once(": an index key is missing (").unwrap();
    assert!(account.starts_with("account 0"), "{line}");
    assert_eq!(index, format!("index XA of {account})"));
    assert!(said(&damaged).contains("try `corkboard check --repair`"));
    let repaired = run(&["check", "--repair"]);
    assert!(repaired.status.success(), "{}", said(&repaired));
    assert_eq!(said(&repaired).matches(": rebuilt\n").count(), 2);
    let printed = String::from_utf8(repaired.stdout).unwrap();
    assert!(printed.contains("rows repaired: 2\n"), "{printed}");
    assert!(printed.ends_with(" No problems found.\n"), "{printed}");
    assert!(run(&["check"]).status.success());
}
