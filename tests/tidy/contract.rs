//! Compares src/http/README.md, the contract that clients rely on, with the code: routes, codes and settings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use corkboard::http::{Access, openapi_document, routes};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The cells of the tables in one part of the page, without headers.
fn rows(part: &str) -> Vec<Vec<String>> {
    let page = read("src/http/README.md");
    let parts = page.split("\n## ");
    let mut parts = parts.filter(|text| text.starts_with(&format!("{part}\n")));
    let text = parts.next().unwrap_or_else(|| panic!("no part {part}"));
    let lines = text.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = lines.map(|line| line.trim_end_matches(" |").split(" | "));
    rows.map(|cells| cells.map(str::to_owned).collect())
        .collect()
}

fn in_code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Who may call a route, in the page's words.
fn callers(access: Access) -> String {
    match access {
        Access::Anybody => "anyone".into(),
        Access::LocalOrAdmin => "this machine, admin".into(),
        Access::Roles(roles) => {
            let names = roles.iter().map(|role| {
                let name = serde_json::to_value(role).unwrap();
                name.as_str().unwrap().to_owned()
            });
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

#[test]
fn the_contract_has_every_route_with_its_callers_and_no_other() {
    let built: BTreeSet<(String, String)> = routes()
        .iter()
        .map(|route| {
            let query = route.only_with.map(|name| format!("?{name}="));
            let path = route.path.trim_start_matches("/api/v1");
            let name = format!("{} {path}{}", route.method, query.unwrap_or_default());
            (name, callers(route.access))
        })
        .collect();
    let named: BTreeSet<(String, String)> = rows("Routes")
        .iter()
        .filter_map(|cells| Some(((*in_code(&cells[0]).first()?).to_owned(), cells[1].clone())))
        .collect();
    let missing: Vec<_> = built.difference(&named).collect();
    let extra: Vec<_> = named.difference(&built).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing: {missing:?}; not built: {extra:?}"
    );
}

/// The codes on the page with their params. A code with two statuses has one entry.
fn codes_on_the_page() -> BTreeSet<String> {
    let rows = rows("Errors");
    let codes = rows.iter().flat_map(|cells| {
        // Outside the parentheses, which contain params.
        let kept = cells[1]
            .split('(')
            .map(|piece| match piece.split_once(')') {
                Some((_, behind)) => behind,
                None => piece,
            });
        let kept = kept.collect::<String>();
        let names = in_code(&kept).into_iter().map(str::to_owned);
        names.collect::<Vec<_>>()
    });
    codes
        .filter(|code| !["code", "params", "reasons"].contains(&code.as_str()))
        .collect()
}

#[test]
fn the_contract_has_every_error_code_and_no_other() {
    let schemas = &openapi_document()["components"]["schemas"];
    let built: BTreeSet<String> = ["ProblemCode", "FieldCode"]
        .into_iter()
        .flat_map(|schema| {
            let names: BTreeSet<String> =
                serde_json::from_value(schemas[schema]["enum"].clone()).unwrap();
            names
        })
        .collect();
    let named = codes_on_the_page();
    let missing: Vec<_> = built.difference(&named).collect();
    let extra: Vec<_> = named.difference(&built).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing: {missing:?}; no such code: {extra:?}"
    );
}

#[test]
fn the_contract_has_every_setting_with_its_default_and_no_other() {
    let settings: toml::Table = read("config.toml").parse().unwrap();
    let named: BTreeMap<String, toml::Table> = rows("Configuration")
        .iter()
        .filter_map(|cells| {
            let section = cells[0].strip_prefix('[')?.strip_suffix(']')?;
            let keys = in_code(&cells[1]).join("\n");
            Some((section.to_owned(), keys.parse().unwrap()))
        })
        .collect();
    let sections: Vec<&String> = settings.keys().collect();
    assert_eq!(
        named.keys().collect::<BTreeSet<_>>(),
        sections.into_iter().collect()
    );
    for (section, keys) in &named {
        assert_eq!(settings[section].as_table(), Some(keys), "[{section}]");
    }
}
