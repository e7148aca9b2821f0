//! JSON merge patches (RFC 7396).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{FieldFault, Invalid, from_json};

/// RFC 7396: members of the patch replace, `null` removes, objects are merged.
fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge_patch(members.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// A value with a merge patch laid over it. An error names the member that is wrong, or that there is none of that name, also
/// where the patch only takes it away.
pub fn patched<T: Serialize + DeserializeOwned>(
    current: &T,
    patch: &Map<String, Value>,
) -> Result<T, Invalid> {
    let mut value =
        serde_json::to_value(current).map_err(|_| Invalid::one("body", FieldFault::Malformed))?;
    if let Some(name) = unknown_null(&value, patch) {
        return Err(Invalid::one(name, FieldFault::UnknownMember));
    }
    merge_patch(&mut value, &Value::Object(patch.clone()));
    from_json(value)
}

/// A member that the patch takes away and that the target, written with all its members, does not have.
fn unknown_null(target: &Value, patch: &Map<String, Value>) -> Option<String> {
    patch.iter().find_map(|(name, change)| {
        let member = target.get(name);
        match change {
            Value::Null if member.is_none() => Some(name.clone()),
            Value::Object(inner) if member.is_some_and(Value::is_object) => {
                let inner = unknown_null(member?, inner)?;
                Some(format!("{name}.{inner}"))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_does_what_its_standard_shows() {
        // The example of RFC 7396, section 3.
        let mut target = json!({"title": "Goodbye!", "author": {"givenName": "John", "familyName": "Doe"},
            "tags": ["example", "sample"], "content": "This will be unchanged"});
        let patch = json!({"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": null},
            "tags": ["example"]});
        merge_patch(&mut target, &patch);
        assert_eq!(
            target,
            json!({"title": "Hello!", "author": {"givenName": "John"}, "tags": ["example"],
            "content": "This will be unchanged", "phoneNumber": "+01-123-456-7890"})
        );
    }
}
