//! Points in time, in whole milliseconds.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FieldFault, Patch};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z. RFC 3339 in UTC in the API, an integer in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The end of the times a person may type (1970 to 9998), so that adding a duration never leaves the calendar.
const MAX_MILLIS: i64 = 253_370_764_800_000;

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// The time from now until then, or zero if it has passed.
    pub fn until(self, then: Self) -> Duration {
        Duration::from_millis(u64::try_from(then.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// The calendar day in a time zone.
    pub fn day(self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.to_jiff()).date()
    }

    /// The hour of the day in a time zone, 0 to 23.
    pub fn hour(self, zone: &TimeZone) -> u8 {
        let hour = zone.to_datetime(self.to_jiff()).hour();
        u8::try_from(hour).expect("an hour of a day")
    }

    /// The time of day in a time zone.
    pub fn time_of_day(self, zone: &TimeZone) -> Time {
        zone.to_datetime(self.to_jiff()).time()
    }

    /// The short name of a time zone at this moment, such as "EST".
    pub fn zone_name(self, zone: &TimeZone) -> String {
        let info = zone.to_offset_info(self.to_jiff());
        info.abbreviation().to_owned()
    }

    /// The last moment up to this one at which it was a given time of day in a time zone. When the clocks go forward and skip
    /// that time, it is an hour later. When they go back and show it twice, it is the first.
    #[must_use]
    pub fn last_at(self, time: Time, zone: &TimeZone) -> Self {
        // A time that the clocks skip can be after this moment, and a time zone has once skipped a whole day.
        const DAYS: usize = 3;
        let days = std::iter::successors(Some(self.day(zone)), |day| day.yesterday().ok());
        let mut moments = days.take(DAYS).filter_map(|day| {
            let moment = zone.to_timestamp(day.to_datetime(time)).ok()?;
            Some(Self(moment.as_millisecond()))
        });
        moments.find(|moment| *moment <= self).unwrap_or_default()
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.clamp(0, MAX_MILLIS))
            .expect("the clamp keeps it in range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        parse_moment(&text).ok_or_else(|| D::Error::custom(FieldFault::NotATime))
    }
}

/// For `deserialize_with`. jiff's own error for a date is only text.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        text.parse()
            .map_err(|_| D::Error::custom(FieldFault::NotADate))
    })
    .transpose()
}

/// The same, for a member of a merge patch.
pub(super) fn date_patch<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<Date>, D::Error> {
    date(deserializer).map(Patch::from)
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    let millis = moment.as_millisecond();
    (0..MAX_MILLIS)
        .contains(&millis)
        .then_some(Timestamp(millis))
}

/// Reads an RFC 3339 time, or a bare date, which means the end of that day in the given zone.
pub fn day_or_time(text: &str, zone: &TimeZone) -> Result<Timestamp, FieldFault> {
    let text = text.trim();
    if let Some(moment) = parse_moment(text) {
        return Ok(moment);
    }
    let end = (text.len() == 10)
        .then(|| text.parse::<Date>().ok())
        .flatten()
        .and_then(|day| day.tomorrow().ok())
        .and_then(|next| zone.to_timestamp(next.at(0, 0, 0, 0)).ok())
        .map(|midnight| midnight.as_millisecond() - 1)
        .filter(|millis| (0..MAX_MILLIS).contains(millis));
    end.map(Timestamp).ok_or(FieldFault::NotADateOrTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_comes_once_a_day_also_when_the_clocks_change() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let moment = |text: &str| {
            Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        };
        for (time, now, wanted) in [
            ("03:00", "2026-11-29T08:00:00Z", "2026-11-29T08:00:00Z"),
            ("03:00", "2026-11-29T07:59:59.999Z", "2026-11-28T08:00:00Z"),
            ("03:00", "2026-11-30T04:59:59Z", "2026-11-29T08:00:00Z"),
            // The clocks skip it on March 8.
            ("02:30", "2026-03-08T07:29:59Z", "2026-03-07T07:30:00Z"),
            ("02:30", "2026-03-08T07:30:00Z", "2026-03-08T07:30:00Z"),
            ("02:30", "2026-03-09T06:30:00Z", "2026-03-09T06:30:00Z"),
            // They show it twice on November 1.
            ("01:30", "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z"),
            ("01:30", "2026-11-01T06:45:00Z", "2026-11-01T05:30:00Z"),
            ("00:00", "2026-11-29T05:00:00Z", "2026-11-29T05:00:00Z"),
        ] {
            let last = moment(now).last_at(time.parse().unwrap(), &zone);
            assert_eq!(last.to_string(), wanted, "{time} before {now}");
        }
        // This zone skipped December 30.
        let zone = TimeZone::get("Pacific/Apia").unwrap();
        let now = moment("2011-12-30T10:30:00Z");
        let last = now.last_at("03:00".parse().unwrap(), &zone);
        assert_eq!(last.to_string(), "2011-12-29T13:00:00Z");
    }

    #[test]
    fn a_bare_date_is_the_end_of_the_day_in_the_campus_time_zone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let end = day_or_time("2026-12-01", &zone).unwrap();
        assert_eq!(end.to_string(), "2026-12-02T04:59:59.999Z");
        assert_eq!(
            day_or_time("2026-12-01T17:00:00-05:00", &zone)
                .unwrap()
                .to_string(),
            "2026-12-01T22:00:00Z"
        );
        for wrong in [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-12-01T17:00:00",
            "99999-01-01",
            "2026-12-1",
        ] {
            assert!(day_or_time(wrong, &zone).is_err(), "{wrong}");
        }
    }
}
