//! Installs the built-in rules. They are active from the first start.

use super::rules::{NewRule, RuleRefusal, install_rule, list_rules, rule_name};
use crate::config::RulesSettings;
use crate::model::{
    FieldFault, Invalid, ParameterPatch, Parameters, RuleKind, RuleModule, RuleState,
};
use crate::rules::{BUILT_IN, BuiltIn, Fault, Host, Inspected, Kind, Schema};
use crate::store::{Origin, Store, Stored, Transaction, keys};

#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the built-in rule {0}: {1}")]
    Fault(String, Fault),
    #[error("the built-in rule {0}: {1}")]
    Refusal(String, RuleRefusal),
    #[error("the setting [rules.parameters.{0}]: {1}")]
    Configured(String, Invalid),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Installs the built-in rules that are missing. A rule becomes active if the campus has no rule with its name; otherwise it
/// becomes a draft, so that a new Corkboard never changes what a campus decided. Then checks that the configured parameters
/// are valid for the rules in use. Blocks while it compiles.
pub async fn seed_rules(
    store: &Store,
    host: &Host,
    settings: &RulesSettings,
) -> Result<(), SeedError> {
    let known = list_rules(&store.read()?).await?;
    for BuiltIn { name, bytes, .. } in BUILT_IN {
        let digest = crate::rules::Digest::of(bytes).to_string();
        if first_state(&known, name, &digest).is_none() {
            continue;
        }
        let found = host
            .inspect(bytes)
            .map_err(|fault| SeedError::Fault(name.into(), fault))?;
        let refusal = |refusal| SeedError::Refusal(name.into(), refusal);
        let new = NewRule::found(found, Some(name.into()), bytes.to_vec())
            .map_err(|invalid| refusal(invalid.into()))?;
        let install = async |transaction: &mut Transaction| {
            // Another server of the same database may have installed it meanwhile.
            transaction.guard(&keys::uploads_of_rules()).await?;
            let known = list_rules(&transaction.reader()).await?;
            match first_state(&known, name, &digest) {
                Some(state) => install_rule(transaction, &new, state).await.map(drop),
                None => Ok(()),
            }
        };
        let installed = store.run(Origin::SYSTEM, install).await;
        installed.map_err(refusal)?;
    }
    check_configured(store, settings).await
}

/// The state in which to install a built-in rule. `None`: it is installed.
fn first_state(known: &[Stored<RuleModule>], name: &str, digest: &str) -> Option<RuleState> {
    if known.iter().any(|rule| rule.digest == digest) {
        None
    } else if known.iter().any(|rule| rule.name == name) {
        Some(RuleState::Draft)
    } else {
        Some(RuleState::Active)
    }
}

async fn check_configured(store: &Store, settings: &RulesSettings) -> Result<(), SeedError> {
    let rules = list_rules(&store.read()?).await?;
    let in_use = |rule: &&Stored<RuleModule>| {
        matches!(rule.state, RuleState::Active | RuleState::Shadow)
            && settings.parameters.contains_key(&rule.name)
    };
    for rule in rules.iter().filter(in_use) {
        check_complete(rule, settings)
            .map_err(|invalid| SeedError::Configured(rule.name.clone(), invalid))?;
    }
    for name in settings.parameters.keys() {
        if !rules.iter().any(|rule| rule.name == *name) {
            tracing::warn!(
                rule = name,
                "[rules.parameters] names a rule that does not exist"
            );
        }
    }
    Ok(())
}

impl NewRule {
    /// Creates a rule from an inspected module. Without a name, it gets the module's own.
    pub fn found(found: Inspected, name: Option<String>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        let name = match name {
            Some(name) => name,
            None => rule_name(&found.name)?,
        };
        Ok(Self {
            name,
            kind: match found.kind {
                Kind::Eligibility => RuleKind::Eligibility,
                Kind::Notification => RuleKind::Notification,
            },
            version: found.version,
            summary: found.summary,
            digest: found.digest.to_string(),
            parameter_schema: found.parameter_schema.as_str().to_owned(),
            bytes,
        })
    }
}

/// The office's parameters of a module after a merge patch. They are checked against its schema, with the
/// configuration's parameters as defaults.
pub fn patched_parameters(
    rule: &RuleModule,
    changes: ParameterPatch,
    settings: &RulesSettings,
) -> Result<Parameters, Invalid> {
    let mut parameters = rule.parameters.clone();
    for (name, change) in changes {
        let current = parameters.remove(&name);
        parameters.extend(change.over(current).map(|value| (name, value)));
    }
    let schema = Schema::parse(&rule.parameter_schema)
        .map_err(|reason| Invalid::one("parameters", FieldFault::BadSchema { reason }))?;
    check_parameters(&schema, &settings.all_parameters(&rule.name, &parameters))?;
    Ok(parameters)
}

/// Whether all required parameters are set.
pub fn check_complete(rule: &RuleModule, settings: &RulesSettings) -> Result<(), Invalid> {
    let schema = Schema::parse(&rule.parameter_schema)
        .map_err(|reason| Invalid::one("parameters", FieldFault::BadSchema { reason }))?;
    check_parameters(
        &schema,
        &settings.all_parameters(&rule.name, &rule.parameters),
    )
}

fn check_parameters(schema: &Schema, parameters: &Parameters) -> Result<(), Invalid> {
    match schema.read(parameters) {
        Ok(_) => Ok(()),
        Err(Fault::BadParameters(Invalid(mut errors))) => {
            // Some errors concern all parameters, others one of them.
            for error in errors
                .iter_mut()
                .filter(|error| error.field != "parameters")
            {
                error.field = format!("parameters.{}", error.field);
            }
            Err(Invalid(errors))
        }
        Err(fault) => {
            let reason = fault.to_string();
            Err(Invalid::one("parameters", FieldFault::BadSchema { reason }))
        }
    }
}
