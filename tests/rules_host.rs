//! Hostile and broken modules: each is refused or stopped with its own fault, and the host keeps working.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::rules_support::COMPILER;
use crate::rules_support::guest::{Answer, Guest, component};
use corkboard::rules::{
    BUILT_IN, Commitment, Context, Digest, Fault, Host, Job, Kind, Limits, Module, Outcome,
    Student, Verdict,
};
use tempfile::TempDir;

struct Bench {
    host: Host,
    _folder: TempDir,
}

fn open(limits: Limits) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::open(folder.path(), limits, COMPILER.as_ref()).unwrap();
    Bench {
        host,
        _folder: folder,
    }
}

fn host() -> Bench {
    open(Limits::default())
}

fn load(bench: &Bench, bytes: &[u8]) -> Arc<Module> {
    bench.host.module(Digest::of(bytes), bytes).unwrap()
}

fn ask(module: &Module) -> Result<Vec<Verdict>, Fault> {
    module.check(
        &Context::default(),
        &[Student::default()],
        &[Job::default()],
        &[(0, 0)],
    )
}

/// The host still works with the built-in module.
fn still_works(bench: &Bench) {
    let module = load(bench, BUILT_IN[0].bytes);
    assert_eq!(ask(&module).unwrap().len(), 1);
}

fn refused(bench: &Bench, bytes: &[u8]) -> String {
    let told = match bench.host.inspect(bytes) {
        Err(Fault::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    still_works(bench);
    told
}

/// The fault of a module with this `check`.
fn outcome(check: &str) -> Fault {
    let bench = host();
    let bytes = Guest::new(check).build();
    let module = load(&bench, &bytes);
    let fault = ask(&module).unwrap_err();
    // An upload reports the same fault.
    assert_eq!(bench.host.inspect(&bytes).unwrap_err(), fault);
    still_works(&bench);
    fault
}

#[test]
fn a_correct_handwritten_module_is_accepted() {
    let bench = host();
    let bytes = Guest::answering(Answer::eligible()).build();
    let inspected = bench.host.inspect(&bytes).unwrap();
    assert_eq!(inspected.kind, Kind::Eligibility);
    assert_eq!(
        (inspected.name.as_str(), inspected.version.as_str()),
        ("hostile", "0.1.0")
    );
    assert_eq!(inspected.digest, Digest::of(&bytes));
    assert_eq!(ask(&load(&bench, &bytes)).unwrap(), [Verdict::ELIGIBLE]);
}

#[test]
fn an_endless_loop_is_stopped_at_the_deadline() {
    let started = Instant::now();
    assert_eq!(
        outcome("(loop $l (br $l)) unreachable"),
        Fault::OutOfTime(50)
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn an_endless_loop_before_any_question_is_stopped_too() {
    let bench = host();
    for guest in [
        Guest::answering(Answer::eligible()).with("(func $s (loop $l (br $l))) (start $s)"),
        Guest::answering(Answer::eligible()).describing("(loop $l (br $l)) unreachable"),
        Guest::answering(Answer::eligible()).allocating("(loop $l (br $l)) unreachable"),
    ] {
        let fault = bench.host.inspect(&guest.build()).unwrap_err();
        assert_eq!(fault, Fault::OutOfTime(50));
    }
    still_works(&bench);
}

#[test]
fn memory_is_limited() {
    let grow =
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 512)) (i32.const -1)))) unreachable";
    assert_eq!(outcome(grow), Fault::OutOfMemory(64));
}

#[test]
fn four_gibibytes_from_the_start_are_refused_at_upload() {
    let bench = host();
    let bytes = Guest::answering(Answer::eligible()).pages(65_536).build();
    let told = refused(&bench, &bytes);
    assert!(told.contains("memory"), "{told}");
}

#[test]
fn tables_are_limited() {
    let bench = host();
    let guest = Guest::new(
        "(if (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1)) (then unreachable)) i32.const 256",
    )
    .with("(table $t 1 funcref)");
    assert!(matches!(
        ask(&load(&bench, &guest.build())),
        Err(Fault::Trapped(_))
    ));
    still_works(&bench);
}

