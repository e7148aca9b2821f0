//! Modules that are ready to call: compiled, with parsed parameters. From memory if they were used before, else from
//! the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::checker::rule_set;
use crate::config::RulesSettings;
use crate::model::{Parameters, RuleId, RuleInUse, RuleModule};
use crate::rules::{self, Fault, Host, Module, Schema};
use crate::store::{Reader, StoreError, Stored, keys};

/// A module that is ready to call.
pub(super) struct Ready {
    of: RuleInUse,
    pub module: Arc<Module>,
    pub parameters: Vec<rules::Attribute>,
}

impl Ready {
    fn make(
        host: &Host,
        of: RuleInUse,
        schema: &str,
        parameters: &Parameters,
        bytes: &[u8],
    ) -> Result<Self, Fault> {
        let digest = of
            .digest
            .parse()
            .map_err(|error: &str| Fault::Engine(error.into()))?;
        let module = host.module(digest, bytes)?;
        let schema = Schema::parse(schema).map_err(Fault::Refused)?;
        let parameters = schema.read(parameters)?;
        Ok(Self {
            of,
            module,
            parameters,
        })
    }
}

/// Runs blocking work off the threads that answer requests.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(format!("the rules: {error}")))
}

pub(super) struct ModuleCache {
    pub host: Arc<Host>,
    ready: Mutex<HashMap<RuleId, Arc<Ready>>>,
}

impl ModuleCache {
    pub fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            ready: Mutex::default(),
        }
    }

    /// The module, with its record's parameters on top of those in the configuration.
    pub async fn ready(
        &self,
        reader: &Reader,
        rule: &RuleInUse,
        settings: &RulesSettings,
    ) -> Result<Result<Arc<Ready>, Fault>, StoreError> {
        if let Some(ready) = self.cached(rule) {
            return Ok(Ok(ready));
        }
        let stored: Option<Stored<RuleModule>> = reader.get(&keys::rule(rule.rule_id)).await?;
        let record = stored.ok_or_else(|| {
            StoreError::Corrupt(format!("rule {} is in use and is not there", rule.rule_id))
        })?;
        let bytes = rule_bytes(reader, &record).await?;
        let (host, rule) = (self.host.clone(), rule.clone());
        let parameters = settings.all_parameters(&rule.name, &rule.parameters);
        let ready = blocking(move || {
            Ready::make(&host, rule, &record.parameter_schema, &parameters, &bytes)
        });
        let ready = match ready.await? {
            Ok(ready) => Arc::new(ready),
            Err(fault) => return Ok(Err(fault)),
        };
        self.keep(reader, ready.clone()).await?;
        Ok(Ok(ready))
    }

    fn cached(&self, rule: &RuleInUse) -> Option<Arc<Ready>> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready
            .get(&rule.rule_id)
            .filter(|ready| ready.of == *rule)
            .cloned()
    }

    pub fn forget(&self, rule: RuleId) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.remove(&rule);
    }

    /// Keeps the modules in use. Of the others, which are asked in dry runs, only the newest.
    async fn keep(&self, reader: &Reader, module: Arc<Ready>) -> Result<(), StoreError> {
        let set = rule_set(reader).await?;
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|id, _| {
            let mut in_use = set.active.iter().chain(&set.shadow);
            in_use.any(|rule| rule.rule_id == *id)
        });
        ready.insert(module.of.rule_id, module);
        Ok(())
    }
}

/// The bytes of a module. `Corrupt` if their number differs from the record.
async fn rule_bytes(reader: &Reader, module: &RuleModule) -> Result<Vec<u8>, StoreError> {
    let mut chunks = reader.walk(&keys::rule_chunks(module.rule_id));
    let mut bytes = Vec::with_capacity(module.size_bytes as usize);
    while let Some(rows) = chunks.next().await? {
        for (_, row) in rows {
            bytes.extend(row.value);
        }
    }
    if bytes.len() as u64 == module.size_bytes {
        Ok(bytes)
    } else {
        Err(StoreError::Corrupt(format!(
            "{} bytes of rule {}, which has {}",
            bytes.len(),
            module.rule_id,
            module.size_bytes
        )))
    }
}
