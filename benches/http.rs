//! The board's answers over HTTP, each next to the baseline: a bare actix route that answers the same bytes from
//! memory, with as many workers, on the same machine, in the same run. Rounds of the two alternate, and the median of
//! the rounds' ratios counts, since a machine is never idle.

mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer, web};
use corkboard::model::JobId;

use support::load::{self, Round};
use support::process::Served;
use support::{campus, median, mib, millis, verdict};

const JOBS: usize = 100_000;
const CONNECTIONS: usize = 16;
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);
const WARM: Duration = Duration::from_millis(500);

/// Different requests per case, each with its answer in the baseline.
const READS: usize = 1_000;
const PAGES: usize = 50;
/// A whole campus applies to all of its jobs, so that each application touches different pages of the store.
const STUDENTS: usize = 20_000;
const APPLICATIONS_PER_SECOND: f64 = 2_500.0;
const APPLICATIONS_ALONE_PER_SECOND: f64 = 700.0;
const KIB_PER_APPLICATION: f64 = 12.0;
/// How much more than JSON a list may cost as a page.
const MAX_PAGE_COST: f64 = 3.0;
/// Anonymous memory after all cases.
const OWN_MIB: f64 = 200.0;
/// The most failures of one address before it is refused.
const LOG_INS: usize = 60;
/// By then, all writes have reached both files of the store. Mails leave at 50 per second, so most are sent later.
const SETTLED: Duration = Duration::from_secs(8);

/// Words and skills that postings contain.
const WORDS: &[&str] = &[
    "research assistant",
    "data analysis",
    "student aide",
    "community outreach",
    "office support",
    "public health",
    "project management",
    "social media",
];
const SKILLS: &[&str] = &[
    "Microsoft Office",
    "Microsoft Excel",
    "written communication",
    "computer science",
    "communication",
];

struct Case {
    name: &'static str,
    /// In the baseline, the folder of the answers.
    folder: &'static str,
    /// The required part of the baseline's requests per second.
    share: f64,
    paths: Vec<String>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("baseline") {
        let folder = arguments.next().expect("a folder of answers");
        serve_baseline(Path::new(&folder)).expect("the baseline serves");
    } else if support::is_measured() {
        measure();
    }
}

fn measure() {
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let ids = campus::some_jobs(&store, JOBS, JOBS);
    let tokens = campus::sign_in_students(folder.path(), &store, STUDENTS);
    drop(store);
    let board = Served::corkboard(folder.path());
    board.wait_until_indexed(JOBS);

    let cases = cases(&board, &ids, &tokens[0]);
    let answers = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    for case in &cases {
        keep_answers(&board, case, answers.path(), &tokens[0]);
    }
    let application = r#"{"applicationId":"00000000-0000-0000-0000-000000000000"}"#;
    std::fs::write(answers.path().join("application"), application)
        .expect("target/ can be written");
    let baseline = Served::baseline(answers.path());

    println!(
        "{JOBS} jobs, {CONNECTIONS} connections, signed in, {ROUNDS} rounds of {ROUND:?} each, no compression asked for"
    );
    println!(
        "{:<44} {:>10} {:>10} {:>9} {:>9} {:>8} {:>7}",
        "", "baseline/s", "board/s", "p50 ms", "p99 ms", "share", "bound"
    );
    for case in &cases {
        compare(case, &board, &baseline, &tokens[0]);
    }
    each_search_different(&board, &tokens[0]);
    pages_of_lists(&board, &tokens[0]);
    apply(&board, &baseline, &ids, &tokens);
    log_in(&board);
    let memory = board.memory();
    println!(
        "resident after all of this: {:.0} MiB, of it {:.0} MiB its own (<= {OWN_MIB}, {}) and the rest pages of the index's files",
        mib(memory.resident),
        mib(memory.anonymous),
        verdict(mib(memory.anonymous) <= OWN_MIB)
    );
    board.stop();
    baseline.stop();
}

