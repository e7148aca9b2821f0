//! What decisions need to know about the campus.

use jiff::tz::TimeZone;

use super::{Email, FieldFault, Vocabulary};

#[derive(Clone, Debug)]
pub struct Campus {
    pub name: String,
    /// Lower case. Addresses at these domains and their subdomains belong to the campus.
    pub email_domains: Vec<String>,
    pub time_zone: TimeZone,
    pub currency: String,
    pub languages: Vec<String>,
    /// The skill names used on this campus.
    pub skills: Vocabulary,
}

/// The campus language that fits a language tag (RFC 4647, lookup): "es-MX" finds "es", and "pt" finds "pt-BR" if that
/// is the only Portuguese.
pub fn language_for<'a>(languages: &'a [String], tag: &str) -> Option<&'a str> {
    let mut asked = tag;
    loop {
        let same = |own: &&String| own.eq_ignore_ascii_case(asked);
        if let Some(own) = languages.iter().find(same) {
            return Some(own);
        }
        let Some((shorter, _)) = asked.rsplit_once('-') else {
            break;
        };
        asked = shorter;
    }
    let primary = |own: &&String| {
        own.split('-')
            .next()
            .is_some_and(|language| language.eq_ignore_ascii_case(asked))
    };
    languages.iter().find(primary).map(String::as_str)
}

impl Campus {
    pub fn owns(&self, email: &Email) -> bool {
        let domain = email.domain();
        self.email_domains.iter().any(|own| {
            domain == own
                || domain
                    .strip_suffix(own.as_str())
                    .is_some_and(|sub| sub.ends_with('.'))
        })
    }

    /// The fault of an address that does not belong to the campus.
    pub fn domain_fault(&self) -> FieldFault {
        FieldFault::CampusDomain {
            domains: self.email_domains.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_finds_a_campus_language() {
        let languages = ["en", "es", "pt-BR"].map(String::from);
        for (tag, language) in [
            ("es", Some("es")),
            ("ES-mx", Some("es")),
            ("en-Latn-US", Some("en")),
            ("pt", Some("pt-BR")),
            ("pt-PT", Some("pt-BR")),
            ("est", None),
            ("fr-CA", None),
            ("", None),
        ] {
            assert_eq!(language_for(&languages, tag), language, "{tag}");
        }
    }
}
