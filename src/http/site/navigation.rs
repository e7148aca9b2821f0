//! The links in the frame of all pages.

use minijinja::{Value, context};

use crate::model::Role;

/// Where each role's work begins, and the links in the frame.
const VISITOR: &[(&str, &str)] = &[("/", "nav.jobs")];
const STUDENT: &[(&str, &str)] = &[
    ("/", "nav.jobs"),
    ("/applications", "nav.applications"),
    ("/profile", "nav.profile"),
];
const EMPLOYER: &[(&str, &str)] = &[
    ("/postings", "nav.postings"),
    ("/post", "nav.post"),
    ("/", "nav.jobs"),
    ("/profile", "nav.profile"),
];
const ADMIN: &[(&str, &str)] = &[
    ("/office", "nav.office"),
    ("/", "nav.jobs"),
    ("/profile", "nav.profile"),
];

fn links_of(role: Option<Role>) -> &'static [(&'static str, &'static str)] {
    match role {
        None => VISITOR,
        Some(Role::Student) => STUDENT,
        Some(Role::Employer) => EMPLOYER,
        Some(Role::Admin) => ADMIN,
    }
}

/// The first page of a role.
pub fn home(role: Option<Role>) -> &'static str {
    links_of(role)[0].0
}

/// The links of a role, and which of them leads to the page at `path` or to the page above it.
pub fn links(role: Option<Role>, path: &str) -> Vec<Value> {
    let link = |(address, name): &(&'static str, &'static str)| {
        let is_within = match *address {
            "/" => path.starts_with("/jobs/"),
            address => path
                .strip_prefix(address)
                .is_some_and(|rest| rest.starts_with('/')),
        };
        let is_here = path == *address || is_within;
        context! { address => *address, name => *name, is_here }
    };
    links_of(role).iter().map(link).collect()
}
