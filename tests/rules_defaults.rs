//! The built-in modules: they match their sources, describe what the board's forms show, and decide as the same source
//! does natively.

use crate::rules_support::COMPILER;
use crate::rules_support::native as as_native;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use campus_eligibility as native;
use campus_notification as mail;
use corkboard::model::Parameters;
use corkboard::rules::{
    Attribute, BUILT_IN, Commitment, Context, Delivery, Digest, Event, Fault, Host, Job, Kind,
    Limits, Outcome, Period, PeriodKind, Recipient, Schema, Student, Value, Verdict,
};
use proptest::prelude::*;
use serde_json::json;

fn host() -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().unwrap();
    // The engine is slow in a debug build, and time does not matter here.
    let limits = Limits {
        deadline: std::time::Duration::from_secs(5),
        ..Limits::default()
    };
    let host = Host::open(folder.path(), limits, COMPILER.as_ref()).unwrap();
    (folder, host)
}

#[test]
fn the_built_in_modules_describe_themselves_correctly() {
    let (_folder, host) = host();
    for (built_in, version) in BUILT_IN.iter().zip([native::VERSION, mail::VERSION]) {
        let inspected = host.inspect(built_in.bytes).unwrap();
        assert_eq!(inspected.kind, built_in.kind);
        assert_eq!(inspected.name, built_in.name);
        assert_eq!(inspected.version, version);
        assert!(inspected.summary.len() > 20);
        assert!(
            inspected
                .imports
                .iter()
                .all(|name| name == "campus:rules/types@1.0.0")
        );
        assert!(built_in.bytes.len() < 200_000);
    }
    assert_eq!(BUILT_IN[0].kind, Kind::Eligibility);
    assert_eq!(BUILT_IN[1].kind, Kind::Notification);
}

fn files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// `rules/build` writes the checksums of a module and of all its sources in one run.
#[test]
fn the_modules_match_their_sources() {
    let sums = fs::read_to_string("rules/SHA256SUMS").unwrap();
    let mut listed = BTreeSet::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let path = Path::new("rules").join(name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            Digest::of(&bytes).to_string(),
            sum,
            "{name} was changed: run rules/build"
        );
        listed.insert(path);
    }
    let mut present = BTreeSet::new();
    for built_in in BUILT_IN {
        files(&Path::new("rules").join(built_in.name), &mut present);
    }
    let missing: Vec<_> = present.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "not in rules/SHA256SUMS: {missing:?}; run rules/build"
    );
    for needed in [
        "wit/v1/rules.wit",
        "build",
        "toolchain",
        "componentize/Cargo.lock",
    ] {
        assert!(
            listed.contains(&Path::new("rules").join(needed)),
            "{needed}"
        );
    }
}

fn mail_settings(attributes: &[Attribute]) -> Vec<(String, mail::Setting)> {
    let setting = |one: &Attribute| {
        let value = match &one.value {
            Value::Number(number) => mail::Setting::Number(*number),
            Value::Flag(flag) => mail::Setting::Flag(*flag),
            Value::Texts(texts) => mail::Setting::Texts(texts.clone()),
            Value::Text(_) | Value::Day(_) => mail::Setting::Other,
        };
        (one.name.clone(), value)
    };
    attributes.iter().map(setting).collect()
}

/// The form shows the rule's real defaults.
#[test]
fn the_schemas_have_the_rules_own_defaults() {
    let schema = Schema::parse(native::SCHEMA).unwrap();
    let settings = native::Settings::of(as_native::settings(&schema.defaults())).unwrap();
    assert_eq!(settings, native::Settings::default());
    assert!(schema.complete_by_default());
    let schema = Schema::parse(mail::SCHEMA).unwrap();
    let settings = mail::Settings::of(mail_settings(&schema.defaults())).unwrap();
    assert_eq!(settings, mail::Settings::default());
}

/// Every parameter in the form reaches the rule: a value other than the default changes its settings.
#[test]
fn every_parameter_reaches_the_rule() {
    let written: serde_json::Value = serde_json::from_str(native::SCHEMA).unwrap();
    let schema = Schema::parse(native::SCHEMA).unwrap();
    let other = json!({
        "weeklyHoursInTerm": 19, "weeklyHoursInBreaks": 19, "internationalWeeklyHoursInTerm": 19,
        "internationalVisas": ["X"], "daysOutsideTheCalendar": "break", "minimumCredits": 1,
        "minimumCreditsForGraduates": 1, "levelWhenUnknown": "review", "minimumGpa": 1, "minimumHourlyPay": 1, "currency": "€",
        "awardMustLastWeeks": 1, "whenTheAwardRunsOutEarly": "refuse", "workStudyForInternationalStudents": true,
        "whenGraduatingBeforeTheEnd": "refuse", "workStudyFirstUntil": "2026-10-01", "workStudyFirstDays": 1,
        "workStudyFirstOffCampus": true,
        "unknownAwardCountsAsNone": false, "neededFacts": ["gpa"], "whenAFactIsMissing": "refuse",
    });
    for name in written["properties"].as_object().unwrap().keys() {
        let given = Parameters::from_iter([(name.clone(), other[name].clone())]);
        let attributes = schema.read(&given).unwrap();
        let settings = native::Settings::of(as_native::settings(&attributes)).unwrap();
        assert_ne!(settings, native::Settings::default(), "{name}");
        for texts in ["title", "description"] {
            assert!(
                written["properties"][name][texts].is_string(),
                "{name} has no {texts}"
            );
        }
    }
}

