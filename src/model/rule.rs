//! A campus rule: a module that the office uploaded, and its states.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Actor, Outcome, Patch, RuleId, Timestamp};

/// The parameters that a campus sets for a module. Only the module's own schema knows their types, so here they are JSON.
pub type Parameters = Map<String, Value>;
/// A merge patch over them. It replaces a parameter whole.
pub type ParameterPatch = BTreeMap<String, Patch<Value>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    Eligibility,
    Notification,
}

/// What happens to a mail to one person, from least to most strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    Now,
    Digest,
    Suppress,
}

/// The result of a case in a dry run: a verdict, or what happens to a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAnswer {
    Eligible,
    Review,
    Ineligible,
    Now,
    Digest,
    Suppress,
}

impl From<Outcome> for RuleAnswer {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Eligible => Self::Eligible,
            Outcome::Review => Self::Review,
            Outcome::Ineligible => Self::Ineligible,
        }
    }
}

impl From<Delivery> for RuleAnswer {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Now => Self::Now,
            Delivery::Digest => Self::Digest,
            Delivery::Suppress => Self::Suppress,
        }
    }
}

impl RuleAnswer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Review => "review",
            Self::Ineligible => "ineligible",
            Self::Now => "now",
            Self::Digest => "digest",
            Self::Suppress => "suppress",
        }
    }
}

/// Draft: not called. Shadow: called, but its answers are only counted. Active: decides. Retired: an earlier version,
/// or one that was switched off; it can be activated again in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleState {
    Draft,
    Shadow,
    Active,
    Retired,
}

impl RuleState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Shadow => "shadow",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Whether a module may change its state this way. To become active, its effect must have been seen: in a dry run,
    /// in shadow, or while it was active before.
    pub fn allows(self, to: Self, seen: bool) -> bool {
        match (self, to) {
            (Self::Draft | Self::Retired, Self::Active) => seen,
            (Self::Draft | Self::Active, Self::Shadow | Self::Retired)
            | (Self::Shadow, Self::Draft | Self::Active | Self::Retired)
            | (Self::Retired, Self::Draft | Self::Shadow) => true,
            _ => false,
        }
    }
}

/// A module that crashed, ran out of time or gave an invalid answer: since when, and the last error text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleFailure {
    pub since: Timestamp,
    pub message: String,
}

/// The description of a module. Its bytes are stored in chunks under keys of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleModule {
    pub rule_id: RuleId,
    /// All versions of a rule share it.
    pub name: String,
    pub kind: RuleKind,
    /// As the module reports it.
    pub version: String,
    pub summary: String,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    pub size_bytes: u64,
    /// JSON Schema as the module wrote it. The form shows its settings in this order.
    pub parameter_schema: String,
    pub parameters: Parameters,
    pub state: RuleState,
    /// Whether the effect of these parameters was seen: in a dry run, or because the module was in use with them.
    pub dry_run: bool,
    pub failing: Option<RuleFailure>,
    /// Who uploaded it, at `created_at`. `None` for built-in rules and where it was not recorded.
    #[serde(default)]
    pub uploaded_by: Option<Actor>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The modules in use, in one row. Every decision by rules reads this row, so a decision never commits together with a
/// change of the rules it used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSet {
    pub active: Vec<RuleInUse>,
    pub shadow: Vec<RuleInUse>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleInUse {
    pub rule_id: RuleId,
    pub name: String,
    pub kind: RuleKind,
    pub version: String,
    pub digest: String,
    pub parameters: Parameters,
}

impl From<&RuleModule> for RuleInUse {
    fn from(module: &RuleModule) -> Self {
        Self {
            rule_id: module.rule_id,
            name: module.name.clone(),
            kind: module.kind,
            version: module.version.clone(),
            digest: module.digest.clone(),
            parameters: module.parameters.clone(),
        }
    }
}

impl RuleSet {
    /// Adds, replaces or removes a module, by its state.
    pub fn place(&mut self, module: &RuleModule) {
        self.active.retain(|used| used.rule_id != module.rule_id);
        self.shadow.retain(|used| used.rule_id != module.rule_id);
        match module.state {
            RuleState::Active => self.active.push(module.into()),
            RuleState::Shadow => self.shadow.push(module.into()),
            RuleState::Draft | RuleState::Retired => {}
        }
    }

    /// The active modules of a kind.
    pub fn active(&self, kind: RuleKind) -> impl Iterator<Item = &RuleInUse> {
        self.active.iter().filter(move |used| used.kind == kind)
    }

    /// The active eligibility modules, with `module` in place of the active version of the same rule.
    #[must_use]
    pub fn with(&self, module: &RuleInUse) -> Self {
        let others = self
            .active
            .iter()
            .filter(|used| used.kind != module.kind || used.name != module.name);
        Self {
            active: others.chain([module]).cloned().collect(),
            shadow: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_needs_a_dry_run_before_it_is_active() {
        use RuleState::{Active, Draft, Retired, Shadow};
        assert!(!Draft.allows(Active, false));
        assert!(Draft.allows(Active, true));
        assert!(Draft.allows(Shadow, false) && Shadow.allows(Active, false));
        assert!(Retired.allows(Active, true), "back in one step");
        assert!(!Retired.allows(Active, false), "it never decided");
        for state in [Draft, Shadow, Active, Retired] {
            assert!(!state.allows(state, true));
        }
    }
}
