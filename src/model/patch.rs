//! What a JSON merge patch (RFC 7396) says about one member. The HTTP layer reads a body into a struct of these;
//! commands use the types.

use serde::{Deserialize, Deserializer};

use super::{FieldFault, Invalid, Line, check_text};

/// A struct of patches needs `#[serde(default)]`, so that an absent member is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Patch<T> {
    /// The member is absent.
    #[default]
    Keep,
    /// The member is null.
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    /// The value after the patch. `current` is the value before it.
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Checks a value that is set. A kept value was checked when it was set.
    pub fn check<U>(
        self,
        check: impl FnOnce(T) -> Result<U, FieldFault>,
    ) -> Result<Patch<U>, FieldFault> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(check(value)?),
        })
    }
}

impl Patch<String> {
    /// Checks an optional text. A text without visible characters clears the member.
    pub fn check_text(self, line: Line, max: usize) -> Result<Self, FieldFault> {
        let patch = self.check(|text| check_text(&text, line, 0, max))?;
        Ok(match patch {
            Self::Set(text) if text.is_empty() => Self::Clear,
            patch => patch,
        })
    }
}

impl Invalid {
    /// The value of an optional member after its patch. Records the fault of an invalid one.
    pub fn optional<T>(
        &mut self,
        field: &str,
        patch: Result<Patch<T>, FieldFault>,
        current: Option<T>,
    ) -> Option<T> {
        self.field(field, patch)?.over(current)
    }

    /// The same for a required member. The default replaces an invalid value and must not be used.
    pub fn required<T: Default>(
        &mut self,
        field: &str,
        patch: Result<Patch<T>, FieldFault>,
        current: Option<T>,
    ) -> T {
        let value = patch.and_then(|patch| patch.over(current).ok_or(FieldFault::Required));
        self.field(field, value).unwrap_or_default()
    }
}

/// For sources that always contain the whole record, such as a CSV row: a missing value clears the member.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::from_json;
    use serde_json::{Value, json};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
    struct Article {
        title: Patch<String>,
        author: Patch<Author>,
        tags: Patch<Vec<String>>,
        content: Patch<String>,
        phone_number: Patch<String>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
    struct Author {
        given_name: Patch<String>,
        family_name: Patch<String>,
    }

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.into())
    }

    #[test]
    fn the_example_of_rfc_7396_is_read() {
        // The example in RFC 7396, section 3.
        let patch = json!({"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": null},
            "tags": ["example"]});
        let author = Author {
            given_name: Patch::Keep,
            family_name: Patch::Clear,
        };
        let wanted = Article {
            title: set("Hello!"),
            author: Patch::Set(author),
            tags: Patch::Set(vec!["example".into()]),
            content: Patch::Keep,
            phone_number: set("+01-123-456-7890"),
        };
        assert_eq!(from_json(patch), Ok(wanted));
    }

    #[test]
    fn a_fault_names_its_member() {
        use FieldFault as F;
        let fault = |patch: Value| from_json::<Article>(patch).unwrap_err().0.remove(0);
        for (patch, field, wanted) in [
            (json!({"bogus": null}), "bogus", F::UnknownMember),
            (
                json!({"author": {"bogus": null}}),
                "author.bogus",
                F::UnknownMember,
            ),
            (json!({"author": "Doe"}), "author", F::NotAnObject),
            (
                json!({"author": {"givenName": 1}}),
                "author.givenName",
                F::NotText,
            ),
            (json!({"tags": ["a", null]}), "tags[1]", F::NotText),
        ] {
            let error = fault(patch);
            assert_eq!((error.field.as_str(), error.fault), (field, wanted));
        }
    }

    #[test]
    fn only_a_new_value_is_checked() {
        let refuse = |_: String| Err::<String, _>(FieldFault::Empty);
        let old = || Some("old".to_owned());
        assert_eq!(Patch::Keep.check(refuse).unwrap().over(old()), old());
        assert_eq!(Patch::Clear.check(refuse).unwrap().over(old()), None);
        assert_eq!(set("new").check(refuse), Err(FieldFault::Empty));
        assert_eq!(set("new").over(old()), Some("new".into()));
    }
}
