//! Values as spreadsheets write them, in the US style and with a decimal comma. The file's separator decides between
//! two possible meanings; where that does not help, the value is refused.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// The style of a file's numbers and dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// 1,234.5 and 12/18/2026.
    American,
    /// 1.234,5 and 18/12/2026. Such spreadsheets separate cells by semicolons, since they use commas in numbers.
    DecimalComma,
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "t" | "verdadero" | "sí" | "si" => Some(true),
        "false" | "no" | "n" | "0" | "f" | "falso" => Some(false),
        _ => None,
    }
}

/// An amount, with or without a currency sign.
pub(super) fn amount(text: &str, style: Style) -> Option<f64> {
    let is_sign = |letter: char| matches!(letter, '$' | '€' | '£' | '¥');
    let (minus, text) = minus(text);
    let bare = text.strip_prefix(is_sign).or(text.strip_suffix(is_sign));
    let number = number(bare.unwrap_or(text).trim(), style)?;
    match minus {
        true if number < 0.0 => None,
        true => Some(-number),
        false => Some(number),
    }
}

fn minus(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A decimal number. No exponent, no percent sign.
pub(super) fn number(text: &str, style: Style) -> Option<f64> {
    let (minus, text) = minus(text);
    // Some group thousands with non-breaking spaces.
    let digits: String = text.chars().filter(|letter| !is_space(*letter)).collect();
    let commas = digits.matches(',').count();
    let points = digits.matches('.').count();
    let point = match (digits.rfind(','), digits.rfind('.')) {
        (Some(comma), Some(point)) if comma > point => Some(','),
        (None, Some(_)) if points > 1 => None,
        (_, Some(_)) => Some('.'),
        (Some(_), None) => {
            let is_decimal = !is_grouped(&digits, ',') || style == Style::DecimalComma;
            (commas == 1 && is_decimal).then_some(',')
        }
        (None, None) => None,
    };
    let (whole, fraction) = match point {
        Some(point) => digits.rsplit_once(point)?,
        None => (digits.as_str(), ""),
    };
    let group = match point {
        Some(',') => '.',
        None if points > 0 => '.',
        Some(_) | None => ',',
    };
    let is_sound = (is_grouped(whole, group) || whole.is_empty() && !fraction.is_empty())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let plain = format!("0{}.{fraction}0", whole.replace(group, ""));
    let number: f64 = plain.parse().ok().filter(|_| is_sound)?;
    Some(if minus { -number } else { number })
}

fn is_space(letter: char) -> bool {
    matches!(letter, '\u{a0}' | '\u{202f}')
}

/// Digits, in groups of three if there are separators.
fn is_grouped(text: &str, separator: char) -> bool {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split(separator);
    let first = parts.next().unwrap_or_default();
    let is_alone = first.len() == text.len();
    !first.is_empty()
        && is_digits(first)
        && (is_alone || first.len() <= 3)
        && parts.all(|part| part.len() == 3 && is_digits(part))
}

/// A date. A time after it does not matter.
pub(super) fn date(text: &str, style: Style) -> Option<Date> {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return text.get(..10)?.parse().ok();
    }
    day_and_time(text, style).map(|(day, _)| day)
}

/// A time as the text that a posting's deadline accepts: a bare date if it is one, or if its time is midnight, which is
/// how a spreadsheet writes a bare date.
pub(super) fn moment(text: &str, style: Style, zone: &TimeZone) -> Option<String> {
    let (day, time) = day_and_time(text, style)?;
    if time == Time::midnight() {
        return Some(day.to_string());
    }
    let moment = zone.to_timestamp(day.to_datetime(time)).ok()?;
    Some(moment.to_string())
}

fn day_and_time(text: &str, style: Style) -> Option<(Date, Time)> {
    let between = |letter: char| letter == ' ' || letter == 'T' || is_space(letter);
    match text.split_once(between) {
        Some((first, second)) => Some((day(first, style)?, time(second.trim())?)),
        None => Some((day(text, style)?, Time::midnight())),
    }
}

fn day(text: &str, style: Style) -> Option<Date> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(separator).collect();
    let [a, b, c] = parts[..] else {
        return None;
    };
    let (year, month, day) = match (a.len() == 4, separator, style) {
        (true, ..) => (a, b, c),
        (false, '/', Style::American) => (c, a, b),
        (false, '/', Style::DecimalComma) => (c, b, a),
        _ => return None,
    };
    let number = |text: &str| -> Option<i16> {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_digits)
    };
    // On some systems, Excel writes two-digit years.
    let century = if year.len() == 2 { 2000 } else { 0 };
    let small = |text: &str| i8::try_from(number(text)?).ok();
    Date::new(century + number(year)?, small(month)?, small(day)?).ok()
}

