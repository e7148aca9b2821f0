//! The two built-in modules. `rules/` has their sources and says how they are built.

use super::Kind;

/// A built-in module.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    pub kind: Kind,
    pub name: &'static str,
    pub bytes: &'static [u8],
}

pub const BUILT_IN: [BuiltIn; 2] = [
    BuiltIn {
        kind: Kind::Eligibility,
        name: "campus-eligibility",
        bytes: include_bytes!("../../rules/campus-eligibility/campus-eligibility.wasm"),
    },
    BuiltIn {
        kind: Kind::Notification,
        name: "campus-notification",
        bytes: include_bytes!("../../rules/campus-notification/campus-notification.wasm"),
    },
];
