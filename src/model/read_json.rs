//! Reads JSON into a type. An error is a `FieldFault` at a path; serde_json would give only text. Also stricter: an
//! object cannot be read from an array.

use std::fmt::{self, Display};

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, Expected, IntoDeserializer};
use serde::de::{Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{FieldFault, Invalid};

/// Most wrong members to look for, since each costs another reading. No body has more members.
const MAX_WRONG_MEMBERS: usize = 32;

/// Reads a type from JSON. The error names every wrong member, and the first missing one.
pub fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    let mut invalid = Invalid::default();
    let read = read_json(value, &mut invalid);
    invalid.complete(read)
}

/// The same, without the wrong members, whose faults are recorded. `None` if the type needs them. The members that are right
/// can then be checked further, so that a person learns about everything at once.
pub fn read_json<T: DeserializeOwned>(mut value: Value, invalid: &mut Invalid) -> Option<T> {
    let mut removed = Vec::new();
    for _ in 0..MAX_WRONG_MEMBERS {
        let error = match serde_path_to_error::deserialize(Json(&value)) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let outermost = match error.path().iter().next() {
            Some(Segment::Map { key }) => Some(key.clone()),
            _ => None,
        };
        let path = error.path().to_string();
        let Misfit { fault, member } = error.into_inner();
        let name = outermost.or(member.clone());
        if name.as_ref().is_some_and(|name| removed.contains(name)) {
            return None;
        }
        invalid.add(field_at(&path, member.as_deref()), fault);
        let name = name?;
        value.as_object_mut()?.remove(&name)?;
        removed.push(name);
    }
    None
}

/// Reads one member's value.
pub fn from_member<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Invalid> {
    T::deserialize(Json(&value)).map_err(|misfit| Invalid::one(name, misfit.fault))
}

/// Reads a type from text, such as an enum from its name.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, FieldFault> {
    T::deserialize(Json(&text.into())).map_err(|misfit| misfit.fault)
}

/// The field name for an error at a path. `member` is the member inside that path, which serde may have followed
/// already.
pub fn field_at(path: &str, member: Option<&str>) -> String {
    let path = if path == "." { "" } else { path };
    let parent = member.and_then(|member| path.strip_suffix(member));
    let parent = parent.unwrap_or(path).trim_end_matches('.');
    match member {
        None if path.is_empty() => "body".into(),
        None => path.into(),
        Some(member) if parent.is_empty() => member.into(),
        Some(member) => format!("{parent}.{member}"),
    }
}

/// Why a value does not fit its type.
#[derive(Debug)]
struct Misfit {
    fault: FieldFault,
    member: Option<String>,
}

impl From<FieldFault> for Misfit {
    fn from(fault: FieldFault) -> Self {
        Self {
            fault,
            member: None,
        }
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    /// The model's types pass a `FieldFault`, which formats itself as JSON here. Other crates pass their own text.
    fn custom<T: Display>(message: T) -> Self {
        let fault = serde_json::from_str(&format!("{message:#}"));
        fault.unwrap_or(FieldFault::Malformed).into()
    }

    /// All other types are checked before a visitor sees them.
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        FieldFault::NotAWholeNumber.into()
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        FieldFault::NotAWholeNumber.into()
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        FieldFault::not_one_of(names.iter().copied()).into()
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self {
            fault: FieldFault::UnknownMember,
            member: Some(name.into()),
        }
    }

    fn missing_field(name: &'static str) -> Self {
        Self {
            fault: FieldFault::Required,
            member: Some(name.into()),
        }
    }
}

#[derive(Clone, Copy)]
struct Json<'a>(&'a Value);

impl IntoDeserializer<'_, Misfit> for Json<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Json<'_> {
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_str(text),
            _ => Err(FieldFault::NotText.into()),
        }
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Value::Array(entries) = self.0 else {
            return Err(FieldFault::NotAList.into());
        };
        let mut entries = SeqDeserializer::new(entries.iter().map(Json));
        let read = visitor.visit_seq(&mut entries)?;
        entries.end()?;
        Ok(read)
    }

    fn object<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| (name.as_str(), Json(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            _ => Err(FieldFault::NotAnObject.into()),
        }
    }
}

