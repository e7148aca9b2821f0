//! Inspects a module before it is used: what it is, what it imports, and how it describes itself.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Context, Digest, Event, Fault, Host, Job, Kind, Module, Recipient, Schema, Student, answer,
    host,
};

/// Longest name and version of a module, which are in every verdict.
const NAME_CHARS: usize = 64;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspected {
    pub kind: Kind,
    pub name: String,
    pub version: String,
    pub summary: String,
    pub parameter_schema: Schema,
    pub digest: Digest,
    pub size: usize,
    /// The contract's types, or nothing.
    pub imports: Vec<String>,
}

impl Host {
    /// Checks a module and tries it: one description, and one question with the default parameters. Blocks while it
    /// compiles. Keeps nothing of a refused module that was not known before.
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspected, Fault> {
        // Before computing a digest: a file that is too large is not even read.
        host::admit_form(bytes, self.limits().module_bytes)?;
        let digest = Digest::of(bytes);
        let was_known = self.knows(digest);
        let found = self.inspect_compiled(digest, bytes);
        if found.is_err() && !was_known {
            self.forget(digest);
        }
        found
    }

    fn inspect_compiled(&self, digest: Digest, bytes: &[u8]) -> Result<Inspected, Fault> {
        let limits = self.limits();
        let module = self.module(digest, bytes)?;
        let description = module.describe().map_err(|fault| match fault {
            // Records with a different shape are found when the functions are looked up in an instance.
            Fault::WrongAnswer(why) => {
                Fault::Refused(format!("it does not follow the contract: {why}"))
            }
            other => other,
        })?;
        if description.parameter_schema.len() > limits.schema_bytes {
            return Err(Fault::Refused(format!(
                "its parameter schema has {} bytes; {} are allowed",
                description.parameter_schema.len(),
                limits.schema_bytes
            )));
        }
        let parameter_schema = Schema::parse(&description.parameter_schema)
            .map_err(|why| Fault::Refused(format!("its parameter schema cannot be used: {why}")))?;
        try_out(&module, &parameter_schema, 1)?;
        Ok(Inspected {
            kind: module.kind(),
            name: word(description.name, "name")?,
            version: word(description.version, "version")?,
            summary: answer::sentence(description.summary, "its summary", limits.sentence_chars)?,
            parameter_schema,
            digest,
            size: bytes.len(),
            imports: module.imports().to_vec(),
        })
    }
}

/// A name and version are written as `name@version`, so neither may contain an @ or a space.
fn word(text: String, what: &str) -> Result<String, Fault> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
    let length = text.chars().count();
    if (1..=NAME_CHARS).contains(&length) && text.chars().all(fine) {
        return Ok(text);
    }
    Err(Fault::Refused(format!(
        "its {what} must be 1 to {NAME_CHARS} letters, digits, hyphens, dots or underscores"
    )))
}

/// Calls the function with one question about this many equal students or recipients, since a record that does not
/// follow the contract shows only in a real call.
pub(super) fn try_out(module: &Arc<Module>, schema: &Schema, count: u32) -> Result<(), Fault> {
    let context = Context {
        now_unix_seconds: 1_788_000_000,
        today: 20_694,
        language: "en".into(),
        parameters: schema.defaults(),
        ..Context::default()
    };
    let tried = match module.kind() {
        Kind::Eligibility => {
            let pairs: Vec<_> = (0..count).map(|student| (student, 0)).collect();
            let students = vec![Student::default(); count as usize];
            module
                .check(&context, &students, &[Job::default()], &pairs)
                .map(drop)
        }
        Kind::Notification => {
            let event = Event {
                kind: "job-posted".into(),
                job: Some(Job::default()),
                ..Event::default()
            };
            module
                .route(
                    &context,
                    &event,
                    &vec![Recipient::default(); count as usize],
                )
                .map(drop)
        }
    };
    match tried {
        // Parameters without a default are not set yet.
        Err(Fault::Declined(_)) if !schema.complete_by_default() => Ok(()),
        other => other,
    }
}
