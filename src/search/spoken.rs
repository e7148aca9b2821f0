//! Limits in words: "over $20", "under 10 hours a week". They are removed from the query; the rest stays text. Only an
//! amount with a unit is a limit, so "over 20" stays text.

use std::borrow::Cow;

use super::syntax::{Limit, Range, number, range};

/// Most words of a query to check.
const MAX_WORDS: usize = 64;

const COMPARISONS: &[(&[&str], Side)] = &[
    (&["more", "than"], Side::Above),
    (&["over"], Side::Above),
    (&["above"], Side::Above),
    (&["at", "least"], Side::AtLeast),
    (&["minimum"], Side::AtLeast),
    (&["min"], Side::AtLeast),
    (&["no", "more", "than"], Side::AtMost),
    (&["less", "than"], Side::Below),
    (&["fewer", "than"], Side::Below),
    (&["under"], Side::Below),
    (&["below"], Side::Below),
    (&["at", "most"], Side::AtMost),
    (&["up", "to"], Side::AtMost),
    (&["maximum"], Side::AtMost),
    (&["max"], Side::AtMost),
];

/// What may follow an amount and change its direction.
const DIRECTION_AFTER: &[(&[&str], Side)] = &[
    (&["or", "more"], Side::AtLeast),
    (&["and", "up"], Side::AtLeast),
    (&["or", "less"], Side::AtMost),
    (&["or", "fewer"], Side::AtMost),
];

const PER_HOUR: &[&[&str]] = &[&["an", "hour"], &["per", "hour"], &["/hour"], &["hourly"]];
const PER_WEEK: &[&[&str]] = &[
    &["a", "week"],
    &["per", "week"],
    &["each", "week"],
    &["/week"],
    &["weekly"],
];
const HOURS: &[&str] = &["hours", "hour", "hrs", "hr", "h"];
const DOLLARS: &[&str] = &["dollars", "bucks"];
/// Directly after an amount of money.
const HOURLY: &[&str] = &["/h", "/hr", "/hour"];

/// The smallest step of pay and hours.
const STEP: f64 = 0.01;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    AtLeast,
    AtMost,
    Below,
}

enum Amount {
    Pay(Range),
    Hours(Range),
}

/// The limits in a query, and the query without them.
pub fn limits(text: &str) -> (Vec<Limit>, Cow<'_, str>) {
    let mut limits = Vec::new();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return (limits, Cow::Borrowed(text));
    }
    let typed: Vec<&str> = text.split_whitespace().collect();
    let words: Vec<String> = typed
        .iter()
        .take(MAX_WORDS)
        .map(|word| plain(word))
        .collect();
    let mut kept = Vec::with_capacity(typed.len());
    let mut at = 0;
    while at < typed.len() {
        if let Some((limit, length)) = words.get(at..).and_then(read) {
            limits.push(limit);
            at += length;
        } else {
            kept.push(typed[at]);
            at += 1;
        }
    }
    if limits.is_empty() {
        return (limits, Cow::Borrowed(text));
    }
    (limits, Cow::Owned(kept.join(" ")))
}

fn plain(word: &str) -> String {
    word.trim_matches([',', '.', ';', '!', '?', '(', ')'])
        .to_lowercase()
}

/// A limit at the start of some words, and how many words it takes.
fn read(words: &[String]) -> Option<(Limit, usize)> {
    let (said, before) = first_of(COMPARISONS, words).unzip();
    let mut length = before.unwrap_or(0);
    let (amount, taken) = amount(&words[length..])?;
    length += taken;
    let rest = |length: usize| words.get(length..).unwrap_or_default();
    let units = match amount {
        Amount::Pay(_) => PER_HOUR,
        Amount::Hours(_) => PER_WEEK,
    };
    let unit = units.iter().find(|unit| begins(rest(length), unit));
    length += unit.map_or(0, |unit| unit.len());
    let turned = first_of(DIRECTION_AFTER, rest(length));
    length += turned.map_or(0, |(_, taken)| taken);
    let side = said.or(turned.map(|(side, _)| side));
    let limit = match amount {
        Amount::Pay(amount) => {
            let (low, high) = sided(amount, side.unwrap_or(Side::AtLeast));
            let cents = |amount: f64| (amount * 100.0).round() as i64;
            Limit::PayCents(low.map_or(i64::MIN, cents), high.map_or(i64::MAX, cents))
        }
        // "10 hours" alone could mean anything. Per week it is the time a person has.
        Amount::Hours(_) if side.is_none() && unit.is_none() => return None,
        Amount::Hours(amount) => {
            let (low, high) = sided(amount, side.unwrap_or(Side::AtMost));
            Limit::Hours(
                low.unwrap_or(f64::NEG_INFINITY),
                high.unwrap_or(f64::INFINITY),
            )
        }
    };
    Some((limit, length))
}

