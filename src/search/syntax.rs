//! The query syntax, which accepts any text: pairs of quotes make a phrase, a minus before a word excludes it, and
//! `skill:`, `title:`, `at:`, `pay:`, `hours:` and `setting:` before a value search in one field. Everything else is
//! plain text.

use super::schema::SETTINGS;

/// A piece of the query.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece<'a> {
    /// Words in order.
    Plain(&'a str),
    /// The text between quotes.
    Quoted(&'a str),
    /// Excluded text.
    Without(&'a str),
    Within {
        place: SearchField,
        value: &'a str,
        is_excluded: bool,
    },
    Limit(Limit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchField {
    Skill,
    Title,
    /// Workplace, employer or location.
    At,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    PayCents(i64, i64),
    Hours(f64, f64),
    /// By number, as in `SETTINGS`.
    Setting(usize),
}

impl Limit {
    /// Equal limits have equal keys.
    pub fn key(&self) -> String {
        format!("{self:?}")
    }
}

const QUOTES: [char; 4] = ['"', '“', '”', '„'];

/// Splits a query into pieces, in order. Looks at each character only a few times.
pub fn pieces(typed: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // Where plain text starts that is not in a piece yet.
    let mut plain = 0;
    let mut at = 0;
    let mut begins_word = true;
    // Looks for a closing quote only once if there is none.
    let mut is_open = true;
    while let Some(c) = typed[at..].chars().next() {
        let special = if QUOTES.contains(&c) && is_open {
            let quoted = read_quoted(&typed[at..]);
            is_open = quoted.is_some();
            quoted.map(|(text, length)| (Piece::Quoted(text), length))
        } else if begins_word {
            read_special(&typed[at..])
        } else {
            None
        };
        if let Some((piece, length)) = special {
            push_plain(&typed[plain..at], &mut pieces);
            pieces.push(piece);
            at += length;
            plain = at;
            begins_word = true;
        } else {
            at += c.len_utf8();
            begins_word = c.is_whitespace() || c == '(';
        }
    }
    push_plain(&typed[plain..], &mut pieces);
    pieces
}

fn push_plain<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    if !text.trim().is_empty() {
        pieces.push(Piece::Plain(text));
    }
}

/// For a text that starts with a quote: what is before the closing quote, and the total length.
fn read_quoted(text: &str) -> Option<(&str, usize)> {
    let open = text.chars().next().map_or(0, char::len_utf8);
    let inside = &text[open..];
    let end = inside.find(QUOTES)?;
    let close = inside[end..].chars().next().map_or(0, char::len_utf8);
    Some((&inside[..end], open + end + close))
}

/// The value at the start of a text, quoted or up to a space, and its length.
fn read_value(text: &str) -> Option<(&str, usize)> {
    if text.starts_with(QUOTES) {
        return read_quoted(text).filter(|(value, _)| value.contains(char::is_alphanumeric));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || QUOTES.contains(&c))
        .unwrap_or(text.len());
    let value = &text[..end];
    value
        .contains(char::is_alphanumeric)
        .then_some((value, end))
}

fn read_special(text: &str) -> Option<(Piece<'_>, usize)> {
    let (minus, rest) = match text.strip_prefix('-') {
        Some(rest) => (1, rest),
        None => (0, text),
    };
    let is_excluded = minus == 1;
    if let Some((name, after)) = field_name(rest)
        && let Some((value, length)) = read_value(after)
    {
        let length = minus + name.len() + 1 + length;
        let within = |place| {
            let piece = Piece::Within {
                place,
                value,
                is_excluded,
            };
            Some((piece, length))
        };
        let limit = |limit: Option<Limit>| {
            let limit = limit.filter(|_| !is_excluded)?;
            Some((Piece::Limit(limit), length))
        };
        return match name.to_ascii_lowercase().as_str() {
            "skill" => within(SearchField::Skill),
            "title" => within(SearchField::Title),
            "at" => within(SearchField::At),
            "pay" => limit(pay(value)),
            "hours" => limit(hours(value)),
            "setting" => limit(setting(value)),
            _ => None,
        };
    }
    if is_excluded && rest.starts_with(|c: char| c.is_alphabetic() || QUOTES.contains(&c)) {
        let (value, length) = read_value(rest)?;
        return Some((Piece::Without(value), minus + length));
    }
    None
}

const LONGEST_FIELD: usize = 7;

/// A word directly followed by a colon.
fn field_name(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .take(LONGEST_FIELD + 1)
        .position(|byte| !byte.is_ascii_alphabetic())?;
    let after = text[end..].strip_prefix(':')?;
    Some((&text[..end], after))
}

fn pay(value: &str) -> Option<Limit> {
    let (low, high) = range(value, 0.01)?;
    let cents = |amount: f64| (amount * 100.0).round() as i64;
    Some(Limit::PayCents(
        low.map_or(i64::MIN, cents),
        high.map_or(i64::MAX, cents),
    ))
}

fn hours(value: &str) -> Option<Limit> {
    // A number of hours is the most that a person has.
    let (low, high) = match range(value, 0.01)? {
        (Some(most), None) if value.starts_with(|c: char| c.is_ascii_digit()) => (None, Some(most)),
        range => range,
    };
    Some(Limit::Hours(
        low.unwrap_or(f64::NEG_INFINITY),
        high.unwrap_or(f64::INFINITY),
    ))
}

fn setting(value: &str) -> Option<Limit> {
    let plain = value.replace(['-', '_', ' '], "");
    let found = SETTINGS
        .iter()
        .position(|setting| setting.eq_ignore_ascii_case(&plain))?;
    Some(Limit::Setting(found))
}

pub type Range = (Option<f64>, Option<f64>);

/// ">15", ">=15", "<20", "<=20", "15-20", "15..20"; "15" and "15+" mean at least that.
pub fn range(value: &str, step: f64) -> Option<Range> {
    let after = |prefix: &str| value.strip_prefix(prefix).map(number);
    if let Some(least) = after(">=").or_else(|| after("≥")) {
        return Some((Some(least?), None));
    }
    if let Some(most) = after("<=").or_else(|| after("≤")) {
        return Some((None, Some(most?)));
    }
    if let Some(above) = after(">") {
        return Some((Some(above? + step), None));
    }
    if let Some(below) = after("<") {
        return Some((None, Some(below? - step)));
    }
    let both = value
        .split_once("..")
        .or_else(|| value.split_once('-'))
        .or_else(|| value.split_once('–'));
    if let Some((low, high)) = both {
        return Some((Some(number(low)?), Some(number(high)?)));
    }
    Some((Some(number(value.trim_end_matches('+'))?), None))
}

/// A possible number of a wage or of weekly hours.
pub fn number(text: &str) -> Option<f64> {
    let text = text.strip_prefix(['$', '€', '£']).unwrap_or(text);
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| is_number)?;
    (0.0..=1e6).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::Piece::*;
    use super::*;

    #[test]
    fn quotes_come_in_pairs() {
        assert_eq!(
            pieces("a \"data entry\" b"),
            [Plain("a "), Quoted("data entry"), Plain(" b")]
        );
        assert_eq!(pieces("“data entry”"), [Quoted("data entry")]);
        assert_eq!(pieces("a \"data"), [Plain("a \"data")]);
        assert_eq!(pieces("\"\"\""), [Quoted(""), Plain("\"")]);
        assert_eq!(pieces(" \u{3000} "), []);
    }

    #[test]
    fn a_minus_excludes_the_next_word() {
        assert_eq!(pieces("tutor -math"), [Plain("tutor "), Without("math")]);
        assert_eq!(pieces("-\"night shift\""), [Without("night shift")]);
        for text in ["part-time", "a - b", "--", "-", "-1", "- math", "--math"] {
            assert_eq!(pieces(text), [Plain(text)], "{text}");
        }
    }

    #[test]
    fn field_prefixes_search_one_field() {
        let within = |place, value, is_excluded| Within {
            place,
            value,
            is_excluded,
        };
        assert_eq!(
            pieces("skill:js"),
            [within(SearchField::Skill, "js", false)]
        );
        assert_eq!(
            pieces("-Skill:\"data entry\" x"),
            [within(SearchField::Skill, "data entry", true), Plain(" x")]
        );
        assert_eq!(
            pieces("at:library"),
            [within(SearchField::At, "library", false)]
        );
        assert_eq!(
            pieces("title:aide"),
            [within(SearchField::Title, "aide", false)]
        );
        for text in [
            "note:x",
            "skill:",
            "skill: x",
            "skill:?",
            "at:\"",
            "pay:good",
            "pay:>",
            "-pay:>5",
            "http://x",
            "pay:1e3",
            "pay:-5",
            "setting:moon",
        ] {
            assert_eq!(pieces(text), [Plain(text)], "{text}");
        }
    }

    #[test]
    fn limits_are_read() {
        let no = (i64::MIN, i64::MAX);
        for (text, low, high) in [
            ("pay:>15", 1_501, no.1),
            ("pay:>=15.50", 1_550, no.1),
            ("pay:15", 1_500, no.1),
            ("pay:$15+", 1_500, no.1),
            ("pay:<20", no.0, 1_999),
            ("pay:15-20", 1_500, 2_000),
        ] {
            assert_eq!(pieces(text), [Limit(super::Limit::PayCents(low, high))]);
        }
        let most = |hours| [Limit(super::Limit::Hours(f64::NEG_INFINITY, hours))];
        assert_eq!(pieces("hours:10"), most(10.0));
        assert_eq!(pieces("hours:<=10"), most(10.0));
        assert_eq!(
            pieces("setting:on-campus"),
            [Limit(super::Limit::Setting(0))]
        );
    }
}
