//! Checks of the pages' files without a browser: size, preloads, texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;

use crate::support::{Board, until};

/// The most that the first page sends: in all, and of JavaScript.
const FIRST_PAGE_BYTES: usize = 60 * 1024;
const FIRST_PAGE_SCRIPT_BYTES: usize = 30 * 1024;
const FIRST_PAGE_REQUESTS: usize = 8;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with this ending, by path, without vendor packages.
fn files(folder: &str, ending: &str) -> BTreeMap<PathBuf, String> {
    fn walk(folder: &Path, ending: &str, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("vendor") {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|one| one == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join(folder), ending, &mut found);
    found
}

/// All texts between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .filter_map(|rest| rest.split_once(end).map(|(found, _)| found))
        .collect()
}

/// The path of a script's import.
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

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|one| one == "js")
}

/// The assets that a page names.
fn assets(page: &str) -> BTreeSet<String> {
    let all = between(page, "\"/assets/", "\"");
    all.into_iter()
        .map(|rest| format!("/assets/{rest}"))
        .collect()
}

/// A script that is imported but not named in the page would wait for another round trip.
#[actix_web::test]
async fn the_first_page_names_all_its_scripts() {
    let board = Board::start();
    let page = board.send(
        board
            .request(Method::GET, "/")
            .header("accept", "text/html"),
    );
    let named = assets(&page.await.text);
    let mut wanted: Vec<String> = named
        .iter()
        .filter(|path| is_script(path))
        .cloned()
        .collect();
    assert!(wanted.len() > 2, "{named:?}");
    while let Some(script) = wanted.pop() {
        let (_, path) = script["/assets/".len()..].split_once('/').unwrap();
        let text = fs::read_to_string(root().join("web").join(path)).unwrap();
        let mut imports = between(&text, "from \"", "\"");
        imports.extend(between(&text, "import \"", "\""));
        for import in imports {
            assert!(import.starts_with('.'), "{script} imports {import}");
            let address = resolve(&script, import);
            assert!(named.contains(&address), "the page does not name {address}");
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn the_first_page_is_small() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let description = "Shelve returned books and help readers find what they need. ".repeat(30);
    for number in 0..24 {
        let job = json!({
            "jobTitle": format!("Library assistant {number}"), "jobDescription": description,
            "skillsRequired": ["shelving", format!("skill {number}"), "Spanish", "typing", "patience"],
        });
        board.post_job(&employer, job).await;
    }
    let ask = async |path: &str| {
        let request = board
            .request(Method::GET, path)
            .header("accept", "text/html");
        let response = request
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().len()
    };
    until("all are found", async || {
        let page = board
            .request(Method::GET, "/")
            .header("accept", "text/html");
        board.send(page).await.text.contains("24 jobs")
    })
    .await;
    let page = board
        .request(Method::GET, "/")
        .header("accept", "text/html");
    let named = assets(&board.send(page).await.text);
    let (mut all, mut scripts) = (ask("/").await, 0);
    for asset in &named {
        let bytes = ask(asset).await;
        all += bytes;
        if is_script(asset) {
            scripts += bytes;
        }
    }
    let requests = named.len() + 1;
    println!("the first page: {requests} requests, {all} bytes, {scripts} of them JavaScript");
    assert!(requests <= FIRST_PAGE_REQUESTS, "{named:?}");
    assert!(all <= FIRST_PAGE_BYTES, "{all}");
    assert!(scripts <= FIRST_PAGE_SCRIPT_BYTES, "{scripts}");
    board.stop().await;
}

/// The names of a catalog's texts, one entry per line.
fn texts(language: &str) -> BTreeSet<String> {
    let file = fs::read_to_string(root().join(format!("web/i18n/{language}.json"))).unwrap();
    let entries = file.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("  \"")?.split_once("\": ")?;
        Some(name.to_owned())
    });
    entries.collect()
}

#[test]
fn both_catalogs_have_the_same_texts_and_each_is_used() {
    let english = texts("en");
    assert!(english.len() > 200, "{english:?}");
    assert_eq!(english, texts("es"));
    let mut literals = BTreeSet::new();
    for (path, text) in files("web/templates", "html")
        .iter()
        .chain(&files("src", "rs"))
    {
        for quote in ['"', '\''] {
            // An apostrophe in Rust code is rarely a quote.
            if quote == '"' || path.extension().is_some_and(|one| one == "html") {
                literals.extend(text.split(quote).map(str::to_owned));
            }
        }
    }
    // A name that is put together at run time begins with a literal that ends in a dot, or in a dot and a placeholder.
    let begins = |literal: &String| {
        let start = literal.split('{').next().unwrap();
        let is_name = start.len() > 1
            && start.ends_with('.')
            && start
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || "._".contains(one));
        is_name.then(|| start.to_owned())
    };
    let prefixes: BTreeSet<_> = literals.iter().filter_map(begins).collect();
    let is_unused = |name: &&String| {
        let begun = prefixes.iter().any(|prefix| name.starts_with(prefix));
        !literals.contains(*name) && !begun
    };
    let unused: Vec<_> = english.iter().filter(is_unused).collect();
    assert!(unused.is_empty(), "no template and no code uses {unused:?}");
}

#[test]
fn a_template_says_only_texts_of_the_catalogs() {
    let english = texts("en");
    for (path, text) in files("web/templates", "html") {
        // Not the end of another function's name.
        let text = text.replace("{{t(", "{{ t(");
        let names = [" t(\"", " t('", "(t(\"", "(t('"];
        let names = names.map(|start| between(&text, start, &start[3..]));
        for name in names.concat() {
            // A name that is put together ends in a dot.
            if name.ends_with('.') {
                continue;
            }
            assert!(english.contains(name), "{}: {name}", path.display());
        }
    }
}

#[test]
fn nothing_is_inline_or_from_another_host() {
    for (path, text) in files("web/templates", "html") {
        let path = path.display();
        assert!(
            !text.contains("<style") && !text.contains(" style="),
            "{path}"
        );
        assert!(
            !text.contains(" onclick=") && !text.contains("//cdn"),
            "{path}"
        );
        for script in between(&text, "<script", ">") {
            let is_data = script.contains("application/ld+json");
            assert!(
                is_data || script.contains("src=\"{{ asset("),
                "{path}: {script}"
            );
        }
    }
    for (path, text) in files("web", "js") {
        let is_elsewhere = text.contains("http://") || text.contains("https://");
        assert!(!is_elsewhere, "{} names another host", path.display());
    }
}