fn first_of(table: &[(&[&str], Side)], words: &[String]) -> Option<(Side, usize)> {
    let found = table.iter().find(|(said, _)| begins(words, said))?;
    Some((found.1, found.0.len()))
}

fn begins(words: &[String], said: &[&str]) -> bool {
    words.len() >= said.len() && words.iter().zip(said).all(|(word, said)| word == said)
}

/// "$20", "$20/hr", "20 dollars", "$15-20", "10 hours", "10hrs", "10-15 hours".
fn amount(words: &[String]) -> Option<(Amount, usize)> {
    let first = words.first()?.as_str();
    let next = words.get(1).map(String::as_str).unwrap_or_default();
    if first.starts_with('$') {
        let hourly = HOURLY.iter().find_map(|unit| first.strip_suffix(unit));
        return Some((Amount::Pay(range(hourly.unwrap_or(first), STEP)?), 1));
    }
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if DOLLARS.contains(&next) {
        return Some((Amount::Pay(range(first, STEP)?), 2));
    }
    if HOURS.contains(&next) {
        return Some((Amount::Hours(range(first, STEP)?), 2));
    }
    let glued = HOURS.iter().find_map(|unit| first.strip_suffix(unit))?;
    Some((Amount::Hours((Some(number(glued)?), None)), 1))
}

/// An amount with both ends needs no other word for its direction.
fn sided((low, high): Range, side: Side) -> Range {
    let (Some(amount), None) = (low, high) else {
        return (low, high);
    };
    match side {
        Side::Above => (Some(amount + STEP), None),
        Side::AtLeast => (Some(amount), None),
        Side::AtMost => (None, Some(amount)),
        Side::Below => (None, Some(amount - STEP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pay_and_hours_limits_in_words_are_understood() {
        let (least, most) = (i64::MIN, i64::MAX);
        for (text, low, high, rest) in [
            ("tutor over $20", 2_001, most, "tutor"),
            ("at least $17.50 an hour library", 1_750, most, "library"),
            ("$20/hr", 2_000, most, ""),
            ("$20+ barista", 2_000, most, "barista"),
            ("under $20 an hour", least, 1_999, ""),
            ("$15-20 clerk", 1_500, 2_000, "clerk"),
            ("more than 18 dollars", 1_801, most, ""),
            ("$18 or more", 1_800, most, ""),
        ] {
            let (limits, left) = limits(text);
            assert_eq!(limits, [Limit::PayCents(low, high)], "{text}");
            assert_eq!(left, rest, "{text}");
        }
        let (none, endless) = (f64::NEG_INFINITY, f64::INFINITY);
        for (text, low, high, rest) in [
            ("under 10 hours", none, 9.99, ""),
            ("Tutor, up to 10 hours a week!", none, 10.0, "Tutor,"),
            ("10 hours a week tutor", none, 10.0, "tutor"),
            ("at least 15 hrs per week", 15.0, endless, ""),
            ("max 12h", none, 12.0, ""),
            ("10-15 hours weekly", 10.0, 15.0, ""),
            ("10 hours or less", none, 10.0, ""),
        ] {
            let (limits, left) = limits(text);
            assert_eq!(limits, [Limit::Hours(low, high)], "{text}");
            assert_eq!(left, rest, "{text}");
        }
        for text in [
            "over 20",
            "24 hours desk",
            "under the bridge",
            "$",
            "$x",
            "over",
            "at least",
            "2 hour shifts",
            "level 3",
            "$20m fund",
        ] {
            assert_eq!(limits(text), (Vec::new(), Cow::Borrowed(text)), "{text}");
        }
    }
}
