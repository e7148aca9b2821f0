//! Reads the settings from TOML. Every error is a `Wrong`; the toml crate's own errors are for programmers.

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeString, DeTable, DeValue};

use super::Config;
use super::wrong::Wrong;

/// The settings in a parsed file.
pub(super) fn read(file: DeTable<'_>) -> Result<Config, Wrong> {
    Config::deserialize(Setting(&DeValue::Table(file)))
}

/// The value of a setting, of an entry in a list, or of a whole section.
#[derive(Clone, Copy)]
struct Setting<'a>(&'a DeValue<'a>);

impl Setting<'_> {
    /// A whole number within limits. `wanted` names them.
    fn whole_number(self, min: i64, max: i64) -> Result<i64, Wrong> {
        let is_within = |number: &i64| (min..=max).contains(number);
        if let DeValue::Integer(number) = self.0
            && let Some(number) = value_of(number).filter(is_within)
        {
            return Ok(number);
        }
        let limits = if (min, max) == ANY {
            "a whole number".into()
        } else {
            format!("a whole number from {min} to {max}")
        };
        let is_quoted = |text: &str| text.parse().is_ok_and(|number| is_within(&number));
        Err(self.must_be(&limits, is_quoted))
    }

    /// `would_do`: whether the text would be valid without quotes.
    fn must_be(self, what: &str, would_do: impl Fn(&str) -> bool) -> Wrong {
        match self.0 {
            DeValue::String(text) if would_do(text) => {
                Wrong::must_be(format_args!("{what}, without quotes"))
            }
            _ => Wrong::must_be(what),
        }
    }

    fn text(&self) -> Result<&str, Wrong> {
        match self.0 {
            DeValue::String(text) => Ok(text),
            _ => Err(Wrong::not_text()),
        }
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            DeValue::Array(entries) => visitor.visit_seq(Entries { entries, next: 0 }),
            _ => Err(Wrong::must_be("a list in square brackets")),
        }
    }

    fn table<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            DeValue::Table(table) => visitor.visit_map(Members {
                rest: table.iter().collect::<Vec<_>>().into_iter(),
                current: None,
            }),
            _ => Err(Wrong::must_be("a section or a table")),
        }
    }
}

/// No limits.
const ANY: (i64, i64) = (i64::MIN, i64::MAX);

fn value_of(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

impl<'de> Deserializer<'de> for Setting<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(_) => self.deserialize_i64(visitor),
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(Wrong::must_be("a number")),
            },
            DeValue::Boolean(value) => visitor.visit_bool(*value),
            DeValue::Datetime(time) => visitor.visit_str(&time.to_string()),
            DeValue::Array(_) => self.list(visitor),
            DeValue::Table(_) => self.table(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            DeValue::Boolean(value) => visitor.visit_bool(*value),
            _ => Err(self.must_be("true or false", |text| matches!(text, "true" | "false"))),
        }
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_i64(self.whole_number(0, u16::MAX.into())?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_i64(self.whole_number(0, u32::MAX.into())?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let (min, max) = ANY;
        visitor.visit_i64(self.whole_number(min, max)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.table(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.table(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u64 u128 f32 f64 char bytes byte_buf option unit unit_struct newtype_struct tuple tuple_struct
        identifier ignored_any
    }
}

/// The entries of a list.
struct Entries<'a> {
    entries: &'a DeArray<'a>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Entries<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Wrong> {
        let Some(entry) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let (value, position) = (entry.get_ref(), self.next);
        self.next += 1;
        let read = seed.deserialize(Setting(value));
        read.map(Some)
            .map_err(|wrong| wrong.in_entry(position, value).at(entry.span()))
    }
}

type Member<'a> = (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>);

/// The keys and values of a table.
struct Members<'a> {
    rest: std::vec::IntoIter<Member<'a>>,
    current: Option<Member<'a>>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        self.current = self.rest.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Wrong> = key.get_ref().as_ref().into_deserializer();
        seed.deserialize(name)
            .map(Some)
            .map_err(|wrong| wrong.at(key.span()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (key, value) = self.current.expect("a value follows its key");
        let value = value.get_ref();
        seed.deserialize(Setting(value))
            .map_err(|wrong| wrong.under_key(key.get_ref(), value).at(key.span()))
    }
}