#[test]
fn all_invalid_parameters_are_named() {
    let schema = Schema::parse(native::SCHEMA).unwrap();
    let given = json!({
        "weeklyHoursInTerm": 169, "currency": "far too long", "workStudyFirstUntil": "October", "neededFacts": ["age"],
        "awardMustLastWeeks": 1.5, "daysOutsideTheCalendar": "holiday", "colour": "red",
    });
    let Err(Fault::BadParameters(wrong)) = schema.read(given.as_object().unwrap()) else {
        panic!("taken")
    };
    let wrong: Vec<String> = wrong
        .0
        .iter()
        .map(|error| format!("{} {}", error.field, error.fault))
        .collect();
    assert_eq!(
        wrong,
        [
            "colour is not a setting of this rule",
            "awardMustLastWeeks must be a whole number",
            "currency must have at most 5 characters, but has 12",
            "daysOutsideTheCalendar must be one of: term, break",
            "neededFacts must be one of: gpa, credits, visa, workStudyAward, graduation",
            "weeklyHoursInTerm must be at most 168",
            "workStudyFirstUntil must be a date, such as 2027-05-15",
        ]
    );
    let day = Parameters::from_iter([("workStudyFirstUntil".into(), "2026-10-01".into())]);
    let attributes = schema.read(&day).unwrap();
    let until = attributes
        .iter()
        .find(|one| one.name == "workStudyFirstUntil")
        .unwrap();
    assert_eq!(until.value, Value::Day(20_727));
}

const TERM: i32 = 20_690;

fn day() -> impl Strategy<Value = i32> {
    TERM - 40..TERM + 200
}

fn hours() -> impl Strategy<Value = f32> {
    (0u16..450).prop_map(|tenths| f32::from(tenths) / 10.0)
}

prop_compose! {
    fn commitment()(weekly_hours in hours(), hourly_rate_cents in 500u32..4000, start in day(), days in prop::option::of(0..200), work_study: bool) -> Commitment {
        Commitment { weekly_hours, hourly_rate_cents, start, end: days.map(|days| start + days), work_study }
    }
}

prop_compose! {
    fn student()(
        gpa in prop::option::of(0f32..4.0), enrolled_credits in prop::option::of(0f32..20.0),
        visa in prop::option::of(prop::sample::select(vec!["F-1 (initial)", "j1", "H-4", "", "ünïcode", "F\u{2011}1/OPT"])),
        award in prop::option::of(prop_oneof![Just(0u64), 1u64..1_000_000]), graduation in prop::option::of(day()),
        commitments in prop::collection::vec(commitment(), 0..4),
        level in prop::sample::select(vec!["graduate", "undergraduate", "doctoral"]),
    ) -> Student {
        Student {
            id: "s".into(), gpa, enrolled_credits, visa: visa.map(str::to_owned), work_study_remaining_cents: award,
            graduation, skills: vec!["Excel".into()], commitments,
            attributes: vec![Attribute { name: "level".into(), value: Value::Text(level.into()) }],
        }
    }
}

prop_compose! {
    fn job()(weekly_hours in hours(), hourly_rate_cents in 0u32..4000, work_study: bool, on_campus: bool, posted in day(), start in prop::option::of(day()), end in prop::option::of(day())) -> Job {
        Job { id: "j".into(), title: "Library aide".into(), weekly_hours, hourly_rate_cents, work_study, on_campus, posted, start, end, ..Job::default() }
    }
}

prop_compose! {
    fn period()(recess: bool, start in day(), days in 0..120) -> Period {
        Period { kind: if recess { PeriodKind::Recess } else { PeriodKind::Term }, start, end: start + days }
    }
}

