//! Numbers, money and dates as people in the United States write them in each language (CLDR, locales en-US and es-US).

use icu_calendar::Gregorian;
use icu_calendar::types::Month;
use icu_datetime::fieldsets::{MD, T, YMD};
use icu_datetime::input::{Date as IcuDate, Time as IcuTime};
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules, PluralRulesOptions};
use iso_currency::Currency;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Words;
use crate::model::{Money, Timestamp};

/// The formats of one language.
pub(super) struct Formats {
    numbers: DecimalFormatter,
    plurals: PluralRules,
    /// Dec 15, 2026
    dates: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    /// Dec 15
    days: FixedCalendarDateTimeFormatter<Gregorian, MD>,
    /// 5:05 PM
    times: NoCalendarFormatter<T>,
}

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// Until then, a deadline says how many days are left.
const COUNTED_DAYS: i64 = 60;
/// Until then, the year of a deadline is obvious.
const PLAIN_DAYS: i64 = 180;

impl Formats {
    pub(super) fn of(language: &str) -> Self {
        const KNOWN: &str = "the library knows this language";
        let locale: Locale = format!("{language}-US").parse().expect("a language tag");
        let dates = FixedCalendarDateTimeFormatter::try_new((&locale).into(), YMD::medium());
        let days = FixedCalendarDateTimeFormatter::try_new((&locale).into(), MD::medium());
        let times = NoCalendarFormatter::try_new((&locale).into(), T::hm());
        let numbers =
            DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default());
        let plurals = PluralRules::try_new((&locale).into(), PluralRulesOptions::default());
        Self {
            numbers: numbers.expect(KNOWN),
            plurals: plurals.expect(KNOWN),
            dates: dates.expect(KNOWN),
            days: days.expect(KNOWN),
            times: times.expect(KNOWN),
        }
    }

    /// Whether a text with this count takes the form for one.
    pub(super) fn is_one(&self, count: &str) -> bool {
        let Ok(mut count) = count.parse::<Decimal>() else {
            return false;
        };
        // 1.0 is shown as 1.
        count.absolute.trim_end();
        self.plurals.category_for(&count) == PluralCategory::One
    }

    /// A number in decimal notation, such as "12500.5".
    pub(super) fn number(&self, number: &str) -> String {
        match number.parse::<Decimal>() {
            Ok(mut number) => {
                number.absolute.trim_end();
                self.numbers.format(&number).to_string()
            }
            Err(_) => number.to_owned(),
        }
    }
}

fn icu_date(day: Date) -> IcuDate<Gregorian> {
    let month = Month::new(day.month().unsigned_abs());
    let day = IcuDate::try_new(
        i32::from(day.year()).into(),
        month,
        day.day().unsigned_abs(),
        Gregorian,
    );
    day.expect("both count days alike")
}

impl Words {
    pub fn number(&self, value: f64) -> String {
        self.formats.number(&value.to_string())
    }

    /// $17.50, or $18
    pub fn money(&self, amount: Money, currency: &str) -> String {
        let mut cents: Decimal = amount.cents().into();
        cents.multiply_pow10(-2);
        if amount.cents() % 100 == 0 {
            cents.absolute.trim_end();
        }
        let number = self.formats.numbers.format(&cents);
        format!("{}{number}", sign(currency))
    }

    /// Dec 15, 2026
    pub fn date(&self, day: Date) -> String {
        self.formats.dates.format(&icu_date(day)).to_string()
    }

    /// Dec 15
    fn day(&self, day: Date) -> String {
        self.formats.days.format(&icu_date(day)).to_string()
    }

    fn time_of_day(&self, at: Timestamp, zone: &TimeZone) -> String {
        let time = at.time_of_day(zone);
        let (hour, minute) = (time.hour().unsigned_abs(), time.minute().unsigned_abs());
        let time = IcuTime::try_new(hour, minute, 0, 0).expect("a time of a day");
        self.formats.times.format(&time).to_string()
    }

    /// Dec 15, 2026, 5:05 PM
    pub fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        format!(
            "{}, {}",
            self.date(at.day(zone)),
            self.time_of_day(at, zone)
        )
    }

    /// "Dec 15 (17 days left)". The year is shown if it is not obvious, and the time on the last day.
    pub fn due(&self, deadline: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
        let left = deadline.as_millis() - now.as_millis();
        let day = deadline.day(zone);
        if left <= 0 {
            return self.with("deadline.past", [("date", self.date(day).into())]);
        }
        if left < DAY_MILLIS {
            let zone_name = deadline.zone_name(zone);
            let time = self.time_of_day(deadline, zone);
            let date = format!("{}, {time} {zone_name}", self.day(day));
            let hours = (left / HOUR_MILLIS).max(1);
            return self.with(
                "deadline.hours",
                [("date", date.into()), ("count", hours.into())],
            );
        }
        let days = left / DAY_MILLIS;
        if days < COUNTED_DAYS {
            let date = self.day(day).into();
            return self.with("deadline.days", [("date", date), ("count", days.into())]);
        }
        if days < PLAIN_DAYS {
            self.day(day)
        } else {
            self.date(day)
        }
    }

    /// "Apply by Dec 15 (17 days left)".
    pub fn closes(&self, deadline: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
        if deadline <= now {
            let date = self.date(deadline.day(zone)).into();
            return self.with("closes.past", [("date", date)]);
        }
        let deadline = self.due(deadline, now, zone).into();
        self.with("closes.by", [("deadline", deadline)])
    }

    /// A text with some values.
    pub fn with<const N: usize>(&self, name: &str, values: [(&str, Value); N]) -> String {
        let values = values.map(|(name, value)| (name.to_owned(), value));
        self.say(name, &Map::from_iter(values))
    }

    /// A text without values.
    pub fn plain(&self, name: &str) -> String {
        self.say(name, &Map::new())
    }
}

/// The sign of a currency, such as "$".
pub fn sign(currency: &str) -> String {
    match Currency::from_code(currency) {
        Some(known) => known.symbol().to_string(),
        // Codes of three letters are separated from the number by a space that does not break.
        None => format!("{currency}\u{a0}"),
    }
}
