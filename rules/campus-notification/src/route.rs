//! The rule itself. What the recipient turned off comes first, then what is urgent, then what may wait.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::settings::Settings;

#[derive(Clone, Debug, Default)]
pub struct Event {
    pub kind: String,
    /// How many skills the event's job names.
    pub skills: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Recipient {
    pub local_hour: u8,
    pub sent_last_day: u32,
    /// How many of the job's skills the recipient has.
    pub matched: usize,
    pub muted_kinds: Vec<String>,
    pub digest_preferred: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Now,
    Digest,
    Suppress(String),
}

pub fn route(event: &Event, recipient: &Recipient, settings: &Settings) -> Delivery {
    if recipient.muted_kinds.contains(&event.kind) {
        return Delivery::Suppress("The recipient turned this kind of mail off.".to_string());
    }
    if settings.urgent_kinds.contains(&event.kind) {
        return Delivery::Now;
    }
    let new_job = settings.new_job_kinds.contains(&event.kind);
    if new_job && settings.skill_match && event.skills > 0 && recipient.matched == 0 {
        return Delivery::Suppress("The recipient has none of the job's skills.".to_string());
    }
    let waits = recipient.digest_preferred
        || recipient.sent_last_day >= settings.mails_a_day
        || is_quiet(recipient.local_hour, settings);
    if waits {
        Delivery::Digest
    } else {
        Delivery::Now
    }
}

/// Quiet hours may pass midnight.
fn is_quiet(hour: u8, settings: &Settings) -> bool {
    let (from, until) = (settings.quiet_from, settings.quiet_until);
    if from <= until {
        (from..until).contains(&hour)
    } else {
        hour >= from || hour < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted() -> Event {
        Event {
            kind: "job_posted".to_string(),
            skills: 2,
        }
    }

    fn awake() -> Recipient {
        Recipient {
            local_hour: 12,
            matched: 1,
            ..Recipient::default()
        }
    }

    #[test]
    fn a_matching_job_goes_at_once_by_day() {
        assert_eq!(
            route(&posted(), &awake(), &Settings::default()),
            Delivery::Now
        );
    }

    #[test]
    fn a_job_without_the_students_skills_is_not_mailed_unless_it_names_none() {
        let stranger = Recipient {
            matched: 0,
            ..awake()
        };
        let settings = Settings::default();
        assert!(matches!(
            route(&posted(), &stranger, &settings),
            Delivery::Suppress(_)
        ));
        let open = Event {
            skills: 0,
            ..posted()
        };
        assert_eq!(route(&open, &stranger, &settings), Delivery::Now);
        let all = Settings {
            skill_match: false,
            ..settings
        };
        assert_eq!(route(&posted(), &stranger, &all), Delivery::Now);
    }

    #[test]
    fn quiet_hours_pass_midnight() {
        let settings = Settings::default();
        for (hour, quiet) in [(21, false), (22, true), (0, true), (6, true), (7, false)] {
            assert_eq!(is_quiet(hour, &settings), quiet, "{hour}");
        }
        let none = Settings {
            quiet_from: 7,
            quiet_until: 7,
            ..settings
        };
        assert!((0..24).all(|hour| !is_quiet(hour, &none)));
    }

    #[test]
    fn past_the_days_limit_or_by_wish_it_waits() {
        let full = Recipient {
            sent_last_day: 3,
            ..awake()
        };
        let settings = Settings::default();
        assert_eq!(route(&posted(), &full, &settings), Delivery::Digest);
        let wish = Recipient {
            digest_preferred: true,
            ..awake()
        };
        assert_eq!(route(&posted(), &wish, &settings), Delivery::Digest);
    }

    #[test]
    fn urgent_goes_through_all_but_a_switch_off() {
        let event = Event {
            kind: "application_status".to_string(),
            skills: 0,
        };
        let night = Recipient {
            local_hour: 3,
            sent_last_day: 50,
            digest_preferred: true,
            ..Recipient::default()
        };
        assert_eq!(route(&event, &night, &Settings::default()), Delivery::Now);
        let off = Recipient {
            muted_kinds: Vec::from([event.kind.clone()]),
            ..night
        };
        assert!(matches!(
            route(&event, &off, &Settings::default()),
            Delivery::Suppress(_)
        ));
    }
}
