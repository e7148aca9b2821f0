//! Every fault has a code, one sentence, and a text in each catalog.

use super::*;
use crate::model::names_of;

/// STYLE 19: one place makes the English sentence from the params.
#[test]
fn every_fault_has_one_sentence() {
    let sentences: Vec<&str> = SENTENCES.iter().map(|(code, _)| *code).collect();
    assert_eq!(sentences.len(), names_of::<FieldFault>().len());
    for code in names_of::<FieldFault>() {
        assert!(sentences.contains(&code), "{code}");
    }
}

/// The names in braces.
fn params(text: &str) -> Vec<&str> {
    let names = text.split('{').skip(1);
    names.filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn the_catalogs_name_only_values_that_a_fault_has() {
    for language in ["en", "es"] {
        let path = format!("{}/web/i18n/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let catalog = std::fs::read_to_string(path).unwrap();
        for (code, sentence) in SENTENCES {
            let start = format!("  \"invalid.{code}\": ");
            let text = catalog.lines().find_map(|line| line.strip_prefix(&start));
            let text = text.unwrap_or_else(|| panic!("{language}.json lacks invalid.{code}"));
            for name in params(text) {
                let has = params(sentence).contains(&name);
                assert!(has, "{language}.json: invalid.{code} names {name}");
            }
        }
    }
}

/// A sentence in Spanish must not contain an English param.
#[test]
fn the_catalogs_have_words_for_params_that_are_codes() {
    let statuses = names_of::<crate::model::AccountStatus>();
    let statuses = statuses.iter().map(|status| ("status", *status));
    let values = VALUES.iter().map(|(name, value, _)| (*name, *value));
    let values: Vec<_> = values.chain(statuses).collect();
    for language in ["en", "es"] {
        let path = format!("{}/web/i18n/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let catalog = std::fs::read_to_string(path).unwrap();
        for (name, value) in &values {
            let entry = format!("  \"param.{name}.{value}\": \"");
            assert!(catalog.contains(&entry), "{language}.json lacks {entry}");
        }
    }
}

#[test]
fn a_fault_is_a_code_and_the_params_of_its_sentence() {
    let error = crate::model::FieldError {
        field: "answers".into(),
        fault: FieldFault::Unanswered {
            question_id: "why".into(),
            prompt: "Why?".into(),
        },
    };
    let written = serde_json::to_value(error).unwrap();
    assert_eq!(
        written,
        serde_json::json!({
            "field": "answers", "code": "unanswered", "message": "must answer \"Why?\" (why)",
            "params": {"questionId": "why", "prompt": "Why?"},
        })
    );
    let range = FieldFault::OutOfRange { min: 0, max: 1000 };
    assert_eq!(range.to_string(), "must be from 0 to 1000");
    let roles = FieldFault::not_one_of(["student", "employer"]);
    assert_eq!(roles.to_string(), "must be one of: student, employer");
    assert_eq!(
        FieldFault::TooSmall { min: 0.5 }.to_string(),
        "must be at least 0.5"
    );
    let fault = FieldFault::UnknownSeparator {
        separator: "space".into(),
    };
    assert_eq!(fault.parts().1["separator"], "space");
    let sentence = fault.to_string();
    assert!(sentence.starts_with("separates its columns by spaces. "));
}