fn cases(board: &Served, ids: &[JobId], token: &str) -> Vec<Case> {
    let read = ids.iter().take(READS);
    let mut pages = vec!["/api/v1/jobs?limit=20".to_owned()];
    while pages.len() < PAGES {
        let page = board.json(pages.last().expect("the first page"), Some(token));
        let cursor = page["nextCursor"].as_str().expect("more pages");
        pages.push(format!("/api/v1/jobs?limit=20&cursor={cursor}"));
    }
    let mut searches = Vec::new();
    for words in WORDS {
        for skill in SKILLS {
            searches.push(search(words, skill));
        }
    }
    vec![
        Case {
            name: "one job by id",
            folder: "job",
            share: 1.0 / 2.0,
            paths: read.map(|id| format!("/api/v1/jobs/{id}")).collect(),
        },
        Case {
            name: "list of 20, page by page",
            folder: "list",
            share: 1.0 / 4.0,
            paths: pages,
        },
        Case {
            name: "search, two words, a skill, facets, top 20",
            folder: "search",
            share: 1.0 / 10.0,
            paths: searches,
        },
    ]
}

fn search(words: &str, skill: &str) -> String {
    let words = words.replace(' ', "+");
    format!("/api/v1/jobs?q={words}&skill={}", skill.replace(' ', "+"))
}

/// Requests each answer of a case from the board and saves it for the baseline.
fn keep_answers(board: &Served, case: &Case, answers: &Path, token: &str) {
    let folder = answers.join(case.folder);
    std::fs::create_dir_all(&folder).expect("target/ can be written");
    for (number, path) in case.paths.iter().enumerate() {
        let (status, body) = board.get(path, Some(token));
        assert_eq!(status, 200, "{path}");
        std::fs::write(folder.join(number.to_string()), body).expect("target/ can be written");
    }
}

/// Repeats the requests in order.
fn round_robin(requests: Vec<Vec<u8>>) -> impl Fn() -> Option<Vec<u8>> {
    let next = Cell::new(0);
    move || {
        let at = next.get();
        next.set((at + 1) % requests.len());
        Some(requests[at].clone())
    }
}

fn compare(case: &Case, board: &Served, baseline: &Served, token: &str) {
    let of_board = case.paths.iter().map(|path| load::get(path, token));
    let of_board = round_robin(of_board.collect());
    let numbers = 0..case.paths.len();
    let of_baseline = numbers.map(|number| load::get(&format!("/{}/{number}", case.folder), token));
    let of_baseline = round_robin(of_baseline.collect());
    let run = |served: &Served, span, request: &dyn Fn() -> Option<Vec<u8>>| {
        load::run(served.address, CONNECTIONS, span, "200", request)
    };
    run(baseline, WARM, &of_baseline);
    run(board, WARM, &of_board);
    let (mut baselines, mut boards) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        baselines.push(run(baseline, ROUND, &of_baseline));
        boards.push(run(board, ROUND, &of_board));
    }
    let shares = baselines.iter().zip(&boards);
    let mut shares: Vec<f64> = shares
        .map(|(baseline, board)| board.per_second / baseline.per_second)
        .collect();
    let share = median(&mut shares);
    let bound = format!(">= {:.2}  {}", case.share, verdict(share >= case.share));
    line(
        case.name,
        Some(per_second(&baselines)),
        &boards,
        Some(share),
        &bound,
    );
}

fn per_second(rounds: &[Round]) -> f64 {
    median(
        &mut rounds
            .iter()
            .map(|round| round.per_second)
            .collect::<Vec<_>>(),
    )
}

fn line(name: &str, baseline: Option<f64>, boards: &[Round], share: Option<f64>, bound: &str) {
    let latency = |percent| {
        let of_rounds = boards.iter().map(|round| millis(round.percentile(percent)));
        median(&mut of_rounds.collect::<Vec<_>>())
    };
    println!(
        "{name:<44} {:>10} {:>10.0} {:>9.2} {:>9.2} {:>8} {bound}",
        baseline.map_or(String::new(), |baseline| format!("{baseline:.0}")),
        per_second(boards),
        latency(50),
        latency(99),
        share.map_or(String::new(), |share| format!("{share:.3}")),
    );
}

