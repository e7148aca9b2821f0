//! What decisions need to know of the campus.

use jiff::tz::TimeZone;

use super::{Email, FieldFault, Vocabulary};

#[derive(Clone, Debug)]
pub struct Campus {
    pub name: String,
    /// Lower-case; an address of one of them, or of a subdomain, belongs to the campus.
    pub email_domains: Vec<String>,
    pub time_zone: TimeZone,
    pub currency: String,
    pub languages: Vec<String>,
    /// What skills are called here.
    pub skills: Vocabulary,
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

    /// What is wrong with an address that the campus does not own.
    pub fn domain_fault(&self) -> FieldFault {
        FieldFault::CampusDomain {
            domains: self.email_domains.clone(),
        }
    }
}
