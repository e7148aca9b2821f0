//! Checks single settings while they are read. An error is a sentence without its subject; `wrong.rs` adds the setting and its
//! value.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use age::x25519::Recipient;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::model::{AddressRange, Email};

/// A text that passes a check. The error says what it must be.
fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_sound: fn(&str) -> bool,
    allowed: &str,
) -> Result<String, D::Error> {
    let value = String::deserialize(deserializer)?;
    if is_sound(&value) {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("must be {allowed}")))
    }
}

/// A list of texts. The error says what each must be, and which one is not.
fn list<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Option<T>,
    allowed: &str,
) -> Result<Vec<T>, D::Error> {
    let values = Vec::<String>::deserialize(deserializer)?;
    let read = |value: &String| {
        read(value).ok_or_else(|| {
            D::Error::custom(format!(
                "each entry must be {allowed}, and {value:?} is not"
            ))
        })
    };
    values.iter().map(read).collect()
}

/// A number of something that there must be at least one of.
pub(super) fn positive<'de, D: Deserializer<'de>, T: TryFrom<u32>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let number = u32::try_from(number).ok().filter(|number| *number > 0);
    let number = number.and_then(|number| T::try_from(number).ok());
    let max = u32::MAX;
    number.ok_or_else(|| D::Error::custom(format!("must be a whole number from 1 to {max}")))
}

const SOCKET: &str = "an IP address and a port, such as \"127.0.0.1:8080\"";

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| D::Error::custom(format!("must be {SOCKET}"));
    text.parse().map_err(wrong)
}

pub(super) fn address_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let address = (!text.is_empty()).then(|| text.parse()).transpose();
    address.map_err(|_| D::Error::custom(format!("must be empty or {SOCKET}")))
}

pub(super) fn addresses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IpAddr>, D::Error> {
    let allowed = "an IP address, such as \"127.0.0.1\"";
    list(deserializer, |value| value.parse().ok(), allowed)
}

pub(super) fn address_ranges<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<AddressRange>, D::Error> {
    let allowed = "a range of addresses, such as \"198.51.100.0/24\"";
    list(deserializer, AddressRange::parse, allowed)
}

/// The address of a website, without a slash at its end. The pages need a host of their own: their links start at `/`.
pub(super) fn site<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |url: &str| {
        let after_scheme = ["http://", "https://"].map(|scheme| url.strip_prefix(scheme));
        let mut host = after_scheme.into_iter().flatten();
        let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#']);
        url.is_empty() || host.any(|host| is_host(host.trim_end_matches('/')))
    };
    let allowed = "empty or start with http:// or https:// and have no path, such as \"https://jobs.example.edu\"";
    let url = text(deserializer, is_sound, allowed)?;
    Ok(url.trim_end_matches('/').into())
}

/// A day, with or without quotes.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let day = value.as_str().and_then(|text| text.parse().ok());
    day.ok_or_else(|| D::Error::custom("must be a date, such as 2026-08-31"))
}

/// Hours and minutes.
pub(super) fn time_of_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The parser of jiff takes more forms than a setting needs.
    let is_sound = text.len() == 5 && text.as_bytes()[2] == b':';
    let time = is_sound.then(|| text.parse().ok()).flatten();
    time.ok_or_else(|| {
        D::Error::custom("must be a time of day from \"00:00\" to \"23:59\", such as \"03:00\"")
    })
}

pub(super) fn folder_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| text.into()))
}

const PUBLIC_KEY: &str = "a public key of age, which starts with \"age1\"";

/// Reads a public key. The error says what it must be.
pub fn parse_recipient(text: &str) -> Result<Recipient, String> {
    text.parse().map_err(|_| format!("must be {PUBLIC_KEY}"))
}

pub(super) fn recipient_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Recipient>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let key = (!text.is_empty()).then(|| text.parse()).transpose();
    key.map_err(|_| D::Error::custom(format!("must be empty or {PUBLIC_KEY}")))
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| !value.trim().is_empty();
    text(deserializer, is_sound, "a name and not empty")
}

pub(super) fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase());
    let allowed = "three capital letters (ISO 4217), such as \"USD\"";
    text(deserializer, is_sound, allowed)
}

pub(super) fn accent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| {
        let Some(digits) = value.strip_prefix('#') else {
            return value.is_empty();
        };
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    text(
        deserializer,
        is_sound,
        "empty or a color, such as \"#1a5fb4\"",
    )
}

/// Language tags (RFC 5646): checks the form only.
pub(super) fn languages<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let is_sound = |value: &str| {
        let mut parts = value.split('-');
        let first = parts.next().unwrap_or_default();
        matches!(first.len(), 2 | 3)
            && first.bytes().all(|b| b.is_ascii_alphabetic())
            && parts.all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            })
    };
    let allowed = "a language tag, such as \"en\", \"es\" or \"pt-BR\"";
    let read = |value: &str| is_sound(value).then(|| value.to_owned());
    let values = list(deserializer, read, allowed)?;
    at_least_one(values, "en")
}

fn at_least_one<E: serde::de::Error>(values: Vec<String>, such_as: &str) -> Result<Vec<String>, E> {
    if values.is_empty() {
        return Err(E::custom(format!(
            "must have at least one entry, such as [{such_as:?}]"
        )));
    }
    Ok(values)
}

pub(super) fn email_domains<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    // Stored like addresses: international domains in ASCII.
    let read = |value: &str| {
        let email = Email::parse(&format!("a@{value}")).ok();
        let is_sound = value.trim() == value;
        email
            .filter(|_| is_sound)
            .map(|email| email.domain().to_owned())
    };
    let allowed = "the part of an address after the @, such as \"example.edu\"";
    // Without one, no student could register.
    at_least_one(list(deserializer, read, allowed)?, "example.edu")
}

/// In the form that browsers use in the `Origin` header.
pub(super) fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let allowed = "a scheme and a host, plus the port if it is not the default one, without a path, such as \
                   \"https://www.example.edu\"";
    let read = |value: &str| is_origin(value).then(|| value.to_owned());
    list(deserializer, read, allowed)
}

fn is_origin(value: &str) -> bool {
    let (rest, usual) = match value.split_once("://") {
        Some(("https", rest)) => (rest, 443),
        Some(("http", rest)) => (rest, 80),
        _ => return false,
    };
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_name = |host: &str| {
        host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        })
    };
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match in_brackets {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    let is_port = port.is_none_or(|text| {
        let port = text.parse::<u16>();
        port.is_ok_and(|port| port != 0 && port != usual && port.to_string() == text)
    });
    is_host && is_port
}

/// An address, or a name followed by an address in angle brackets.
pub(super) fn mailbox<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| {
        let in_brackets = value
            .trim()
            .strip_suffix('>')
            .and_then(|value| value.rsplit_once('<'));
        Email::parse(in_brackets.map_or(value, |(_, address)| address)).is_ok()
    };
    let allowed = "an email address, such as \"Corkboard <jobs@example.edu>\"";
    text(deserializer, is_sound, allowed)
}

pub(super) fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name).map_err(|_| {
        D::Error::custom("must be the IANA name of a time zone, such as \"America/New_York\"")
    })
}
