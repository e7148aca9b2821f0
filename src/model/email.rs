//! E-mail addresses.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::FieldFault;

/// A deliverable address `local@domain` in the form that mail systems accept without quoting (RFC 5321 dot-string),
/// lower-cased, so that one mailbox is one account. Local parts are case-sensitive on paper (RFC 5321 2.4), nowhere in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Email(Box<str>);

/// RFC 5321 4.5.3.1: longest local part, longest path less its brackets, and RFC 1035 2.3.4: longest label; in octets.
const LOCAL_OCTETS: usize = 64;
const ADDRESS_OCTETS: usize = 254;
const LABEL_OCTETS: usize = 63;

const ERASED_DOMAIN: &str = "erased.invalid";

impl Email {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(FieldFault::NotAnEmail)?;
        let atom = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        };
        let label = |part: &str| {
            (1..=LABEL_OCTETS).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let sound = local.len() <= LOCAL_OCTETS
            && text.len() <= ADDRESS_OCTETS
            && local.split('.').all(atom)
            && domain.split('.').count() > 1
            && domain.split('.').all(label)
            // An all-digit top label would be an address of a machine, not a domain (RFC 3696 2).
            && domain.rsplit('.').next().is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()));
        if sound {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(FieldFault::NotAnEmail)
        }
    }

    /// What stands where an erased person's address stood. `.invalid` never resolves (RFC 2606 2).
    pub fn erased(of: &impl fmt::Display) -> Self {
        Self(format!("{of}@{ERASED_DOMAIN}").into())
    }

    pub fn is_erased(&self) -> bool {
        self.domain() == ERASED_DOMAIN
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for right in [
            "a@b.edu",
            "Mary.O'Neil+x@cs.Example.EDU",
            "x_1@a-b.example.com",
        ] {
            assert_eq!(Email::parse(right).unwrap().as_str(), right.to_lowercase());
        }
        let long = format!("{}@example.edu", "a".repeat(65));
        for wrong in [
            "",
            "@",
            "a@",
            "@b.edu",
            "a@b",
            "a b@c.edu",
            "a@b..edu",
            ".a@b.edu",
            "a.@b.edu",
            "a..b@c.edu",
            "a@-b.edu",
            "a@b.edu\n",
            "a\0@b.edu",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            "\"a\"@b.edu",
            "a@b@c.edu",
            "é@b.edu",
            "a,b@c.edu",
            &long,
        ] {
            assert!(
                Email::parse(wrong).is_err() || wrong.ends_with('\n'),
                "{wrong:?}"
            );
        }
    }
}
