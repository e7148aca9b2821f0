//! Problems in the reader's language.

use serde_json::{Map, Value};

use crate::http::problem::{Because, Code, Problem};
use crate::model::FieldError;
use crate::words::Words;

/// Longer waits are given in minutes.
const MAX_SECONDS: u64 = 90;

/// The sentence of a problem.
pub fn problem(words: &Words, problem: &Problem) -> String {
    let (code, params) = problem.code().parts();
    let name = match problem.code() {
        Code::Forbidden {
            because: Because::Origin,
        } => "page.other_site".to_owned(),
        // The text of the code is about résumés.
        Code::UnsupportedMediaType { .. } => "problem.malformed_json".to_owned(),
        _ => format!("problem.{code}"),
    };
    if words.has(&name) {
        words.say(&name, &in_words(words, params))
    } else {
        words.say("problem.unknown", &Map::new())
    }
}

/// The sentence of a problem with an uploaded file.
pub fn of_file(words: &Words, problem: &Problem) -> String {
    match (problem.errors().first(), problem.code()) {
        (Some(error), _) => fault(words, error, false),
        (None, Code::UnsupportedMediaType { .. }) => words.plain("problem.unsupported_media_type"),
        _ => self::problem(words, problem),
    }
}

/// The sentence of a field's fault. Some empty fields have a sentence of their own.
pub fn fault(words: &Words, error: &FieldError, is_blank: bool) -> String {
    let missing = format!("missing.{}", error.field);
    if is_blank && words.has(&missing) {
        return words.say(&missing, &Map::new());
    }
    let (code, params) = crate::model::named_parts(&error.fault);
    words.say(&format!("invalid.{code}"), &in_words(words, params))
}

/// The params of a sentence, with codes such as a status as words.
fn in_words(words: &Words, params: Map<String, Value>) -> Map<String, Value> {
    let wait = params.get("retryAfter").and_then(Value::as_u64);
    let mut said: Map<String, Value> = params
        .into_iter()
        .map(|(name, value)| {
            let code = value.as_str().map(|value| format!("param.{name}.{value}"));
            let known = code.filter(|code| words.has(code));
            let value = known.map_or(value, |code| words.say(&code, &Map::new()).into());
            (name, value)
        })
        .collect();
    if let Some(seconds) = wait {
        let (name, count) = if seconds > MAX_SECONDS {
            ("wait.minutes", seconds.div_ceil(60))
        } else {
            ("wait.seconds", seconds)
        };
        let count = [("count".to_owned(), count.into())].into_iter().collect();
        said.insert("wait".into(), words.say(name, &count).into());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_are_in_minutes_and_one_is_singular() {
        let said = |seconds: u64| {
            let params = Map::from_iter([("retryAfter".to_owned(), seconds.into())]);
            let said = in_words(Words::of("en"), params);
            said["wait"].as_str().unwrap().to_owned()
        };
        assert_eq!(said(1), "1 second");
        assert_eq!(said(90), "90 seconds");
        assert_eq!(said(91), "2 minutes");
    }
}