impl<'de> Deserializer<'de> for Json<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (_, Some(value)) => visitor.visit_i64(value),
                _ => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) => self.list(visitor),
            Value::Object(_) => self.object(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(FieldFault::NotABoolean.into()),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Number(_) => self.deserialize_any(visitor),
            _ => Err(FieldFault::NotANumber.into()),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            _ => Err(FieldFault::NotText.into()),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Email, Id, Job, JobStatus, Money};
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is looked at")]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        size: u8,
        name: Option<String>,
        ratio: f64,
        open: bool,
        status: Option<JobStatus>,
        email: Option<Email>,
        pay: Option<Money>,
        id: Option<Id<Job>>,
        parts: Vec<String>,
    }

    fn fault(value: Value) -> (String, FieldFault) {
        let error = from_json::<Outer>(value).unwrap_err().0.remove(0);
        (error.field, error.fault)
    }

    /// Members are independent, so a person can mend all of them at once.
    #[test]
    fn all_wrong_members_are_named() {
        use FieldFault as F;
        let faults = |value: Value| {
            let Invalid(errors) = from_json::<Inner>(value).unwrap_err();
            let faults = errors.into_iter().map(|error| (error.field, error.fault));
            faults.collect::<Vec<_>>()
        };
        let wrong = json!({"size": -1, "colour": 2, "name": 2, "open": true, "parts": ["a", 1, 2]});
        let mut found = faults(wrong);
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let wanted = [
            ("colour", F::UnknownMember),
            ("name", F::NotText),
            ("parts[1]", F::NotText),
            ("size", F::NotAWholeNumber),
        ];
        assert_eq!(found, wanted.map(|(field, fault)| (field.into(), fault)));

        let mut invalid = Invalid::default();
        let read: Inner = read_json(json!({"size": "1", "ratio": 2}), &mut invalid).unwrap();
        assert_eq!((read.size, read.ratio), (0, 2.0));
        assert_eq!(invalid, Invalid::one("size", F::NotAWholeNumber));

        // A member that must be there and is wrong is not missing too.
        let Invalid(errors) = from_json::<Outer>(json!({"inner": [7], "x": 1})).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["inner[0]", "x"]);

        // Looking for more faults takes bounded work.
        let many = (0..10_000).map(|number| (format!("m{number}"), Value::Null));
        assert_eq!(
            faults(Value::Object(many.collect())).len(),
            MAX_WRONG_MEMBERS
        );
    }

    /// STYLE 19: a serde error becomes a code. No text is parsed.
    #[test]
    fn an_error_names_its_member_and_is_typed() {
        use FieldFault as F;
        for (inner, field, wanted) in [
            (json!({"size": -1}), "size", F::NotAWholeNumber),
            (json!({"size": 1.5}), "size", F::NotAWholeNumber),
            (json!({"size": "1"}), "size", F::NotAWholeNumber),
            (json!({"colour": 2}), "colour", F::UnknownMember),
            (json!({"name": 2}), "name", F::NotText),
            (json!({"ratio": "2"}), "ratio", F::NotANumber),
            (json!({"open": 0}), "open", F::NotABoolean),
            (json!({"email": "nobody"}), "email", F::NotAnEmail),
            (json!({"pay": 1.234}), "pay", F::TooManyDecimals { max: 2 }),
            (json!({"id": "7"}), "id", F::NotAnId),
            (json!({"parts": "a"}), "parts", F::NotAList),
            (json!({"parts": [1]}), "parts[0]", F::NotText),
        ] {
            let found = fault(json!({"inner": [{}, inner]}));
            assert_eq!(found, (format!("inner[1].{field}"), wanted), "{inner}");
        }
        let status = fault(json!({"inner": [{"status": "opened"}]}));
        assert_eq!(status.0, "inner[0].status");
        assert!(matches!(status.1, F::NotOneOf { allowed } if allowed.contains(&"open".into())));
        assert_eq!(
            fault(json!({"inner": [[]]})),
            ("inner[0]".into(), F::NotAnObject)
        );
        assert_eq!(
            fault(json!({"outer": 1})),
            ("outer".into(), F::UnknownMember)
        );
        assert_eq!(fault(json!({})), ("inner".into(), F::Required));
        assert_eq!(fault(json!(7)), ("body".into(), F::NotAnObject));
        assert!(from_json::<Outer>(json!({"inner": [{"size": 1, "ratio": 1}]})).is_ok());
    }
}
