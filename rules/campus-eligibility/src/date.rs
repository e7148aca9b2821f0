//! Days since 1970-01-01 as people read them.

use alloc::format;
use alloc::string::String;

use crate::facts::{Day, Language};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SPANISH: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

pub fn written(day: Day, language: Language) -> String {
    let (year, month, day) = civil(day);
    let place = month as usize - 1;
    match language {
        Language::English => format!("{} {day}, {year}", ENGLISH[place]),
        Language::Spanish => format!("{day} de {} de {year}", SPANISH[place]),
    }
}

/// Year, month and day of the Gregorian calendar, by Howard Hinnant's `civil_from_days`
/// (https://howardhinnant.github.io/date_algorithms.html).
fn civil(days: Day) -> (i64, u32, u32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_written_right() {
        for (day, english) in [
            (0, "January 1, 1970"),
            (-1, "December 31, 1969"),
            (19_782, "February 29, 2024"),
            (20_727, "October 1, 2026"),
        ] {
            assert_eq!(written(day, Language::English), english);
        }
        assert_eq!(written(20_727, Language::Spanish), "1 de octubre de 2026");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil(-1_000_000);
        for day in -999_999..1_000_000 {
            let today = civil(day);
            let next = today.2 == before.2 + 1 && today.1 == before.1
                || today.2 == 1 && (today.1 == before.1 % 12 + 1);
            assert!(next, "{before:?} {today:?}");
            before = today;
        }
    }
}
