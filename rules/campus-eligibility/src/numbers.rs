//! Numbers and money as people read them. English and the Spanish of the United States write them alike.

use alloc::format;
use alloc::string::String;

use crate::facts::{Decimal, ONE};

/// 20, 12.1, 2.675: as it was typed.
pub fn number(value: Decimal) -> String {
    let text = format!("{}.{:05}", value / ONE, value % ONE);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// As grade points are written: one place at least.
pub fn grade(value: Decimal) -> String {
    let text = number(value);
    if text.contains('.') {
        text
    } else {
        text + ".0"
    }
}

/// $1,234.50
pub fn money(currency: &str, cents: u64) -> String {
    let whole = format!("{}", cents / 100);
    let mut grouped = String::from(currency);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{:02}", cents % 100)
}

/// A number with its unit, in the singular for 1 alone.
pub fn count(value: Decimal, one: &str, many: &str) -> String {
    let unit = if value == ONE { one } else { many };
    format!("{} {unit}", number(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::decimal;

    #[test]
    fn numbers_read_as_they_were_typed() {
        for (typed, read) in [
            (20.0, "20"),
            (12.1, "12.1"),
            (0.05, "0.05"),
            (2.675, "2.675"),
            (0.0, "0"),
            (100.0, "100"),
        ] {
            assert_eq!(number(decimal(typed)), read);
        }
        assert_eq!(grade(decimal(2.0)), "2.0");
        assert_eq!(grade(decimal(1.995)), "1.995");
        assert_eq!(count(ONE, "hour", "hours"), "1 hour");
        assert_eq!(count(ONE / 2, "hour", "hours"), "0.5 hours");
        for (cents, read) in [
            (0, "$0.00"),
            (725, "$7.25"),
            (123_450, "$1,234.50"),
            (100_000_000, "$1,000,000.00"),
            (99_999, "$999.99"),
        ] {
            assert_eq!(money("$", cents), read);
        }
    }

    /// E1: tenths of an hour add up, whatever a fraction of a computer makes of them.
    #[test]
    fn tenths_add_up() {
        for tenths in 0..=600_i64 {
            let part = decimal(tenths as f32 / 10.0);
            assert_eq!(part * 10, tenths * ONE);
            assert_eq!(part + decimal((600 - tenths) as f32 / 10.0), 60 * ONE);
        }
    }
}
