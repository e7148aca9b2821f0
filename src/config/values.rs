//! Checks single settings while they are read, so that an error can name the line.

use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::model::{AddressRange, Email};

/// A text that passes a check. The error says what is allowed.
fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_sound: fn(&str) -> bool,
    allowed: &str,
) -> Result<String, D::Error> {
    let value = String::deserialize(deserializer)?;
    if is_sound(&value) {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("{allowed}, not {value:?}")))
    }
}

/// A list of texts that each pass a check. The error says what is allowed.
fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_sound: fn(&str) -> bool,
    allowed: &str,
) -> Result<Vec<String>, D::Error> {
    let values = Vec::<String>::deserialize(deserializer)?;
    match values.iter().find(|value| !is_sound(value)) {
        Some(value) => Err(D::Error::custom(format!("{allowed}, not {value:?}"))),
        None => Ok(values),
    }
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| !value.trim().is_empty();
    text(deserializer, is_sound, "name must not be empty")
}

pub(super) fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase());
    let allowed = "currency must be three capital letters (ISO 4217), such as \"USD\"";
    text(deserializer, is_sound, allowed)
}

pub(super) fn accent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_sound = |value: &str| {
        let Some(digits) = value.strip_prefix('#') else {
            return value.is_empty();
        };
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let allowed = "accent must be empty or a color such as \"#1a5fb4\"";
    text(deserializer, is_sound, allowed)
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
    let allowed = "languages must be language tags such as \"en\", \"es\" or \"pt-BR\"";
    let values = texts(deserializer, is_sound, allowed)?;
    if values.is_empty() {
        return Err(D::Error::custom(
            "languages must have at least one entry, such as [\"en\"]",
        ));
    }
    Ok(values)
}

pub(super) fn email_domains<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let allowed = "email_domains must be the part after the @, such as \"example.edu\"";
    let domains = texts(deserializer, is_domain, allowed)?;
    // Stored like addresses: international domains in ASCII.
    let kept = |domain: String| Email::parse(&format!("a@{domain}"));
    let kept = domains.into_iter().map(kept);
    kept.map(|email| email.map(|email| email.domain().to_owned()))
        .collect::<Result<_, _>>()
        .map_err(D::Error::custom)
}

fn is_domain(value: &str) -> bool {
    value.trim() == value && Email::parse(&format!("a@{value}")).is_ok()
}

pub(super) fn address_ranges<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<AddressRange>, D::Error> {
    let values = Vec::<String>::deserialize(deserializer)?;
    let parse = |value: &String| {
        AddressRange::parse(value)
            .map_err(|message| D::Error::custom(format!("campus_networks {message}")))
    };
    values.iter().map(parse).collect()
}

/// In the form that browsers use in the `Origin` header.
pub(super) fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let allowed = "allowed_origins must be a scheme and a host, plus the port if it is not the default one, without a path, such as \
                   \"https://www.example.edu\"";
    texts(deserializer, is_origin, allowed)
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
    let allowed = "from must be an email address, such as \"Corkboard <jobs@example.edu>\"";
    text(deserializer, is_sound, allowed)
}

pub(super) fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name).map_err(|_| {
        D::Error::custom(format!(
            "time_zone {name:?} is unknown; use an IANA name such as \"America/New_York\""
        ))
    })
}