#[test]
fn deep_recursion_and_traps_count_as_crashes() {
    let deep = outcome("(call $deep) i32.const 256");
    assert!(
        matches!(&deep, Fault::Trapped(why) if why.contains("too deeply")),
        "{deep:?}"
    );
    let trap = outcome("unreachable");
    assert!(
        matches!(&trap, Fault::Trapped(why) if why.contains("unreachable")),
        "{trap:?}"
    );
    let outside = outcome("(i32.load (i32.const -8))");
    assert!(
        matches!(&outside, Fault::Trapped(why) if why.contains("out of bounds")),
        "{outside:?}"
    );
}

fn unusable(check: &str) -> String {
    match outcome(check) {
        Fault::WrongAnswer(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_million_reasons_are_refused() {
    let started = Instant::now();
    // 28 bytes per reason, all in real memory.
    let grow = "(drop (memory.grow (i32.const 500)))";
    let many = Answer::reasons_at(131_072, 1_000_000);
    let many = many.written();
    unusable(&format!("{grow} {many} i32.const 256"));
    // A hundred thousand reasons that share one text of a mebibyte.
    let texts = "(memory.fill (i32.const 1048576) (i32.const 97) (i32.const 1048576))
        (local.set $at (i32.const 4194304))
        (loop $l
          (i32.store offset=0 (local.get $at) (i32.const 1048576)) (i32.store offset=4 (local.get $at) (i32.const 1))
          (i32.store offset=8 (local.get $at) (i32.const 1048576)) (i32.store offset=12 (local.get $at) (i32.const 1048576))
          (local.set $at (i32.add (local.get $at) (i32.const 28)))
          (br_if $l (i32.lt_u (local.get $at) (i32.const 6994304))))";
    let aliased = Answer::reasons_at(4_194_304, 100_000);
    let aliased = aliased.written();
    unusable(&format!("{grow} {texts} {aliased} i32.const 256"));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn reasons_are_few_short_and_readable() {
    let said = |reasons: &[(&str, &str)]| {
        let bench = host();
        let bytes = Guest::answering(Answer::ineligible(reasons)).build();
        ask(&load(&bench, &bytes))
    };
    let fine = said(&[("no", "a \u{1b}[31mword\nof it")]).unwrap();
    assert_eq!(fine[0].outcome, Outcome::Ineligible);
    assert_eq!(fine[0].reasons[0].message, "a  [31mword of it");
    let long = "x".repeat(601);
    for (reasons, words) in [
        (vec![], "needs a reason"),
        (vec![("no", "why"); 17], "17 reasons"),
        (vec![("no", long.as_str())], "601 characters"),
        (vec![("no way", "why")], "code"),
        (vec![("", "why")], "code"),
        (vec![("no", "")], "has no message"),
    ] {
        match said(&reasons) {
            Err(Fault::WrongAnswer(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{words}: {other:?}"),
        }
    }
}

#[test]
fn invalid_texts_are_refused() {
    let broken = Answer::ineligible(&[("no", "why")]);
    let broken = broken.written();
    // The message is not UTF-8.
    let why = unusable(&format!(
        "{broken} (i32.store8 (i32.const 2) (i32.const 0xff)) (i32.store offset=8 (i32.const 512) (i32.const 2)) i32.const 256"
    ));
    assert!(why.contains("utf-8"), "{why}");
    // The message is outside the memory.
    unusable(&format!(
        "{broken} (i32.store offset=8 (i32.const 512) (i32.const 0x7ffffff0)) i32.const 256"
    ));
    // An outcome that does not exist.
    unusable(&format!(
        "{broken} (i32.store8 (i32.const 384) (i32.const 9)) i32.const 256"
    ));
}

#[test]
fn there_must_be_one_verdict_per_pair() {
    for count in [0, 2, 200] {
        let why = unusable(&format!(
            "{} i32.const 256",
            Answer::verdicts_at(4096, count).written()
        ));
        assert!(why.contains(&format!("{count} verdicts")), "{why}");
    }
}

#[test]
fn a_modules_own_error_is_reported() {
    let bench = host();
    let bytes = Guest::answering(Answer::declined("weeklyHours must be a number")).build();
    let fault = ask(&load(&bench, &bytes)).unwrap_err();
    assert_eq!(
        fault,
        Fault::Declined("weeklyHours must be a number".into())
    );
    assert_eq!(bench.host.inspect(&bytes).unwrap_err(), fault);
}

#[test]
fn no_state_outlives_a_call() {
    let bench = host();
    let guest = Guest::new(
        "(if (global.get $seen) (then unreachable)) (global.set $seen (i32.const 1))
         (i32.store8 (i32.const 256) (i32.const 0)) (i32.store offset=4 (i32.const 256) (i32.const 384))
         (i32.store offset=8 (i32.const 256) (i32.const 1)) i32.const 256",
    )
    .with("(global $seen (mut i32) (i32.const 0))");
    let module = load(&bench, &guest.build());
    for _ in 0..3 {
        assert_eq!(ask(&module).unwrap(), [Verdict::ELIGIBLE]);
    }
}

#[test]
fn files_that_are_not_rules_are_refused_with_a_reason() {
    let bench = host();
    let honest = Guest::answering(Answer::eligible()).build();
    let precompiled = wasmtime::Engine::default()
        .precompile_component(&honest)
        .unwrap();
    let core = wat::parse_str("(module (func (export \"check\")))").unwrap();
    let other = component(
        "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
           (func $f (canon lift (core func $i \"f\"))) (export \"run\" (func $f)))",
    );
    let cases: [(&str, &[u8], &str); 8] = [
        ("nothing", b"", "empty"),
        (
            "a text",
            b"export function check() {}",
            "not a WebAssembly file",
        ),
        ("a core module", &core, "core WebAssembly module"),
        ("compiled", &precompiled, "a compiled program"),
        ("truncated", &honest[..honest.len() / 2], "not a valid"),
        (
            "garbage",
            b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\xff",
            "not a valid",
        ),
        ("another world", &other, "it is not a rule"),
        ("no exports", b"\0asm\x0d\0\x01\0", "exports nothing"),
    ];
    for (what, bytes, words) in cases {
        let told = refused(&bench, bytes);
        assert!(told.contains(words), "{what}: {told}");
    }
}

#[test]
fn any_import_is_refused_by_name() {
    let bench = host();
    for name in [
        "wasi:sockets/tcp@0.2.0",
        "wasi:random/random@0.2.0",
        "campus:rules/clock@1.0.0",
    ] {
        let bytes = component(&format!(
            "(component (import \"{name}\" (instance (export \"f\" (func (result u64))))))"
        ));
        let told = refused(&bench, &bytes);
        assert!(told.contains(name), "{told}");
    }
    // The contract's own name does not make a function acceptable.
    let disguised = component(
        "(component (import \"campus:rules/types@1.0.0\" (instance (export \"now\" (func (result u64))))))",
    );
    let told = refused(&bench, &disguised);
    assert!(told.contains("imports campus:rules/types"), "{told}");
}

#[test]
fn a_changed_record_or_another_version_is_refused() {
    let bench = host();
    let contract = std::fs::read_to_string("rules/wit/v1/rules.wit").unwrap();
    let changed = contract.replace("summary: string,", "summary: string, colour: string,");
    assert_ne!(changed, contract);
    let bytes = Guest::answering(Answer::eligible())
        .contract(&changed)
        .build();
    let told = refused(&bench, &bytes);
    assert!(told.contains("contract"), "{told}");
    let later = contract.replace("@1.0.0;", "@2.0.0;");
    let bytes = Guest::answering(Answer::eligible())
        .version("2.0.0")
        .contract(&later)
        .build();
    let told = refused(&bench, &bytes);
    assert!(told.contains("2.0.0"), "{told}");
}

#[test]
fn an_upload_over_the_limit_is_not_read() {
    let bench = host();
    let huge = vec![0; 200 << 20];
    let started = Instant::now();
    let told = refused(&bench, &huge);
    assert!(told.contains("209715200 bytes"), "{told}");
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_damaged_stored_module_is_detected() {
    let bench = host();
    let bytes = Guest::answering(Answer::eligible()).build();
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    match bench.host.module(Digest::of(&bytes), &damaged).map(drop) {
        Err(Fault::Refused(why)) => assert!(why.contains("changed or damaged"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_description_must_fit_a_form() {
    let bench = host();
    for (name, schema, words) in [
        ("two words", "{}", "name"),
        ("fine", "no", "JSON"),
        (
            "fine",
            "{\"properties\":{\"a\":{\"type\":\"number\",\"pattern\":\"x\"}}}",
            "pattern",
        ),
    ] {
        let bytes = Guest::answering(Answer::eligible())
            .named(name, schema)
            .build();
        let told = refused(&bench, &bytes);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn correct_calls_continue_beside_endless_ones() {
    let bench = open(Limits {
        calls: 4,
        max_wait: Duration::from_secs(30),
        ..Limits::default()
    });
    let endless = load(&bench, &Guest::new("(loop $l (br $l)) unreachable").build());
    let honest = load(&bench, BUILT_IN[0].bytes);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(ask(&endless).unwrap_err(), Fault::OutOfTime(50));
                }
            });
        }
        for _ in 0..6 {
            scope.spawn(|| {
                let alone = ask(&honest).unwrap();
                for _ in 0..100 {
                    assert_eq!(ask(&honest).unwrap(), alone);
                }
            });
        }
    });
}

#[test]
fn a_call_that_waits_too_long_is_told_to_try_again() {
    let bench = open(Limits {
        calls: 1,
        max_wait: Duration::from_millis(20),
        deadline: Duration::from_secs(3),
        longest_call: Duration::from_mins(10),
        ..Limits::default()
    });
    let endless = load(&bench, &Guest::new("(loop $l (br $l)) unreachable").build());
    let busy = thread::scope(|scope| {
        let others: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| ask(&endless).unwrap_err()))
            .collect();
        others
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        busy.contains(&Fault::Busy) && busy.contains(&Fault::OutOfTime(3000)),
        "{busy:?}"
    );
}

/// A module that works for this many rounds before it answers, as a JavaScript one does.
fn slow(rounds: u64) -> Guest {
    let work = format!(
        "(local.set $at (i32.const {rounds})) (loop $on (br_if $on (local.tee $at (i32.sub (local.get $at) (i32.const 1)))))"
    );
    Guest::new(&format!(
        "{work} {} i32.const 256",
        Answer::eligible().written()
    ))
}

/// A14: the deadline counts the call's own CPU time. While other threads use the whole machine, a call takes many times
/// longer on the clock.
#[test]
fn a_slow_module_meets_its_deadline_on_a_machine_that_is_busy() {
    let deadline = Duration::from_millis(400);
    let bench = open(Limits {
        deadline,
        longest_call: Duration::from_mins(2),
        max_wait: Duration::from_mins(2),
        ..Limits::default()
    });
    // A fifth of the deadline here, or less if this machine is busy.
    let mut rounds = 1_000_000;
    let module = loop {
        let module = load(&bench, &slow(rounds).build());
        let started = Instant::now();
        ask(&module).unwrap();
        if started.elapsed() > deadline / 5 {
            break module;
        }
        rounds *= 2;
    };
    let done = AtomicBool::new(false);
    let cores = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        for _ in 0..cores * 8 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        for _ in 0..3 {
            assert_eq!(ask(&module).unwrap(), [Verdict::ELIGIBLE]);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// A14: a machine that is too busy for a call is not a failure of the module.
#[test]
fn a_call_that_takes_too_long_on_the_clock_is_busy_and_not_out_of_time() {
    let bench = open(Limits {
        deadline: Duration::from_mins(1),
        longest_call: Duration::from_millis(20),
        ..Limits::default()
    });
    let endless = load(&bench, &Guest::new("(loop $l (br $l)) unreachable").build());
    assert_eq!(ask(&endless).unwrap_err(), Fault::Busy);
}

/// D12: names from a file are cut to a readable length.
#[test]
fn very_long_names_are_shortened() {
    let bench = host();
    let long = format!("a{}", "-b".repeat(49_000));
    let many: String = (0..1_000)
        .map(|n| format!("(import \"a{n}\" (func))"))
        .collect();
    for file in [
        format!("(component (import \"{long}\" (func)))"),
        format!("(component {many})"),
        format!("(component (instance $i) (export \"{long}\" (instance $i)))"),
    ] {
        let told = refused(&bench, &component(&file));
        assert!(told.len() < 1_500, "{} bytes", told.len());
    }
}

fn holding(weekly_hours: f32) -> Commitment {
    Commitment {
        weekly_hours,
        hourly_rate_cents: 1500,
        start: 0,
        end: None,
        work_study: false,
    }
}

fn paid(weekly_hours: f32) -> Job {
    Job {
        weekly_hours,
        hourly_rate_cents: 1500,
        ..Job::default()
    }
}

#[test]
fn a_large_question_is_split_into_batches_and_answered_in_order() {
    let bench = host();
    let module = load(&bench, BUILT_IN[0].bytes);
    let students: Vec<_> = (0..3)
        .map(|held| Student {
            id: held.to_string(),
            gpa: Some(3.0),
            commitments: vec![holding(10.0 * held as f32)],
            ..Student::default()
        })
        .collect();
    let jobs: Vec<_> = (0..1500).map(|place| paid(place as f32 % 30.0)).collect();
    let pairs: Vec<_> = (0..4500).map(|at| (at % 3, at / 3)).collect();
    let verdicts = module
        .check(&Context::default(), &students, &jobs, &pairs)
        .unwrap();
    assert_eq!(verdicts.len(), pairs.len());
    for ((student, job), verdict) in pairs.iter().zip(&verdicts) {
        let hours = 10 * student + job % 30;
        assert_eq!(
            verdict.outcome == Outcome::Eligible,
            hours <= 20,
            "{student} {job} {verdict:?}"
        );
    }
    let nobody = module.check(&Context::default(), &students, &jobs, &[(3, 0)]);
    assert!(matches!(nobody, Err(Fault::Engine(_))), "{nobody:?}");
}

#[test]
fn a_module_that_fails_on_some_pairs_decides_the_others() {
    let declined = Answer::declined("the title is odd");
    let declined = format!("{} (return (i32.const 256))", declined.written());
    for (stop, code) in [
        ("unreachable", "rule-trapped"),
        (&declined, "rule-declined"),
    ] {
        let bench = host();
        // Argument 10 is the address of the jobs. A job's weekly hours follow the texts of its ID and title. It returns
        // only one verdict, which is wrong for more than one pair.
        let check = format!(
            "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then {stop})) {} i32.const 256",
            Answer::eligible().written()
        );
        let module = load(&bench, &Guest::new(&check).build());
        let is_odd = |place: u32| place % 17 == 5;
        let jobs: Vec<_> = (0..40)
            .map(|place| paid(if is_odd(place) { 18.0 } else { 8.0 }))
            .collect();
        let pairs: Vec<_> = (0..40).map(|job| (0, job)).collect();
        let ask = || module.check_each(&Context::default(), &[Student::default()], &jobs, &pairs);
        let each = ask();
        assert_eq!(each.len(), 40);
        for (place, verdict) in (0..).zip(&each) {
            match verdict {
                Ok(verdict) => assert_eq!((is_odd(place), verdict), (false, &Verdict::ELIGIBLE)),
                Err(fault) => assert_eq!((is_odd(place), fault.code()), (true, code), "{place}"),
            }
        }
    }
}

#[test]
fn the_wrong_question_is_refused() {
    let bench = host();
    let mail = load(&bench, BUILT_IN[1].bytes);
    assert_eq!(mail.kind(), Kind::Notification);
    assert!(matches!(ask(&mail), Err(Fault::Refused(_))));
}
