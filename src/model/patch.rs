//! JSON as it arrives: merge patches, and errors that name the member.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Invalid;

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
    // What serde writes it reads again, so an error here is about the patch.
    let mut value =
        serde_json::to_value(current).map_err(|error| Invalid::one("body", error.to_string()))?;
    if let Some(name) = unknown_null(&value, patch) {
        return Err(Invalid::one(name, "is not a member here"));
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

/// Reads a type from JSON; an error names the member that is wrong.
pub fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| invalid_member(&error))
}

/// The member and a sentence about it, out of serde's error.
pub fn invalid_member(error: &serde_path_to_error::Error<serde_json::Error>) -> Invalid {
    let path = error.path().to_string();
    let text = error.inner().to_string();
    // serde_json adds where in the text it was; a client cares for the member.
    let text = text.split(" at line ").next().unwrap_or(&text);
    let quoted = |start: &str| {
        text.strip_prefix(start)
            .and_then(|rest| rest.split('`').next())
            .map(str::to_owned)
    };
    let inside = |name: String| {
        let parent = path
            .strip_suffix(name.as_str())
            .unwrap_or(&path)
            .trim_end_matches('.');
        if parent.is_empty() || parent == "." {
            name
        } else {
            format!("{parent}.{name}")
        }
    };
    if let Some(name) = quoted("unknown field `") {
        return Invalid::one(inside(name), "is not a member here");
    }
    if let Some(name) = quoted("missing field `") {
        return Invalid::one(inside(name), "is required");
    }
    if let Some(name) = quoted("duplicate field `") {
        return Invalid::one(inside(name), "is given twice");
    }
    let field = if path == "." { "body".into() } else { path };
    Invalid::one(field, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its reading is looked at")]
        inner: Vec<Inner>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is looked at")]
        size: u8,
    }

    fn field(value: Value) -> String {
        from_json::<Outer>(value).unwrap_err().0.remove(0).field
    }

    #[test]
    fn an_error_names_its_member() {
        assert_eq!(
            field(json!({"inner": [{"size": 1}, {"size": -1}]})),
            "inner[1].size"
        );
        assert_eq!(
            field(json!({"inner": [{"size": 1, "colour": 2}]})),
            "inner[0].colour"
        );
        assert_eq!(field(json!({"inner": [{}]})), "inner[0].size");
        assert_eq!(field(json!({"outer": 1, "inner": []})), "outer");
        assert_eq!(field(json!({})), "inner");
        assert_eq!(field(json!(7)), "body");
    }

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
