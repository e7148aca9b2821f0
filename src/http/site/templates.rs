//! The templates, and the addresses of the files that they name.

use std::sync::LazyLock;

use minijinja::value::Kwargs;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
    escape_formatter,
};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest as _, Sha256};

use crate::words::Words;

/// In debug builds, read from disk, so that a reload shows changes.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// The folder of the templates, which are not served.
const TEMPLATES: &str = "templates/";

/// The style sheets, in the order of the cascade. A page loads them as one file.
const STYLES: [&str; 4] = ["tokens", "base", "components", "pages"];
const STYLE: &str = "site.css";

/// The templates of each language. They are part of the binary, and a test reads them all.
static TEMPLATES_BY_LANGUAGE: LazyLock<Vec<(&str, Environment<'static>)>> = LazyLock::new(|| {
    let languages = Words::languages();
    let all = languages.map(|language| Some((language, environment(language).ok()?)));
    all.collect::<Option<_>>().expect("the templates are right")
});

/// Renders a template in a language.
pub fn render(name: &str, words: &Words, values: Value) -> Result<String, Error> {
    if cfg!(debug_assertions) {
        return environment(words.language)?
            .get_template(name)?
            .render(values);
    }
    let all = &*TEMPLATES_BY_LANGUAGE;
    let found = all.iter().find(|(language, _)| *language == words.language);
    let (_, templates) = found.unwrap_or(&all[0]);
    templates.get_template(name)?.render(values)
}

fn environment(language: &'static str) -> Result<Environment<'static>, Error> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_formatter(write_escaped);
    // A misspelled name is an error, not an empty place.
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let words = Words::of(language);
    templates.add_function("t", move |name: &str, values: Kwargs| {
        say(words, name, &values)
    });
    templates.add_function("asset", |path: &str| Value::from_safe_string(asset(path)));
    templates.add_filter("urlencode", |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect()
    });
    for path in Files::iter() {
        let Some(name) = path.strip_prefix(TEMPLATES) else {
            continue;
        };
        let file = Files::get(&path).map(|file| file.data.into_owned());
        let text = String::from_utf8(file.unwrap_or_default());
        let text = text.map_err(|error| Error::new(ErrorKind::SyntaxError, error.to_string()))?;
        templates.add_template_owned(name.to_owned(), text)?;
    }
    Ok(templates)
}

/// Escapes what is special in HTML. The engine's own way also escapes slashes, which addresses are full of.
fn write_escaped(
    output: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    let text = value.as_str().filter(|_| !value.is_safe());
    let Some(text) = text else {
        return escape_formatter(output, state, value);
    };
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        output.write_str(&text[written..at])?;
        output.write_str(escape)?;
        written = at + 1;
    }
    Ok(output.write_str(&text[written..])?)
}

fn say(words: &Words, name: &str, values: &Kwargs) -> Result<String, Error> {
    if !words.has(name) {
        let unknown = format!("no catalog has the text {name:?}");
        return Err(Error::new(ErrorKind::InvalidOperation, unknown));
    }
    let mut given = serde_json::Map::new();
    for value in values.args() {
        let shown: Value = values.get(value)?;
        let shown = serde_json::to_value(shown);
        let shown =
            shown.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()));
        given.insert(value.to_owned(), shown?);
    }
    Ok(words.say(name, &given))
}

/// A file of the pages by its path.
pub fn file(path: &str) -> Option<EmbeddedFile> {
    // In debug builds, a path is one on the disk.
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    if path.starts_with(TEMPLATES) || path.split('/').any(is_odd) {
        return None;
    }
    Files::get(path)
}

/// The address of a file. It changes when any file of the pages changes.
pub fn asset(path: &str) -> String {
    format!("/assets/{}/{path}", *VERSION)
}

/// The path of the file with such an address, and whether the address is the current one.
pub fn asset_path(address: &str) -> Option<(&str, bool)> {
    let (version, path) = address.strip_prefix("/assets/")?.split_once('/')?;
    Some((path, version == *VERSION))
}

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for name in Files::iter() {
        digest.update(name.as_bytes());
        digest.update(file(&name).map_or([0; 32], |file| file.metadata.sha256_hash()));
    }
    let digest = digest.finalize();
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// The content of a file with an address, and its media type.
pub fn content(path: &str) -> Option<(Vec<u8>, String)> {
    if path == STYLE {
        let sheets = STYLES.map(|name| file(&format!("styles/{name}.css")));
        let sheets = sheets.into_iter().flatten();
        let all = sheets.flat_map(|sheet| sheet.data.into_owned()).collect();
        return Some((all, "text/css".into()));
    }
    let file = file(path)?;
    let kind = file.metadata.mimetype().to_owned();
    Some((file.data.into_owned(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        for language in Words::languages() {
            environment(language).unwrap();
        }
    }

    #[test]
    fn text_is_never_markup() {
        let mut templates = environment("en").unwrap();
        templates
            .add_template("test", "{{ text }}|{{ number }}|{{ text | safe }}")
            .unwrap();
        let values = minijinja::context! { text => "<a href='/é'>\"&amp;", number => 1.5 };
        let shown = templates.get_template("test").unwrap().render(values);
        assert_eq!(
            shown.unwrap(),
            "&lt;a href=&#39;/é&#39;&gt;&quot;&amp;amp;|1.5|<a href='/é'>\"&amp;"
        );
    }

    #[test]
    fn an_address_names_a_file_and_its_version() {
        let address = asset("favicon.svg");
        assert_eq!(asset_path(&address), Some(("favicon.svg", true)));
        let old = address.replace("/assets/", "/assets/0");
        assert_eq!(asset_path(&old), Some(("favicon.svg", false)));
        for other in ["/assets", "/assets/", "/assets/favicon.svg", "/favicon.svg"] {
            assert_eq!(asset_path(other), None, "{other}");
        }
        assert!(content("favicon.svg").is_some());
        assert!(content("templates/layout.html").is_none());
        assert!(content("../Cargo.toml").is_none());
    }

    #[test]
    fn the_style_of_a_page_is_one_file() {
        let (style, kind) = content(STYLE).unwrap();
        assert_eq!(kind, "text/css");
        for name in STYLES {
            let sheet = file(&format!("styles/{name}.css")).unwrap().data;
            assert!(
                style.windows(sheet.len()).any(|part| part == &*sheet),
                "{name}"
            );
        }
    }
}