fn parameters() -> impl Strategy<Value = Vec<Attribute>> {
    let schema = Schema::parse(native::SCHEMA).unwrap();
    let answers = prop::sample::select(vec!["allow", "review", "refuse"]);
    (0u8..60, 0u8..60, answers.clone(), answers, any::<bool>(), 0u8..20, prop::sample::subsequence(vec!["gpa", "credits", "visa", "workStudyAward", "graduation"], 0..5))
        .prop_map(move |(term, recess, award, missing, unknown, days, needed)| {
            schema
                .read(json!({
                    "weeklyHoursInTerm": f64::from(term) / 2.0, "weeklyHoursInBreaks": recess, "whenTheAwardRunsOutEarly": award,
                    "whenAFactIsMissing": missing, "unknownAwardCountsAsNone": unknown, "workStudyFirstDays": days,
                    "neededFacts": needed,
                }).as_object().unwrap())
                .unwrap()
        })
}

prop_compose! {
    fn context()(calendar in prop::collection::vec(period(), 0..5), spanish: bool, parameters in parameters(), today in day()) -> Context {
        Context { now_unix_seconds: i64::from(today) * 86_400, today, calendar, language: if spanish { "es" } else { "en" }.into(), parameters }
    }
}

/// What the same source decides natively.
fn natively(context: &Context, student: &Student, job: &Job) -> Verdict {
    let settings = native::Settings::of(as_native::settings(&context.parameters)).unwrap();
    as_native::verdict(native::check(
        &as_native::student(student),
        &as_native::job(job),
        &as_native::context(context),
        &settings,
    ))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn the_module_decides_as_its_source_does(
        context in context(),
        students in prop::collection::vec(student(), 1..5),
        jobs in prop::collection::vec(job(), 1..5),
    ) {
        thread_local!(static HOST: (tempfile::TempDir, Host) = host());
        HOST.with(|(_, host)| {
            let module = host.module(Digest::of(BUILT_IN[0].bytes), BUILT_IN[0].bytes).unwrap();
            let pairs: Vec<_> = (0..students.len() as u32)
                .flat_map(|student| (0..jobs.len() as u32).map(move |job| (student, job)))
                .collect();
            let verdicts = module.check(&context, &students, &jobs, &pairs).unwrap();
            for ((student, job), verdict) in pairs.into_iter().zip(verdicts) {
                let expected = natively(&context, &students[student as usize], &jobs[job as usize]);
                prop_assert_eq!(verdict, expected);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_parameter_of_the_wrong_kind_makes_the_module_decline() {
    let (_folder, host) = host();
    let module = host
        .module(Digest::of(BUILT_IN[0].bytes), BUILT_IN[0].bytes)
        .unwrap();
    let context = Context {
        parameters: vec![Attribute {
            name: "minimumGpa".into(),
            value: Value::Flag(true),
        }],
        ..Context::default()
    };
    let fault = module
        .check(
            &context,
            &[Student::default()],
            &[Job::default()],
            &[(0, 0)],
        )
        .unwrap_err();
    assert_eq!(
        fault,
        Fault::Declined("minimumGpa must be a number, zero or more".into())
    );
}

#[test]
fn mail_is_routed_as_the_source_does() {
    let (_folder, host) = host();
    let module = host
        .module(Digest::of(BUILT_IN[1].bytes), BUILT_IN[1].bytes)
        .unwrap();
    let context = Context {
        parameters: Schema::parse(mail::SCHEMA).unwrap().defaults(),
        ..Context::default()
    };
    let mut seen = BTreeSet::new();
    for kind in ["job_posted", "application_status", "deadline_near"] {
        let event = Event {
            kind: kind.into(),
            job: Some(Job {
                skills: vec!["Excel".into()],
                ..Job::default()
            }),
            ..Event::default()
        };
        let recipients: Vec<_> = (0..192u32)
            .map(|bits| Recipient {
                local_hour: (bits % 24) as u8,
                sent_last_day: bits / 24,
                matched: if bits % 2 == 0 {
                    vec!["Excel".into()]
                } else {
                    vec![]
                },
                muted_kinds: if bits % 7 == 0 {
                    vec![kind.into()]
                } else {
                    vec![]
                },
                digest_preferred: bits % 5 == 0,
                ..Recipient::default()
            })
            .collect();
        let deliveries = module.route(&context, &event, &recipients).unwrap();
        assert_eq!(deliveries.len(), recipients.len());
        for (recipient, delivery) in recipients.iter().zip(deliveries) {
            let expected = mail::route(
                &mail::Event {
                    kind: kind.into(),
                    skills: 1,
                },
                &mail::Recipient {
                    local_hour: recipient.local_hour,
                    sent_last_day: recipient.sent_last_day,
                    matched: recipient.matched.len(),
                    muted_kinds: recipient.muted_kinds.clone(),
                    digest_preferred: recipient.digest_preferred,
                },
                &mail::Settings::default(),
            );
            let expected = match expected {
                mail::Delivery::Now => Delivery::Now,
                mail::Delivery::Digest => Delivery::Digest,
                mail::Delivery::Suppress(why) => Delivery::Suppress(why),
            };
            assert_eq!(delivery, expected, "{recipient:?}");
            seen.insert(format!("{delivery:?}"));
        }
    }
    // Now, digest, and both reasons to suppress.
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn compiled_code_is_cached_and_a_damaged_cache_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = BUILT_IN[0].bytes;
    let call = || {
        let host = Host::open(folder.path(), Limits::default(), COMPILER.as_ref()).unwrap();
        let module = host.module(Digest::of(bytes), bytes).unwrap();
        let verdicts = module
            .check(
                &Context::default(),
                &[Student::default()],
                &[Job::default()],
                &[(0, 0)],
            )
            .unwrap();
        assert_eq!(verdicts[0].outcome, Outcome::Ineligible);
    };
    let kept = || {
        let mut found = BTreeSet::new();
        files(folder.path(), &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
        found.pop_first().unwrap()
    };
    call();
    let file = kept();
    assert!(
        file.to_string_lossy()
            .contains(&Digest::of(bytes).to_string())
    );
    let whole = fs::read(&file).unwrap();
    call();
    for _ in 0..3 {
        call();
    }
    let later = fs::metadata(kept()).unwrap().len() as usize;
    assert!(
        later < whole.len() * 5 / 4,
        "it grows: {} to {later}",
        whole.len()
    );
    for damage in 0..3 {
        let mut damaged = whole.clone();
        match damage {
            0 => damaged.truncate(whole.len() / 2),
            1 => damaged[whole.len() / 2] ^= 1,
            _ => damaged.clear(),
        }
        fs::write(&file, damaged).unwrap();
        call();
        assert!(fs::read(kept()).unwrap().len() > whole.len() * 3 / 4);
    }
    // Another engine's code is deleted.
    fs::write(
        folder
            .path()
            .join(format!("{}-0123456789abcdef.code", Digest::of(bytes))),
        b"old",
    )
    .unwrap();
    call();
    kept();
}

#[test]
fn failed_cases_show_the_actual_answer() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::counting(folder.path(), Limits::default(), COMPILER.as_ref()).unwrap();
    let cases = json!({
        "today": "2026-08-25",
        "calendar": [{ "kind": "term", "start": "2026-08-25", "end": "2026-12-15" }],
        "parameters": { "weeklyHoursInTerm": 20 },
        "cases": [
            {
                "name": "sixteen and eight are too many",
                "student": { "commitments": [{ "weeklyHours": 16, "hourlyRateCents": 1500, "start": "2026-08-01", "end": null, "workStudy": false }] },
                "job": { "weeklyHours": 8, "hourlyRateCents": 1500, "start": "2026-09-01" },
                "expect": { "outcome": "ineligible", "codes": ["hours-in-term"], "messages": ["You can work at most 20 hours a week during the term; with this job you'd work 24."] },
            },
            {
                "name": "three credits will do for a graduate",
                "student": { "enrolledCredits": 3, "attributes": { "level": "graduate" } },
                "job": { "weeklyHours": 8, "hourlyRateCents": 1500 },
                "expect": { "outcome": "eligible", "codes": [] },
            },
            {
                "name": "a wrong hope",
                "job": { "weeklyHours": 30, "hourlyRateCents": 1500 },
                "expect": { "outcome": "eligible" },
            },
        ],
    });
    let report = host
        .run_cases(BUILT_IN[0].bytes, &cases.to_string())
        .unwrap();
    let differences: Vec<_> = report
        .cases
        .iter()
        .map(|case| case.differences.len())
        .collect();
    assert_eq!(differences, [0, 0, 2], "{report}");
    assert!(!report.passed());
    assert!(
        report
            .cases
            .iter()
            .all(|case| case.fuel.is_some_and(|fuel| fuel > 1000)),
        "{report}"
    );
    let told = report.to_string();
    assert!(told.contains("expected eligible, got ineligible"), "{told}");
    assert!(told.contains("2 of 3 cases"), "{told}");
    for (cases, words) in [
        ("{}", "no cases"),
        (
            "{\"cases\": [{\"student\": {\"graduation\": \"soon\"}}]}",
            "soon is not a date",
        ),
        ("{\"cases\": [{\"studnet\": {}}]}", "studnet"),
        (
            "{\"cases\": [{\"name\": \"hollow\", \"expect\": {}}]}",
            "hollow expects nothing",
        ),
        (
            "{\"cases\": [{\"expect\": {\"delivery\": \"now\"}}]}",
            "case 1 expects a delivery",
        ),
        (
            "{\"cases\": [{\"name\": \"high\", \"parameters\": {\"weeklyHoursInTerm\": 900}, \"expect\": {\"outcome\": \"eligible\"}}]}",
            "high: the rule's parameters are not valid: ",
        ),
    ] {
        let Err(Fault::Refused(why)) = host.run_cases(BUILT_IN[0].bytes, cases) else {
            panic!("taken")
        };
        assert!(why.contains(words), "{why}");
    }
}