/// The list as a page, next to the same list as JSON: for a visitor, and for a student, whose page also says for which
/// of the jobs the campus rules allow an application.
fn pages_of_lists(board: &Served, token: &str) {
    let mut pages = vec!["/".to_owned()];
    let mut lists = vec!["/api/v1/jobs?limit=20".to_owned()];
    while pages.len() < PAGES {
        let page = board.get(pages.last().expect("the first page"), None);
        pages.push(next_page(
            &String::from_utf8(page.1).expect("a page is text"),
        ));
        let list = board.json(lists.last().expect("the first page"), None);
        let cursor = list["nextCursor"].as_str().expect("more pages");
        lists.push(format!("/api/v1/jobs?limit=20&cursor={cursor}"));
    }
    let run = |request: &dyn Fn() -> Option<Vec<u8>>, span| {
        load::run(board.address, CONNECTIONS, span, "200", request)
    };
    for (name, token, bound) in [
        (
            "list of 20 as a page, for a visitor",
            None,
            Some(MAX_PAGE_COST),
        ),
        ("the same, for a student", Some(token), None),
    ] {
        let requests = |paths: &[String]| {
            let of = |path: &String| match token {
                Some(token) => load::get(path, token),
                None => load::get_as_stranger(path),
            };
            round_robin(paths.iter().map(of).collect())
        };
        let (of_pages, of_lists) = (requests(&pages), requests(&lists));
        run(&of_pages, WARM);
        run(&of_lists, WARM);
        let (mut as_json, mut as_page) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            as_json.push(run(&of_lists, ROUND));
            as_page.push(run(&of_pages, ROUND));
        }
        let costs = as_json.iter().zip(&as_page);
        let mut costs: Vec<f64> = costs
            .map(|(json, page)| json.per_second / page.per_second)
            .collect();
        let cost = median(&mut costs);
        let bound = bound.map_or(String::new(), |most| {
            format!("(<= {most:.1}, {})", verdict(cost <= most))
        });
        line(name, None, &as_page, None, "");
        println!(
            "  cost next to JSON ({:.0}/s): {cost:.2} times {bound}",
            per_second(&as_json)
        );
    }
}

/// The address of the next page in a list.
fn next_page(page: &str) -> String {
    let link = page
        .split("class=\"more\"><a class=\"button\" href=\"")
        .nth(1);
    let link = link.and_then(|rest| rest.split('"').next());
    let link = link.expect("more pages");
    link.replace("&#x2f;", "/").replace("&amp;", "&")
}

/// The same searches, but none repeats an earlier one: each has its own limit of hours, which excludes no job, so that
/// no cached count helps.
fn each_search_different(board: &Served, token: &str) {
    let number = Cell::new(0);
    let request = || {
        let at = number.get();
        number.set(at + 1);
        let path = search(
            WORDS[at % WORDS.len()],
            SKILLS[at / WORDS.len() % SKILLS.len()],
        );
        let hours = 100.0 + at as f64 / 1_000_000.0;
        Some(load::get(&format!("{path}&maxHours={hours}"), token))
    };
    let rounds: Vec<Round> = (0..ROUNDS)
        .map(|_| load::run(board.address, CONNECTIONS, ROUND, "200", request))
        .collect();
    line(
        "the same, no count known from before",
        None,
        &rounds,
        None,
        "",
    );
}

