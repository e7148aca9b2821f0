//! Managing campus rules: upload as a draft, dry run, shadow, active, retired. Each step commits together with the row
//! of the modules in use.

use super::dry_run::DryRun;
use super::seed_rules::check_complete;
use crate::config::RulesSettings;
use crate::model::{
    Actor, Event, FieldFault, Invalid, Line, Parameters, RuleId, RuleKind, RuleModule, RuleSet,
    RuleState, check_text,
};
use crate::rules::{BUILT_IN, BuiltIn, Digest};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// A module is stored in rows of this size.
const CHUNK_BYTES: usize = 256 * 1024;
const MAX_NAME_CHARS: usize = 60;

#[derive(Debug, thiserror::Error)]
pub enum RuleRefusal {
    #[error("rule not found")]
    NotFound,
    #[error("the rule has changed since it was read")]
    Stale,
    #[error("a rule cannot change from {} to {}", from.name(), to.name())]
    InvalidTransition { from: RuleState, to: RuleState },
    #[error(
        "do a dry run first: a rule can become active only after a dry run with answers and no errors"
    )]
    DryRunFirst,
    #[error("this module is already uploaded as rule {0}")]
    Uploaded(RuleId),
    #[error("only a draft or a retired rule can be deleted; this one is {}", .0.name())]
    InUse(RuleState),
    #[error("this is a built-in rule and cannot be deleted; retire it instead")]
    Ships,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A module that was inspected and accepted.
#[derive(Clone, Debug)]
pub struct NewRule {
    pub name: String,
    pub kind: RuleKind,
    pub version: String,
    pub summary: String,
    pub digest: String,
    pub parameter_schema: String,
    pub bytes: Vec<u8>,
}

/// The name that versions of a rule share: words joined by hyphens, such as `campus-eligibility`.
pub fn rule_name(text: &str) -> Result<String, Invalid> {
    let name = check_text(text, Line::Single, 1, MAX_NAME_CHARS)
        .map_err(|fault| Invalid::one("name", fault))?;
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.chars().all(sound) {
        Ok(name)
    } else {
        Err(Invalid::one("name", FieldFault::NotARuleName))
    }
}

/// Stores an uploaded module as a draft. The names of built-in modules are reserved, and each module is stored once.
pub async fn upload_rule(
    transaction: &mut Transaction,
    new: &NewRule,
) -> Result<Stored<RuleModule>, RuleRefusal> {
    // The guard keeps two concurrent uploads of the same module from both succeeding.
    transaction.guard(&keys::uploads_of_rules()).await?;
    check_new(&transaction.reader(), &new.name, &new.digest).await?;
    install_rule(transaction, new, RuleState::Draft).await
}

/// Whether a module may be uploaded under a name.
async fn check_new(reader: &Reader, name: &str, digest: &str) -> Result<(), RuleRefusal> {
    let rules = list_rules(reader).await?;
    if let Some(same) = rules.iter().find(|rule| rule.digest == digest) {
        return Err(RuleRefusal::Uploaded(same.rule_id));
    }
    if BUILT_IN.iter().any(|built_in| built_in.name == name) {
        return Err(Invalid::one("name", FieldFault::ReservedName).into());
    }
    Ok(())
}

/// Stores a module in a state: `Draft`, except for built-in modules.
pub(super) async fn install_rule(
    transaction: &mut Transaction,
    new: &NewRule,
    state: RuleState,
) -> Result<Stored<RuleModule>, RuleRefusal> {
    let now = transaction.now();
    let rule_id = RuleId::generate(now);
    for (number, chunk) in (0..).zip(new.bytes.chunks(CHUNK_BYTES)) {
        transaction
            .put_bytes(&keys::rule_chunk(rule_id, number), chunk.to_vec())
            .await?;
    }
    let module = transaction
        .insert(RuleModule {
            rule_id,
            name: new.name.clone(),
            kind: new.kind,
            version: new.version.clone(),
            summary: new.summary.clone(),
            digest: new.digest.clone(),
            size_bytes: new.bytes.len() as u64,
            parameter_schema: new.parameter_schema.clone(),
            parameters: Parameters::new(),
            state,
            dry_run: false,
            failing: None,
            uploaded_by: (transaction.origin().actor != Actor::System)
                .then_some(transaction.origin().actor),
            created_at: now,
            updated_at: now,
        })
        .await?;
    place(transaction, &module).await?;
    transaction.log(Event::RuleChanged {
        rule_id,
        from: None,
        to: state,
    })?;
    Ok(module)
}

pub async fn list_rules(reader: &Reader) -> Result<Vec<Stored<RuleModule>>, StoreError> {
    let (mut rules, mut walk) = (Vec::new(), reader.walk(&keys::rules()));
    while let Some(found) = walk.next_keys().await? {
        rules.extend(reader.get_indexed(&found).await?);
    }
    Ok(rules)
}

pub async fn see_rule(reader: &Reader, id: RuleId) -> Result<Stored<RuleModule>, RuleRefusal> {
    reader
        .get(&keys::rule(id))
        .await?
        .ok_or(RuleRefusal::NotFound)
}

/// The change. Its parameters were checked against the module's schema.
#[derive(Clone, Debug, Default)]
pub struct RulePatch {
    pub state: Option<RuleState>,
    pub parameters: Option<Parameters>,
}

