//! `corkboard rules` as authors and the office use it: the binary, its exit status and its output.

use std::path::Path;
use std::process::{Output, Stdio};

use crate::rules_support::edition;
use crate::rules_support::guest::{Answer, Guest, component};
use crate::support::Board;
use crate::support::process::{Process, corkboard};
use serde_json::json;

const CAMPUS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/rules/campus-eligibility/campus-eligibility.wasm"
);
const NOTIFICATION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/rules/campus-notification/campus-notification.wasm"
);

fn rules(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = corkboard(folder);
    command.arg("rules").args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

/// Its standard output and standard error, after it ended with the expected status.
#[track_caller]
fn ends(output: &Output, status: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{printed}\n{said}");
    (printed, said)
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn write_command(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    write(folder, name, text);
    let runnable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.join(name), runnable).unwrap();
}

#[test]
fn new_creates_a_folder_and_refuses_an_existing_one() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, source) in [
        ("js", "rule.js"),
        ("rust", "src/lib.rs"),
        ("c", "rule.c"),
        ("python", "rule.py"),
    ] {
        let name = format!("night-work-{lang}");
        let (_, said) = ends(&rules(folder.path(), &["new", "--lang", lang, &name]), 0);
        assert!(said.contains(&format!("rules build {name}")), "{said}");
        let read = |file: &str| std::fs::read_to_string(folder.path().join(&name).join(file));
        let contract = std::fs::read_to_string("rules/wit/v1/rules.wit").unwrap();
        assert_eq!(read("wit/rules.wit").unwrap(), contract);
        let rule = read(source).unwrap();
        let named = ["name: ", "name = say(", "name="].map(|before| format!("{before}\"{name}\""));
        assert!(named.iter().any(|named| rule.contains(named)), "{rule}");
        assert_eq!(rule.matches("\"weekly-hours\"").count(), 1, "{rule}");
        let raised = said.contains("CORKBOARD__RULES__MODULE_LIMIT_KIB=20480\n");
        assert_eq!(raised, lang == "python", "{said}");
        let cases = read("cases.json").unwrap();
        let cases: serde_json::Value = serde_json::from_str(&cases).unwrap();
        assert!(!cases["cases"].as_array().unwrap().is_empty());
        assert!(read("README.md").unwrap().contains(&name));
        let build = folder.path().join(&name).join("build");
        let sound = std::process::Command::new("sh")
            .arg("-n")
            .arg(&build)
            .status();
        assert!(sound.unwrap().success());
    }
    write(folder.path(), "night-work-js/rule.js", "mine");
    let again = rules(folder.path(), &["new", "--lang", "js", "night-work-js"]);
    let (_, said) = ends(&again, 1);
    assert!(said.contains("already exists"), "{said}");
    let kept = std::fs::read_to_string(folder.path().join("night-work-js/rule.js"));
    assert_eq!(kept.unwrap(), "mine");
}