/// Applications by different students to different jobs, each on disk before it is answered: many in flight and one at
/// a time, and how many bytes the process writes per application, including the index and the mails sent until then.
fn apply(board: &Served, baseline: &Served, ids: &[JobId], tokens: &[String]) {
    let next = Cell::new(0);
    let request = || {
        let pair = next.get();
        next.set(pair + 1);
        // Each student goes through the jobs once, and no two are at the same job at the same time.
        let (student, round) = (pair % tokens.len(), pair / tokens.len());
        let job = (round + student) % ids.len();
        let note = "I would like to work with you, and my hours are free in the afternoon.";
        let body = format!(r#"{{"jobId":"{}","coverNote":"{note}"}}"#, ids[job]);
        Some(load::post("/api/v1/applications", &tokens[student], &body))
    };
    for (name, in_flight, least) in [
        // First, because a case's mails are sent for minutes after it and would count for the next case.
        (
            "applications, one at a time, fsynced",
            1,
            APPLICATIONS_ALONE_PER_SECOND,
        ),
        (
            "applications, 64 in flight, fsynced",
            IN_FLIGHT,
            APPLICATIONS_PER_SECOND,
        ),
    ] {
        let run =
            |served: &Served, span| load::run(served.address, in_flight, span, "201", request);
        run(board, WARM);
        std::thread::sleep(SETTLED);
        let (written, mut applied) = (board.written(), 0);
        let (mut baselines, mut boards) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            baselines.push(run(baseline, ROUND));
            let round = run(board, ROUND);
            applied += round.latencies.len();
            boards.push(round);
        }
        let (rate, of_baseline) = (per_second(&boards), per_second(&baselines));
        let bound = format!(">= {least}/s {}", verdict(rate >= least));
        line(
            name,
            Some(of_baseline),
            &boards,
            Some(rate / of_baseline),
            &bound,
        );
        std::thread::sleep(SETTLED);
        let kib = (board.written() - written) as f64 / 1024.0 / applied as f64;
        let bound = verdict(kib <= KIB_PER_APPLICATION);
        println!(
            "  written for each of {applied}: {kib:.1} KiB (<= {KIB_PER_APPLICATION}, {bound})"
        );
    }
}

/// Logins at once. Each password is wrong, which takes the same hash.
fn log_in(board: &Served) {
    let next = Cell::new(0);
    let request = || {
        let number = next.replace(next.get() + 1);
        let body =
            format!(r#"{{"email":"nobody{number}@example.edu","password":"a wrong password"}}"#);
        (number < LOG_INS).then(|| load::post("/api/v1/auth/login", "none", &body))
    };
    let round = load::run(board.address, LOG_INS, SETTLED, "401", request);
    println!("{} logins at once", round.latencies.len());
}

/// The baseline: answers from memory, and nothing else.
fn serve_baseline(folder: &Path) -> std::io::Result<()> {
    let mut answers: BTreeMap<String, Vec<Bytes>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().is_dir() {
            let count = std::fs::read_dir(entry.path())?.count();
            let read = |number: usize| std::fs::read(entry.path().join(number.to_string()));
            let bodies = (0..count).map(|number| read(number).map(Bytes::from));
            let name = entry.file_name().to_string_lossy().into_owned();
            answers.insert(name, bodies.collect::<Result<_, _>>()?);
        }
    }
    let application = Bytes::from(std::fs::read(folder.join("application"))?);
    let (answers, application) = (Data::new(answers), Data::new(application));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    actix_web::rt::System::new().block_on(
        HttpServer::new(move || {
            App::new()
                .app_data(answers.clone())
                .app_data(application.clone())
                .route("/{folder}/{number}", web::get().to(answer))
                .route("/api/v1/applications", web::post().to(accept))
        })
        .workers(workers)
        .listen(listener)?
        .run(),
    )
}

async fn answer(
    answers: Data<BTreeMap<String, Vec<Bytes>>>,
    path: web::Path<(String, usize)>,
) -> HttpResponse {
    let body = answers[&path.0][path.1].clone();
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

async fn accept(_: Bytes, application: Data<Bytes>) -> HttpResponse {
    let body = application.get_ref().clone();
    HttpResponse::Created()
        .content_type("application/json")
        .body(body)
}