/// Changes a module's state or parameters. Activating one retires the active version in the same change. `matches`:
/// whether the caller knows the current version (If-Match).
pub async fn change_rule(
    transaction: &mut Transaction,
    id: RuleId,
    patch: &RulePatch,
    settings: &RulesSettings,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<RuleModule>, RuleRefusal> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id)).await?;
    let old = stored.ok_or(RuleRefusal::NotFound)?;
    if !matches(old.version) {
        return Err(RuleRefusal::Stale);
    }
    let mut module = old.record.clone();
    if let Some(parameters) = &patch.parameters
        && *parameters != module.parameters
    {
        module.parameters.clone_from(parameters);
        // The dry run showed the effect of the old parameters.
        module.dry_run = false;
    }
    if let Some(to) = patch.state
        && to != old.state
    {
        // A module that fails while in use has not shown its effect.
        let was_seen = match old.state {
            RuleState::Draft | RuleState::Retired => false,
            RuleState::Shadow => old.failing.is_none(),
            RuleState::Active => true,
        };
        if to == RuleState::Active && !(was_seen || module.dry_run) {
            return Err(RuleRefusal::DryRunFirst);
        }
        if !old.state.allows(to, module.dry_run) {
            let from = old.state;
            return Err(RuleRefusal::InvalidTransition { from, to });
        }
        if matches!(to, RuleState::Active | RuleState::Shadow) {
            check_complete(&module, settings)?;
        }
        module.dry_run |= was_seen && module.parameters == old.parameters;
        module.state = to;
    }
    if module == old.record {
        return Ok(old);
    }
    if module.state == RuleState::Active && old.state != RuleState::Active {
        retire_others(transaction, &module).await?;
    }
    // The office changed something, so the next failure is reported again.
    module.failing = None;
    let module = save(transaction, &old, module).await?;
    place(transaction, &module).await?;
    Ok(module)
}

async fn retire_others(
    transaction: &mut Transaction,
    module: &RuleModule,
) -> Result<(), RuleRefusal> {
    let set: RuleSet = rule_set(transaction).await?;
    let others = set
        .active(module.kind)
        .filter(|used| used.name == module.name && used.rule_id != module.rule_id);
    for used in others {
        let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(used.rule_id)).await?;
        let Some(old) = stored else { continue };
        let retired = RuleModule {
            state: RuleState::Retired,
            dry_run: true,
            ..old.record.clone()
        };
        let retired = save(transaction, &old, retired).await?;
        place(transaction, &retired).await?;
    }
    Ok(())
}

async fn save(
    transaction: &mut Transaction,
    old: &Stored<RuleModule>,
    mut module: RuleModule,
) -> Result<Stored<RuleModule>, StoreError> {
    module.updated_at = transaction.now();
    let (rule_id, from, to) = (module.rule_id, old.state, module.state);
    let saved = transaction.update(old, module).await?;
    transaction.log(Event::RuleChanged {
        rule_id,
        from: Some(from),
        to,
    })?;
    Ok(saved)
}

/// The modules in use. Reading them makes them a check of this change.
async fn rule_set(transaction: &mut Transaction) -> Result<RuleSet, StoreError> {
    let stored: Option<Stored<RuleSet>> = transaction.get(&keys::rule_set()).await?;
    Ok(stored.map(|set| set.record).unwrap_or_default())
}

async fn place(transaction: &mut Transaction, module: &RuleModule) -> Result<(), StoreError> {
    let stored: Option<Stored<RuleSet>> = transaction.get(&keys::rule_set()).await?;
    match stored {
        None => {
            let mut set = RuleSet::default();
            set.place(module);
            transaction.insert(set).await?;
        }
        Some(old) => {
            let mut set = old.record.clone();
            set.place(module);
            if set != old.record {
                transaction.update(&old, set).await?;
            }
        }
    }
    Ok(())
}

/// Deletes a module that is not in use, with its bytes.
pub async fn delete_rule(
    transaction: &mut Transaction,
    id: RuleId,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<RuleModule>, RuleRefusal> {
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id)).await?;
    let rule = stored.ok_or(RuleRefusal::NotFound)?;
    if !matches(rule.version) {
        return Err(RuleRefusal::Stale);
    }
    if !matches!(rule.state, RuleState::Draft | RuleState::Retired) {
        return Err(RuleRefusal::InUse(rule.state));
    }
    // The next start would install it again, as active.
    let is_built_in = |built_in: &BuiltIn| Digest::of(built_in.bytes).to_string() == rule.digest;
    if BUILT_IN.iter().any(is_built_in) {
        return Err(RuleRefusal::Ships);
    }
    transaction.delete(&rule);
    let chunks = rule.size_bytes.div_ceil(CHUNK_BYTES as u64);
    for number in 0..chunks as u32 {
        transaction.delete_bytes(keys::rule_chunk(id, number));
    }
    transaction.delete_bytes(keys::shadow_verdicts(id));
    transaction.delete_bytes(keys::shadow_differences(id));
    transaction.log(Event::RuleDeleted { rule_id: id })?;
    Ok(rule)
}

/// Records that a dry run with these parameters showed the module's effect, if it did.
pub async fn note_dry_run(
    transaction: &mut Transaction,
    id: RuleId,
    parameters: &Parameters,
    run: &DryRun,
) -> Result<(), RuleRefusal> {
    if !run.is_conclusive() {
        return Ok(());
    }
    let stored: Option<Stored<RuleModule>> = transaction.get(&keys::rule(id)).await?;
    let old = stored.ok_or(RuleRefusal::NotFound)?;
    if old.parameters == *parameters && !old.dry_run {
        let seen = RuleModule {
            dry_run: true,
            ..old.record.clone()
        };
        transaction.update(&old, seen).await?;
    }
    Ok(())
}
