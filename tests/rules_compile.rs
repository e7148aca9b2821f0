//! Files made to hurt the compiler: each is refused by a count, or only ends the process that compiles it, and the host
//! keeps working. Realistic modules are accepted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::rules_support::guest::{Answer, Guest, component};
use crate::rules_support::{COMPILER, edition};
use corkboard::rules::{BUILT_IN, CompileLimits, Counted, Digest, Fault, Host, Limits, count};
use tempfile::TempDir;

struct Bench {
    host: Host,
    folder: TempDir,
}

fn bench(compile: CompileLimits) -> Bench {
    let limits = Limits {
        compile,
        // These tests are about compiling; a busy machine may take long for a call.
        deadline: Duration::from_secs(10),
        longest_call: Duration::from_mins(1),
        ..Limits::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let host = Host::open(folder.path(), limits, COMPILER.as_ref()).unwrap();
    Bench { host, folder }
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Why a module is refused. Afterwards nothing of it is left, and the host still compiles others.
#[track_caller]
fn refused(bench: &Bench, bytes: &[u8]) -> String {
    let told = match bench.host.inspect(bytes) {
        Err(Fault::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    let digest = Digest::of(bytes).to_string();
    let left: Vec<_> = files(bench.folder.path())
        .into_iter()
        .filter(|name| name.contains(&digest) || name.contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    bench.host.inspect(BUILT_IN[0].bytes).unwrap();
    told
}

/// Nested components, each of which instantiates an inner one `times` times: `times` to the power of `levels` in all.
fn bomb(levels: usize, times: usize, make: &str, innermost: &str) -> Vec<u8> {
    let mut inner = format!("(component $c0 {innermost})");
    for level in 1..=levels {
        let below = level - 1;
        let made = make.replace("BELOW", &format!("$c{below}")).repeat(times);
        inner = format!("(component $c{level} {inner} {made})");
    }
    component(&format!(
        "(component {inner} (instance (instantiate $c{levels})))"
    ))
}

/// A3: 30⁶ instances in less than a kilobyte, and similar files.
#[test]
fn components_that_expand_endlessly_are_refused_by_their_count() {
    let bench = bench(CompileLimits::default());
    let plain = "(instance (instantiate BELOW))";
    let core = "(core module $m) (core instance (instantiate $m))";
    let cases = [
        ("empty", bomb(6, 30, plain, ""), "parts"),
        ("twice, often", bomb(14, 2, plain, "(type string)"), "parts"),
        (
            "core instances",
            bomb(2, 30, plain, core),
            "instances of core modules",
        ),
        (
            "inline exports",
            bomb(
                4,
                30,
                plain,
                "(type $t string) (instance (export \"t\" (type $t)))",
            ),
            "parts",
        ),
        (
            "aliases",
            bomb(
                4,
                20,
                "(alias outer 0 BELOW (component)) (instance (instantiate BELOW))",
                "",
            ),
            "parts",
        ),
        ("too deep", bomb(40, 1, plain, ""), "inside one another"),
    ];
    for (what, bytes, words) in cases {
        let told = refused(&bench, &bytes);
        assert!(
            told.contains(words) && told.contains("are allowed"),
            "{what}: {told}"
        );
        assert!(bytes.len() < 16 * 1024, "{what}: {}", bytes.len());
    }
    // An imported component cannot be counted.
    let given = component(
        "(component (import \"a\" (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))",
    );
    assert!(refused(&bench, &given).contains("an imported component"));
}

/// A3: types nested so deeply that reading them overflows any stack. Only the compiling process dies.
#[test]
fn deeply_nested_types_kill_only_the_compiler_process() {
    const LEVELS: usize = 300_000;
    let bench = bench(CompileLimits::default());
    let mut body = vec![1];
    for _ in 0..LEVELS {
        // A component type with one declaration, which is a type.
        body.extend([0x41, 1, 1]);
    }
    body.extend([0x41, 0]);
    let mut bytes = b"\0asm\x0d\0\x01\0\x07".to_vec();
    let mut length = body.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(body);
    let told = refused(&bench, &bytes);
    assert!(told.contains("compile_memory_mib"), "{told}");
}

/// Many tiny functions, in another order of magnitude than any language has.
fn tiny(count: usize, more: &str) -> Vec<u8> {
    let each: String = (0..count)
        .map(|number| format!("(func $f{number} (drop (i32.const {number})))"))
        .collect();
    Guest::answering(Answer::eligible())
        .with(&format!("{each} {more}"))
        .build()
}

/// A4: the board would need kilobytes of memory for each function.
#[test]
fn too_many_functions_are_refused_by_their_count() {
    let bench = bench(CompileLimits::default());
    let most = Limits::default().functions() as usize;
    // In a table, each function is compiled once more, for callers from outside.
    let named: String = (0..most / 2).map(|number| format!(" $f{number}")).collect();
    let table = format!("(elem declare func {named})");
    // Each type has a trampoline of its own.
    let types: String = (0..most)
        .map(|number| {
            let bits = (0..14).map(|bit| ["i32", "i64"][(number >> bit) & 1]);
            let parameters: String = bits.map(|kind| format!(" {kind}")).collect();
            format!("(type (func (param {parameters})))")
        })
        .collect();
    for (what, bytes) in [
        ("functions", tiny(most, "")),
        ("a table", tiny(most / 2, &table)),
        ("types", tiny(1, &types)),
    ] {
        let told = refused(&bench, &bytes);
        assert!(told.starts_with("functions: it has "), "{what}: {told}");
        assert!(
            told.contains("8192 are allowed") && told.contains("module_limit_kib"),
            "{what}: {told}"
        );
    }
}

/// A4: modules that nobody uses leave the memory by their size, the least recently used ones first.
#[test]
fn large_modules_do_not_stay_in_memory() {
    let bench = bench(CompileLimits::default());
    let data = format!("(data (i32.const 100000) \"{}\")", "x".repeat(3 << 20));
    let large = Guest::answering(Answer::eligible())
        .with(&data)
        .pages(80)
        .build();
    let load = |number| {
        let bytes = edition(&large, number);
        bench.host.module(Digest::of(&bytes), &bytes).unwrap()
    };
    let (first, second) = (load(0), load(1));
    for number in 2..8 {
        load(number);
    }
    drop(load(0));
    for number in 8..12 {
        load(number);
    }
    let is_kept = |module| Arc::strong_count(module) > 1;
    assert!(is_kept(&first), "it was used again");
    assert!(!is_kept(&second));
}

/// Nested loops, inside which every local is read and written.
fn loops(levels: usize, locals: usize) -> Vec<u8> {
    let sums = (0..locals).map(|local| {
        let next = (local + 1) % locals;
        format!("(local.set $v{local} (i32.add (local.get $v{local}) (local.get $v{next})))")
    });
    let ends = (0..levels).map(|level| format!("(br_if 0 (local.get $v{}))) ", level % locals));
    let body: String = std::iter::once("(loop ".repeat(levels))
        .chain(sums)
        .chain(ends)
        .collect();
    let named: String = (0..locals)
        .map(|local| format!("(local $v{local} i32)"))
        .collect();
    Guest::answering(Answer::eligible())
        .with(&format!("(func {named} {body})"))
        .build()
}

/// A4: one function with many loops and locals.
#[test]
fn a_function_that_is_too_complex_is_refused_by_its_count() {
    let bench = bench(CompileLimits::default());
    let many = loops(5_000, 5_000);
    assert!(many.len() < 533_000);
    for (what, bytes, words) in [
        (
            "loops and locals",
            many,
            "carried by the branches and calls",
        ),
        ("locals", loops(1, 20_000), "locals in one function"),
        (
            "size",
            Guest::answering(Answer::eligible())
                .with(&format!(
                    "(func {})",
                    "(drop (i32.const 7))".repeat(200_000)
                ))
                .build(),
            "bytes in one function",
        ),
    ] {
        let told = refused(&bench, &bytes);
        assert!(
            told.contains(words) && told.contains("are allowed"),
            "{what}: {told}"
        );
    }
    bench.host.inspect(&loops(20, 20)).unwrap();
}

/// A3, A4: what no count catches ends the compiling process, by the limit that is named.
#[test]
fn a_compilation_past_its_limits_is_stopped_and_the_limit_is_named() {
    let heavy = loops(500, 1_000);
    let limits = CompileLimits::default();
    for (limits, words) in [
        (
            CompileLimits {
                cpu: Duration::from_secs(1),
                ..limits
            },
            "more than 1 s of CPU time and was stopped; the setting rules.compile_cpu_seconds",
        ),
        (
            CompileLimits {
                memory_bytes: 24 << 20,
                ..limits
            },
            "more than 24 MiB of memory and was stopped; the setting rules.compile_memory_mib",
        ),
        (
            CompileLimits {
                wall: Duration::from_millis(200),
                ..limits
            },
            "and was stopped; the setting rules.compile_seconds",
        ),
    ] {
        let told = refused(&bench(limits), &heavy);
        assert!(told.contains(words), "{told}");
    }
}

/// A4: a long compilation delays neither other uploads nor a compiled module.
#[test]
fn uploads_do_not_wait_for_a_long_compilation() {
    let bench = bench(CompileLimits {
        cpu: Duration::from_secs(20),
        ..CompileLimits::default()
    });
    let long = loops(500, 1_000);
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(bench.host.inspect(&long));
            ended.store(true, std::sync::atomic::Ordering::Release);
        });
        for number in 0..3 {
            let honest = edition(&Guest::answering(Answer::eligible()).build(), number);
            bench.host.inspect(&honest).unwrap();
        }
        assert!(
            !ended.load(std::sync::atomic::Ordering::Acquire),
            "the long one is still at it"
        );
    });
}

/// A2: what the board cannot save is not the module's fault. The next attempt works once there is space.
#[test]
fn a_full_disk_and_a_missing_folder_are_not_the_modules_fault() {
    let bench = bench(CompileLimits::default());
    let bytes = Guest::answering(Answer::eligible()).build();
    bench.host.inspect(&bytes).unwrap();
    let file = bench.folder.path().join(&files(bench.folder.path())[0]);
    bench.host.forget(Digest::of(&bytes));
    // What is written there never fits.
    std::os::unix::fs::symlink("/dev/full", file.with_extension("part")).unwrap();
    assert_eq!(bench.host.inspect(&bytes).unwrap_err(), Fault::DiskFull);
    assert_eq!(files(bench.folder.path()), [""; 0]);
    bench.host.inspect(&bytes).unwrap();

    bench.host.forget(Digest::of(&bytes));
    std::fs::remove_dir(bench.folder.path()).unwrap();
    match bench.host.inspect(&bytes).unwrap_err() {
        Fault::Engine(why) => assert!(why.contains("No such file"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// After the compiled code was lost, a start compiles again with the same limits.
#[test]
fn compiled_code_is_reused_and_rebuilt_when_lost() {
    let bench = bench(CompileLimits::default());
    let bytes = Guest::answering(Answer::eligible()).build();
    bench.host.inspect(&bytes).unwrap();
    let kept = files(bench.folder.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    let again = |program: &str| {
        let limits = Limits {
            deadline: Duration::from_secs(10),
            ..Limits::default()
        };
        let host = Host::open(bench.folder.path(), limits, program.as_ref()).unwrap();
        host.module(Digest::of(&bytes), &bytes).map(drop)
    };
    again("/no/such/program").unwrap();
    let file = bench.folder.path().join(&kept[0]);
    std::fs::write(&file, "damaged").unwrap();
    assert!(matches!(again("/no/such/program"), Err(Fault::Engine(_))));
    again(COMPILER).unwrap();
    assert!(std::fs::read(&file).unwrap().len() > 100);
}

/// The built-in modules are far below the limits. (Python's interpreter is the largest known, see the limits.)
#[test]
fn the_built_in_modules_are_far_below_every_limit() {
    for built_in in BUILT_IN {
        let counted: Counted = count(built_in.bytes, &Limits::default()).unwrap();
        assert!(counted.parts < 1_000, "{counted:?}");
        assert!(counted.core_instances <= 4, "{counted:?}");
        assert!(counted.functions > 10 && counted.carried > 0, "{counted:?}");
    }
}
