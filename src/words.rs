//! What people read, in each language: the catalogs of web/i18n. A text has a name, values in braces, and perhaps forms
//! for one and for several.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

mod formats;

use formats::Formats;
pub use formats::sign;

/// The texts of one language.
pub struct Words {
    pub language: &'static str,
    texts: HashMap<String, Text>,
    formats: Formats,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Always(String),
    ByCount { one: String, other: String },
}

static CATALOGS: LazyLock<Vec<Words>> = LazyLock::new(|| {
    vec![
        Words::read("en", include_str!("../web/i18n/en.json")),
        Words::read("es", include_str!("../web/i18n/es.json")),
    ]
});

impl Words {
    /// The texts of a language; English if there are none.
    pub fn of(language: &str) -> &'static Self {
        let found = CATALOGS.iter().find(|words| words.language == language);
        found.unwrap_or(&CATALOGS[0])
    }

    /// The languages of the pages.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        CATALOGS.iter().map(|words| words.language)
    }

    fn read(language: &'static str, catalog: &str) -> Self {
        Self {
            language,
            texts: serde_json::from_str(catalog).expect("the catalog is JSON"),
            formats: Formats::of(language),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// A text with its values. One with plural forms is chosen by `count`. A name without a text stays visible.
    pub fn say(&self, name: &str, values: &Map<String, Value>) -> String {
        let Some(text) = self.texts.get(name) else {
            return name.to_owned();
        };
        let text = match text {
            Text::Always(text) => text,
            Text::ByCount { one, other } => {
                let count = values.get("count").map(Value::to_string);
                let is_one = count.is_some_and(|count| self.formats.is_one(&count));
                if is_one { one } else { other }
            }
        };
        let mut said = String::with_capacity(text.len() + 32);
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                rest = after;
                break;
            };
            match values.get(name) {
                Some(value) => said.push_str(&self.value(value)),
                None => said.extend(["{", name, "}"]),
            }
            rest = after;
        }
        said.push_str(rest);
        said
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => self.formats.number(&number.to_string()),
            Value::Array(choices) => {
                let choices: Vec<String> = choices.iter().map(|one| self.value(one)).collect();
                self.any_of(&choices)
            }
            other => other.to_string(),
        }
    }

    /// Choices as a sentence names them: "a, b, or c".
    fn any_of(&self, choices: &[String]) -> String {
        let (name, first, last) = match choices {
            [] => return String::new(),
            [only] => return only.clone(),
            [first, last] => ("list.or_two", first.clone(), last),
            [first @ .., last] => ("list.or", first.join(", "), last),
        };
        let values = [("first", first), ("last", last.clone())];
        let values = values.map(|(name, value)| (name.to_owned(), Value::String(value)));
        self.say(name, &values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn say(language: &str, name: &str, values: Value) -> String {
        let Value::Object(values) = values else {
            panic!("values have names")
        };
        Words::of(language).say(name, &values)
    }

    #[test]
    fn a_text_has_its_values_and_plural_forms() {
        let wrong = |language, count| say(language, "form.wrong", json!({ "count": count }));
        assert_eq!(wrong("en", 1), "Please fix 1 error below.");
        assert_eq!(wrong("en", 12_345), "Please fix 12,345 errors below.");
        assert_eq!(wrong("es", 1), "Hay 1 error en el formulario. Corrígelo.");
        assert_eq!(say("fr", "nav.jobs", json!({})), "Jobs");
        assert_eq!(say("en", "no.such.text", json!({})), "no.such.text");
        let missing = say("en", "verify.done", json!({}));
        assert_eq!(missing, "{email} is confirmed.");
        // A value is never taken for a place of another value.
        let odd = say(
            "en",
            "verify.done",
            json!({ "email": "{count}", "count": 1 }),
        );
        assert_eq!(odd, "{count} is confirmed.");
    }

    #[test]
    fn choices_are_named_as_a_sentence_does() {
        for (choices, english, spanish) in [
            (json!([]), "", ""),
            (json!(["a"]), "a", "a"),
            (json!(["a", "b"]), "a or b", "a o b"),
            (json!(["a", "b", "c"]), "a, b, or c", "a, b o c"),
        ] {
            assert_eq!(Words::of("en").value(&choices), english);
            assert_eq!(Words::of("es").value(&choices), spanish);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (json!(0), "0"),
            (json!(999), "999"),
            (json!(-1000), "-1,000"),
            (json!(1_234_567), "1,234,567"),
            (json!(12_500.5), "12,500.5"),
            (json!(20.0), "20"),
        ] {
            assert_eq!(Words::of("en").value(&number), text);
        }
    }
}