/// 17:30, 5:30 PM, 5:30:00 p. m.
fn time(text: &str) -> Option<Time> {
    let is_clock = |letter: char| letter.is_ascii_digit() || matches!(letter, ':' | '.');
    let end = text.find(|letter| !is_clock(letter)).unwrap_or(text.len());
    let (clock, half) = text.split_at(end);
    let half: String = half
        .chars()
        .filter(|letter| !is_space(*letter) && !matches!(letter, ' ' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    // Fractions of a second are dropped.
    let clock = clock.split('.').next().unwrap_or_default();
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match half.as_str() {
        "" => hour,
        "am" if (1..=12).contains(&hour) => hour % 12,
        "pm" if (1..=12).contains(&hour) => hour % 12 + 12,
        _ => return None,
    };
    Time::new(hour, minute, second, 0)
        .ok()
        .filter(|_| parts.next().is_none())
}

/// Whether a spreadsheet rounded a long number: 4.71123E+11.
pub(super) fn is_rounded(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let digits = digits.replacen(['.', ','], "", 1);
    is_digits(&digits) && exponent.strip_prefix('+').is_some_and(is_digits)
}

/// Whether this is what a spreadsheet writes if it could not compute a value.
pub(super) fn is_fault(text: &str) -> bool {
    let faults = [
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
    ];
    faults.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::Style::{American, DecimalComma};
    use super::*;

    #[test]
    fn booleans_are_read_in_english_and_spanish() {
        for yes in [
            "TRUE",
            "True",
            "true",
            "1",
            "yes",
            "Yes",
            "Y",
            "VERDADERO",
            "Sí",
            "SI",
        ] {
            assert_eq!(boolean(yes), Some(true), "{yes}");
        }
        for no in ["FALSE", "False", "0", "no", "N", "FALSO"] {
            assert_eq!(boolean(no), Some(false), "{no}");
        }
        for neither in ["", "maybe", "2", "-1", "on"] {
            assert_eq!(boolean(neither), None, "{neither}");
        }
    }

    #[test]
    fn numbers_are_read_as_their_spreadsheet_wrote_them() {
        for (text, american, comma) in [
            ("17.50", Some(17.5), Some(17.5)),
            ("17,50", Some(17.5), Some(17.5)),
            ("2.0", Some(2.0), Some(2.0)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1,234.5", Some(1234.5), Some(1234.5)),
            ("1.234,5", Some(1234.5), Some(1234.5)),
            ("1,234,567", Some(1_234_567.0), Some(1_234_567.0)),
            ("1.234.567", Some(1_234_567.0), Some(1_234_567.0)),
            ("1\u{a0}234,50", Some(1234.5), Some(1234.5)),
            ("-3", Some(-3.0), Some(-3.0)),
            (".5", Some(0.5), Some(0.5)),
            ("5.", Some(5.0), Some(5.0)),
            ("004711", Some(4711.0), Some(4711.0)),
            ("2.345", Some(2.345), Some(2.345)),
        ] {
            assert_eq!(number(text, American), american, "{text}");
            assert_eq!(number(text, DecimalComma), comma, "{text}");
        }
        for wrong in [
            "", "-", ".", ",", "1e5", "inf", "NaN", "50%", "1,23,456", "12,34.5", "1 234", "1.2.3",
            "1,2,3", "$5", "0x10", "٣", "5 h", "--5", "1,234,56",
        ] {
            assert_eq!(number(wrong, American), None, "{wrong}");
            assert_eq!(number(wrong, DecimalComma), None, "{wrong}");
        }
        for (text, wanted) in [
            ("$17.50", Some(17.5)),
            ("$1,234.50", Some(1234.5)),
            ("17,50 €", Some(17.5)),
            ("-$5", Some(-5.0)),
            ("$-5", Some(-5.0)),
            ("$ 15", Some(15.0)),
            ("15", Some(15.0)),
            ("$$5", None),
            ("--5", None),
            ("$", None),
            ("15/h", None),
        ] {
            assert_eq!(amount(text, American), wanted, "{text}");
        }
    }

    #[test]
    fn dates_and_times_are_read_as_their_spreadsheet_wrote_them() {
        let day = |month, day| Some(jiff::civil::date(2026, month, day));
        for (text, american, comma) in [
            ("2026-12-18", day(12, 18), day(12, 18)),
            ("2026-12-18 00:00:00", day(12, 18), day(12, 18)),
            ("2026-12-18T23:30:00-08:00", day(12, 18), day(12, 18)),
            ("2026/1/2", day(1, 2), day(1, 2)),
            ("12/18/2026", day(12, 18), None),
            ("18/12/2026", None, day(12, 18)),
            ("3/4/26", day(3, 4), day(4, 3)),
            ("12/18/2026 12:00:00 AM", day(12, 18), None),
            ("18/12/2026 0:00", None, day(12, 18)),
        ] {
            assert_eq!(date(text, American), american, "{text}");
            assert_eq!(date(text, DecimalComma), comma, "{text}");
        }
        for wrong in [
            "",
            "15 May",
            "46374",
            "2026-02-30",
            "2026-13-01",
            "1/2",
            "1/2/3/4",
            "12-18-2026",
            "2026-12-18 noon",
            "2026-12-18 25:00",
            "2026-12-18 13:00 PM",
            "a/b/c",
            "2026-12-18 ",
            "+1/2/2026",
            "12/18/20266",
        ] {
            assert_eq!(date(wrong, American), None, "{wrong}");
        }
        let zone = TimeZone::get("America/New_York").unwrap();
        for (text, wanted) in [
            ("2026-12-18", Some("2026-12-18")),
            ("2026-12-18 00:00:00", Some("2026-12-18")),
            ("12/18/2026 12:00:00 AM", Some("2026-12-18")),
            ("2026-12-18 17:00", Some("2026-12-18T22:00:00Z")),
            ("12/18/2026 5:00 PM", Some("2026-12-18T22:00:00Z")),
            ("12/18/26 5:00:00 p.\u{a0}m.", Some("2026-12-18T22:00:00Z")),
            ("2026-12-18T17:00:00.000", Some("2026-12-18T22:00:00Z")),
            ("2026-12-18 24:00", None),
            ("soon", None),
        ] {
            assert_eq!(moment(text, American, &zone).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn values_that_a_spreadsheet_damaged_are_detected() {
        for rounded in ["4.71123E+11", "4,71E+11", "1E+05", "5e+20"] {
            assert!(is_rounded(rounded), "{rounded}");
        }
        for fine in ["4711", "E1", "1E", "E+5", "12E5", "A1E+5", ""] {
            assert!(!is_rounded(fine), "{fine}");
        }
        assert!(is_fault("#REF!") && !is_fault("#1"));
    }
}
