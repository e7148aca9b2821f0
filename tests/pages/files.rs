//! Checks of the pages' files without a browser: size, preloads, texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;

use crate::support::Board;

/// Largest compressed size of a student's pages.
const STUDENT_JAVASCRIPT_BYTES: usize = 100 * 1024;
/// The student's pages that are loaded when needed.
const STUDENT_PAGES: &[&str] = &["/components/confirm.js", "/i18n/en.json"];

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// Our own scripts by URL. The vendor packages are not checked.
fn scripts() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("vendor") {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "js") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&web(), &mut paths);
    let named = |path: PathBuf| {
        let name = path.strip_prefix(web()).unwrap().to_string_lossy();
        (
            format!("/{}", name.replace('\\', "/")),
            fs::read_to_string(&path).unwrap(),
        )
    };
    paths.into_iter().map(named).collect()
}

/// All texts between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .filter_map(|rest| rest.split_once(end).map(|(found, _)| found))
        .collect()
}

/// The scripts that the page preloads.
fn preloaded() -> BTreeSet<String> {
    let page = fs::read_to_string(web().join("index.html")).unwrap();
    let preloads = between(&page, "<link rel=\"modulepreload\" href=\"", "\"");
    preloads.into_iter().map(str::to_owned).collect()
}

/// The URL of a script's import.
fn resolve(from: &str, import: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn the_first_page_preloads_all_its_scripts() {
    let mut wanted = vec!["/app.js".to_owned()];
    let mut found = BTreeSet::new();
    while let Some(script) = wanted.pop() {
        let text = fs::read_to_string(web().join(&script[1..])).unwrap();
        // The vendor packages are minified.
        let mark = if script.starts_with("/vendor/") {
            "from\""
        } else {
            "from \""
        };
        for import in between(&text, mark, "\"") {
            assert!(
                import.starts_with('.'),
                "{script} imports {import}, which no browser finds"
            );
            let address = resolve(&script, import);
            if found.insert(address.clone()) {
                wanted.push(address);
            }
        }
    }
    assert_eq!(found, preloaded());
}

#[actix_web::test]
async fn a_students_pages_weigh_less_than_100_kib_of_javascript() {
    let board = Board::start();
    let mut sum = 0;
    let lazy = STUDENT_PAGES.iter().map(|page| (*page).to_owned());
    for script in lazy.chain(preloaded()).chain(["/app.js".to_owned()]) {
        let request = board.request(Method::GET, &script);
        let response = request
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{script}");
        assert_eq!(
            response.headers()["content-encoding"],
            "gzip",
            "{script} is sent as it is"
        );
        sum += response.bytes().await.unwrap().len();
    }
    assert!(
        sum < STUDENT_JAVASCRIPT_BYTES,
        "{sum} bytes of JavaScript for a student's pages"
    );
    println!("a student's pages: {sum} bytes of JavaScript, compressed");
    board.stop().await;
}

/// The names of a catalog's texts, one entry per line.
fn texts(language: &str) -> BTreeSet<String> {
    let file = fs::read_to_string(web().join(format!("i18n/{language}.json"))).unwrap();
    let entries = file.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("  \"")?.split_once("\": ")?;
        Some(name.to_owned())
    });
    entries.collect()
}

#[test]
fn every_text_is_in_both_catalogs() {
    let english = texts("en");
    assert!(english.len() > 200, "{english:?}");
    assert_eq!(english, texts("es"));
    for (script, text) in scripts() {
        for (at, call) in text.match_indices("t(\"") {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '.') {
                continue;
            }
            let name = text[at + call.len()..].split('"').next().unwrap();
            assert!(
                english.contains(name),
                "{script} says {name:?}, which no catalog has"
            );
        }
    }
}

#[test]
fn nothing_is_inline_or_from_another_host() {
    let page = fs::read_to_string(web().join("index.html")).unwrap();
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
    assert!(
        between(&page, "<script", ">")
            .iter()
            .all(|script| script.contains(" src=\"/"))
    );
    for (script, text) in scripts() {
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{script} names another host"
        );
    }
}