#[test]
fn check_shows_what_a_module_is_and_costs_or_why_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (told, _) = ends(&rules(folder.path(), &["check", CAMPUS]), 0);
    for part in [
        "campus-eligibility ",
        "eligibility: which student may apply for which job",
        "campus:rules/types@1.0.0: types only",
        "weeklyHoursInTerm (number, default 20)",
        "compiling ",
        "one student at a time ",
        "one student in a batch ",
        " instructions",
        " of 4096",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let (told, _) = ends(&rules(folder.path(), &["check", NOTIFICATION]), 0);
    assert!(told.contains("one recipient in a batch "), "{told}");

    let curious = component(
        "(component (import \"wasi:sockets/tcp@0.2.0\" (instance (export \"f\" (func (result u64))))))",
    );
    let stuck = Guest::new("(loop $on (br $on)) unreachable").build();
    write(folder.path(), "photo.wasm", "GIF89a");
    write(folder.path(), "curious.wasm", curious);
    write(folder.path(), "stuck.wasm", stuck);
    write(folder.path(), "large.wasm", vec![0; 4 * 1024 * 1024 + 1]);
    for (file, words) in [
        ("photo.wasm", "it is not a WebAssembly file"),
        ("curious.wasm", "it imports wasi:sockets/tcp@0.2.0"),
        ("stuck.wasm", "took longer than 50 ms"),
        ("large.wasm", "rules.module_limit_kib"),
        ("nowhere.wasm", "No such file"),
    ] {
        let (told, said) = ends(&rules(folder.path(), &["check", file]), 1);
        assert!(told.is_empty(), "{told}");
        assert!(
            said.starts_with(&format!("corkboard: {file}: ")) && said.contains(words),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn test_runs_cases_and_shows_each_difference() {
    let folder = tempfile::tempdir().unwrap();
    let case = |name: &str, hours: u32, outcome: &str| {
        json!({
            "name": name,
            "job": {"weeklyHours": hours, "hourlyRateCents": 1800},
            "expect": {"outcome": outcome},
        })
    };
    let good = case("ten hours are fine", 10, "eligible");
    let file = json!({"today": "2026-10-01", "cases": [good]});
    write(folder.path(), "good.json", file.to_string());
    let bad = case("so are twenty-five", 25, "eligible");
    let file = json!({"today": "2026-10-01", "cases": [good, bad]});
    write(folder.path(), "bad.json", file.to_string());
    write(folder.path(), "broken.json", "{\"cases\": [{\"nmae\": 1}]}");

    let test = |cases: &str| rules(folder.path(), &["test", CAMPUS, "--cases", cases]);
    let (told, _) = ends(&test("good.json"), 0);
    assert!(told.contains("ok   ten hours are fine ("), "{told}");
    assert!(told.contains("1 of 1 cases passed"), "{told}");
    assert!(told.contains("µs each in a batch"), "{told}");

    let (told, _) = ends(&test("bad.json"), 1);
    assert!(told.contains("FAIL so are twenty-five ("), "{told}");
    assert!(told.contains("expected eligible, got ineligible"), "{told}");
    assert!(
        told.contains("it answered ") && told.contains("25"),
        "{told}"
    );
    assert!(told.contains("1 of 2 cases passed"), "{told}");

    let (_, said) = ends(&test("broken.json"), 1);
    assert!(
        said.contains("broken.json") && said.contains("nmae"),
        "{said}"
    );
    let counted = ["test", CAMPUS, "--cases", "good.json", "--instructions"];
    let (told, _) = ends(&rules(folder.path(), &counted), 0);
    assert!(told.contains(" instructions)"), "{told}");
}

#[test]
fn build_runs_the_build_script_and_checks_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("own");
    std::fs::create_dir(&rule).unwrap();
    let (_, said) = ends(&rules(folder.path(), &["build", "own"]), 1);
    assert!(said.contains("own has no file `build`"), "{said}");

    write_command(
        &rule,
        "build",
        &format!("#!/bin/sh\ncp '{CAMPUS}' rule.wasm\n"),
    );
    let (told, _) = ends(&rules(folder.path(), &["build", "own"]), 0);
    assert!(told.contains("campus-eligibility "), "{told}");
    ends(&rules(&rule, &["build"]), 0);

    write_command(
        &rule,
        "build",
        "#!/bin/sh\necho 'line 3 is wrong' >&2\nexit 7\n",
    );
    let (told, said) = ends(&rules(folder.path(), &["build", "own"]), 1);
    assert!(
        told.is_empty(),
        "the module of the last build passed: {told}"
    );
    assert!(
        said.contains("line 3 is wrong") && said.contains('7'),
        "{said}"
    );
    write_command(&rule, "build", "#!/bin/sh\nexit 0\n");
    let (_, said) = ends(&rules(folder.path(), &["build", "own"]), 1);
    assert!(said.contains("did not create rule.wasm"), "{said}");
}

/// Answers eligible for everybody if a condition about the batch is true. (Memory from 1024 on is zero. Locals 9 and 13
/// are the counts of students and pairs.)
fn eligible_if(condition: &str) -> Guest {
    Guest::new(&format!(
        "(if (i32.eqz {condition}) (then unreachable))
         (i32.store offset=4 (i32.const 256) (i32.const 1024))
         (i32.store offset=8 (i32.const 256) (local.get 13)) (i32.const 256)"
    ))
}

#[test]
fn a_batch_is_measured_with_many_students() {
    let folder = tempfile::tempdir().unwrap();
    let case = json!({"expect": {"outcome": "eligible"}});
    write(
        folder.path(),
        "cases.json",
        json!({"cases": [case]}).to_string(),
    );
    let counts = eligible_if("(i32.eq (local.get 9) (local.get 13))").build();
    write(folder.path(), "counts.wasm", counts);
    let told = |arguments: &[&str], status| {
        let (printed, said) = ends(&rules(folder.path(), arguments), status);
        printed + &said
    };
    let test = ["test", "counts.wasm", "--cases", "cases.json"];
    told(&["check", "counts.wasm"], 0);
    told(&test, 0);

    // A module that fails on a batch is useless to a board, whatever single cases show.
    let alone = eligible_if("(i32.eq (local.get 13) (i32.const 1))").build();
    write(folder.path(), "counts.wasm", alone);
    for arguments in [&["check", "counts.wasm"][..], &test] {
        let told = told(arguments, 1);
        assert!(told.contains("in a batch"), "{told}");
        assert!(told.contains("the rule crashed"), "{told}");
    }
}

#[test]
fn a_crash_in_a_case_lists_possible_causes() {
    let folder = tempfile::tempdir().unwrap();
    // Stops on the first day of 1970. Local 1 is the day.
    write(
        folder.path(),
        "late.wasm",
        eligible_if("(local.get 1)").build(),
    );
    let case = |today: &str| {
        let case = json!({"expect": {"outcome": "eligible"}});
        json!({"today": today, "cases": [case]}).to_string()
    };
    write(folder.path(), "1970.json", case("1970-01-01"));
    write(folder.path(), "2026.json", case("2026-10-01"));
    let test = |cases: &str| rules(folder.path(), &["test", "late.wasm", "--cases", cases]);
    ends(&test("2026.json"), 0);
    let (told, _) = ends(&test("1970.json"), 1);
    assert!(told.contains("the rule crashed"), "{told}");
    assert!(told.contains("wrong shape"), "{told}");
}

#[test]
fn build_makes_a_component_of_a_core_module() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("own");
    std::fs::create_dir(&rule).unwrap();
    write_command(&rule, "build", "#!/bin/sh\ncp core.wasm rule.wasm\n");
    let plain = eligible_if("(i32.const 1)").named("by-hand", "{}");
    write(&rule, "core.wasm", plain.core_module());
    let (told, _) = ends(&rules(folder.path(), &["build", "own"]), 0);
    assert!(told.starts_with("by-hand "), "{told}");
    ends(&rules(&rule, &["check", "rule.wasm"]), 0);

    for (core, words) in [
        (
            "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32))))",
            "wasi_snapshot_preview1",
        ),
        (
            "(module (memory (export \"memory\") 1))",
            "campus:rules/eligibility-check@1.0.0",
        ),
        (
            "(module (func (export \"campus:rules/notification-route@1.0.0#describe\") (result i32) unreachable))",
            "campus:rules/notification-route@1.0.0",
        ),
    ] {
        write(&rule, "core.wasm", component(core));
        let (told, said) = ends(&rules(folder.path(), &["build", "own"]), 1);
        assert!(told.is_empty(), "{told}");
        assert!(
            said.contains("rule.wasm: cannot turn this module into a component: ")
                && said.contains(words),
            "{said}"
        );
    }
}

/// A campus with one application for a job of ten hours.
async fn campus() -> tempfile::TempDir {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let job = board.post_job(&employer, json!({"hoursPerWeek": 10})).await;
    let body = json!({"jobId": job["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    board.admin().await;
    board.stop().await
}

#[actix_web::test]
async fn a_modules_states_can_be_changed_from_the_command_line() {
    let folder = campus().await;
    let data = folder.path();
    let (told, _) = ends(&rules(data, &["list"]), 0);
    assert_eq!(told.matches("  active   ").count(), 2, "{told}");
    assert!(told.contains("  campus-eligibility 1.1.0\n"), "{told}");

    let module = std::fs::read(CAMPUS).unwrap();
    write(data, "strict.wasm", edition(&module, 1));
    let upload = ["upload", "strict.wasm", "--name", "strict"];
    let (id, said) = ends(&rules(data, &upload), 0);
    let id = id.trim();
    assert!(said.contains(&format!("rules dry-run {id}")), "{said}");
    assert!(said.starts_with("strict 1.1.0 is a draft"), "{said}");
    let (told, _) = ends(&rules(data, &["list"]), 0);
    let first = told.lines().next().unwrap();
    assert!(
        first.starts_with(id) && first.contains("  draft "),
        "{told}"
    );

    write(data, "wrong.json", "{\"weeklyHoursInTerm\": \"many\"}");
    let wrong = ["set", id, "--parameters", "wrong.json"];
    let (_, said) = ends(&rules(data, &wrong), 1);
    assert!(said.contains("parameters.weeklyHoursInTerm"), "{said}");
    write(data, "list.json", "[]");
    ends(&rules(data, &["set", id, "--parameters", "list.json"]), 1);
    write(
        data,
        "five.json",
        "{\"weeklyHoursInTerm\": 5, \"weeklyHoursInBreaks\": 5}",
    );
    ends(&rules(data, &["set", id, "--parameters", "five.json"]), 0);

    let active = ["set", id, "--state", "active"];
    let (_, said) = ends(&rules(data, &active), 1);
    assert!(
        said.contains(&format!("corkboard rules dry-run {id}")),
        "{said}"
    );
    let (told, _) = ends(&rules(data, &["dry-run", id]), 0);
    assert!(
        told.starts_with("1 verdicts checked, 1 would change\n"),
        "{told}"
    );
    assert!(told.contains("eligible → ineligible"), "{told}");
    assert!(told.contains("strict@"), "{told}");
    let (told, _) = ends(&rules(data, &["list"]), 0);
    assert!(
        told.lines().next().unwrap().ends_with("; dry run done"),
        "{told}"
    );
    let (told, _) = ends(&rules(data, &active), 0);
    assert_eq!(told, "strict 1.1.0 is active\n");
    let (told, _) = ends(&rules(data, &["list"]), 0);
    assert_eq!(told.matches("  active   ").count(), 3, "{told}");

    // Changes made here apply in the server. No server may run during them.
    let site = Process::serve(data);
    let office = site.login("office@example.edu").await;
    let path = format!("admin/rules/{id}");
    let mine = site.get(Some(&office), &path).await.expect(200).json();
    assert_eq!(mine["state"], "active");
    assert_eq!(mine["parameters"]["weeklyHoursInTerm"], 5);
    for held in [&["list"][..], &upload, &["dry-run", id], &active] {
        let (_, said) = ends(&rules(data, held), 1);
        let sentence = "store.redb; stop it first";
        assert!(said.contains(sentence), "{said}");
    }
    site.stop().await;
}

fn config_of(data: &Path) -> corkboard::config::Config {
    crate::support::store::config(data)
}

#[test]
fn wrong_arguments_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let nobody = "01900000-0000-7000-8000-000000000000";
    for wrong in [
        &[][..],
        &["new", "own"],
        &["new", "--lang", "cobol", "own"],
        &["new", "--lang", "js", "../own"],
        &["new", "--lang", "js", "9lives"],
        &["check"],
        &["test", CAMPUS],
        &["upload", CAMPUS, "--name", "No Name"],
        &["dry-run", "seven"],
        &["set", nobody],
        &["set", nobody, "--state", "sleeping"],
    ] {
        ends(&rules(data, wrong), 2);
    }
    let left = std::fs::read_dir(data).unwrap().count();
    assert_eq!(left, 0, "wrong usage makes nothing");
    // A12: a wrong folder must not become a new campus.
    write(data, "photo.wasm", "GIF89a");
    for elsewhere in [
        &["set", nobody, "--state", "active"][..],
        &["dry-run", nobody],
        &["upload", "photo.wasm"],
        &["list"],
    ] {
        let (_, said) = ends(&rules(data, elsewhere), 1);
        assert!(said.contains("there is no Corkboard data in "), "{said}");
        assert!(!data.join("store.redb").exists());
    }
    corkboard::app::open_store(&config_of(data), corkboard::clock::Clock::System).unwrap();
    let (_, said) = ends(&rules(data, &["set", nobody, "--state", "active"]), 1);
    assert!(said.contains("rule not found"), "{said}");
    let (_, said) = ends(&rules(data, &["dry-run", nobody]), 1);
    assert!(said.contains("rule not found"), "{said}");
    let (_, said) = ends(&rules(data, &["upload", "photo.wasm"]), 1);
    assert!(said.contains("it is not a WebAssembly file"), "{said}");
    let declines = Guest::answering(Answer::declined("no")).build();
    write(data, "declines.wasm", declines);
    let (_, said) = ends(&rules(data, &["upload", "declines.wasm"]), 1);
    assert!(said.contains("the rule could not decide: no"), "{said}");
}
