//! A module's parameters: the JSON Schema that describes them, and the office's values.
//!
//! Supports only schemas that a form can show: an object of numbers, flags, texts, dates and lists of texts, with
//! titles, defaults and limits. A schema with any other keyword is refused, rather than applied in part.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::{Attribute, Fault, Value};
use crate::model::{FieldFault, Invalid, Parameters};

/// Most parameters. An office could not manage more.
const MOST: usize = 64;
const MOST_TEXTS: usize = 200;
const MOST_CHARS: usize = 2_000;
/// Most bytes of all parameters as JSON, since they are passed with every question.
const MOST_BYTES: usize = 64 << 10;

/// A parsed schema. It serializes in its original form, since a form keeps the order of its parameters.
#[derive(Clone, Debug)]
pub struct Schema {
    written: Box<RawValue>,
    settings: Vec<Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    name: String,
    shape: Shape,
    required: bool,
    default: Option<Value>,
}

#[derive(Clone, Debug)]
enum Shape {
    Number {
        whole: bool,
        least: Option<f64>,
        most: Option<f64>,
    },
    Flag,
    Text {
        choices: Vec<String>,
        least: usize,
        most: usize,
    },
    Day,
    Texts {
        choices: Vec<String>,
        most: usize,
    },
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl Schema {
    /// Fails with a sentence for the module's author.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Box<RawValue> =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let read: Json =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let root = read.as_object().ok_or("it must be a JSON object")?;
        known(
            root,
            "the schema",
            &[
                "$schema",
                "$id",
                "type",
                "title",
                "description",
                "properties",
                "required",
                "additionalProperties",
            ],
        )?;
        if root.get("type").is_some_and(|kind| kind != "object") {
            return Err("its type must be \"object\"".into());
        }
        let none = Map::new();
        let properties = match root.get("properties") {
            None => &none,
            Some(properties) => properties
                .as_object()
                .ok_or("properties must be an object")?,
        };
        if properties.len() > MOST {
            return Err(format!("it has more than {MOST} parameters"));
        }
        let required = texts(root.get("required")).ok_or("required must be a list of names")?;
        if let Some(name) = required.iter().find(|name| !properties.contains_key(*name)) {
            return Err(format!("it requires {name}, but does not describe it"));
        }
        let settings = properties
            .iter()
            .map(|(name, member)| {
                Setting::parse(name, member, required.contains(name))
                    .map_err(|why| format!("{name}: {why}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { written, settings })
    }

    /// The schema's text.
    pub fn as_str(&self) -> &str {
        self.written.get()
    }

    /// The parameters if nothing is set.
    pub fn defaults(&self) -> Vec<Attribute> {
        self.settings
            .iter()
            .filter_map(Setting::by_default)
            .collect()
    }

    /// Whether the defaults are enough.
    pub fn complete_by_default(&self) -> bool {
        self.settings
            .iter()
            .all(|setting| setting.default.is_some() || !setting.required)
    }

    /// The office's parameters in the contract's form, including defaults. An error names all invalid parameters.
    pub fn read(&self, given: &Parameters) -> Result<Vec<Attribute>, Fault> {
        let mut wrong = Invalid::default();
        if serde_json::to_vec(given).map_or(usize::MAX, |json| json.len()) > MOST_BYTES {
            wrong.add("parameters", FieldFault::TooManyBytes { max: MOST_BYTES });
            return Err(Fault::BadParameters(wrong));
        }
        for name in given.keys() {
            if !self.settings.iter().any(|setting| setting.name == *name) {
                wrong.add(name, FieldFault::UnknownSetting);
            }
        }
        let mut attributes = Vec::with_capacity(self.settings.len());
        for setting in &self.settings {
            match given.get(&setting.name) {
                None if setting.required && setting.default.is_none() => {
                    wrong.add(&setting.name, FieldFault::Required);
                }
                None => attributes.extend(setting.by_default()),
                Some(json) => match setting.shape.read(json) {
                    Ok(value) => attributes.push(Attribute {
                        name: setting.name.clone(),
                        value,
                    }),
                    Err(fault) => wrong.add(&setting.name, fault),
                },
            }
        }
        match wrong.into_result() {
            Ok(()) => Ok(attributes),
            Err(wrong) => Err(Fault::BadParameters(wrong)),
        }
    }
}

impl Setting {
    fn parse(name: &str, member: &Json, required: bool) -> Result<Self, String> {
        let member = member.as_object().ok_or("must be an object")?;
        let shape = Shape::parse(member)?;
        let default = member
            .get("default")
            .map(|json| shape.read(json).map_err(|why| format!("its default {why}")))
            .transpose()?;
        Ok(Self {
            name: name.to_owned(),
            shape,
            required,
            default,
        })
    }

    fn by_default(&self) -> Option<Attribute> {
        Some(Attribute {
            name: self.name.clone(),
            value: self.default.clone()?,
        })
    }
}

impl Shape {
    fn parse(member: &Map<String, Json>) -> Result<Self, String> {
        const EVERY: [&str; 4] = ["type", "title", "description", "default"];
        let keywords = |own: &[&'static str]| [&EVERY, own].concat();
        let size = |name: &str, default: usize| match member.get(name) {
            None => Ok(default),
            Some(json) => json
                .as_u64()
                .map(|size| (size as usize).min(default.max(MOST_CHARS)))
                .ok_or_else(|| format!("{name} must be a whole number")),
        };
        let bound = |name: &str| match member.get(name) {
            None => Ok(None),
            Some(json) => json
                .as_f64()
                .map(Some)
                .ok_or_else(|| format!("{name} must be a number")),
        };
        match member.get("type").and_then(Json::as_str) {
            Some(kind @ ("number" | "integer")) => {
                known(member, "it", &keywords(&["minimum", "maximum"]))?;
                let whole = kind == "integer";
                let (least, most) = (bound("minimum")?, bound("maximum")?);
                some_number_fits(whole, least, most)?;
                Ok(Self::Number { whole, least, most })
            }
            Some("boolean") => known(member, "it", &EVERY).map(|()| Self::Flag),
            Some("string") if member.contains_key("format") => {
                known(member, "it", &keywords(&["format"]))?;
                match member.get("format").and_then(Json::as_str) {
                    Some("date") => Ok(Self::Day),
                    _ => Err("the only supported format is \"date\"".into()),
                }
            }
            Some("string") => {
                known(member, "it", &keywords(&["enum", "minLength", "maxLength"]))?;
                let (least, most) = (size("minLength", 0)?, size("maxLength", MOST_CHARS)?);
                if least > most {
                    return Err(format!(
                        "its minLength {least} is above its maxLength {most}"
                    ));
                }
                Ok(Self::Text {
                    choices: choices(member)?,
                    least,
                    most,
                })
            }
            Some("array") => {
                known(
                    member,
                    "it",
                    &keywords(&["items", "maxItems", "uniqueItems"]),
                )?;
                let items = member
                    .get("items")
                    .and_then(Json::as_object)
                    .filter(|items| items.get("type").is_some_and(|kind| kind == "string"))
                    .ok_or("a list must contain texts: items with type \"string\"")?;
                known(items, "items", &["type", "title", "description", "enum"])?;
                Ok(Self::Texts {
                    choices: choices(items)?,
                    most: size("maxItems", MOST_TEXTS)?.min(MOST_TEXTS),
                })
            }
            _ => Err("its type must be number, integer, boolean, string or array".into()),
        }
    }

    fn read(&self, json: &Json) -> Result<Value, FieldFault> {
        match self {
            Self::Number { whole, least, most } => {
                let number = json.as_f64().ok_or(FieldFault::NotANumber)?;
                if *whole && number.fract() != 0.0 {
                    return Err(FieldFault::NotAWholeNumber);
                }
                if let Some(min) = least.filter(|least| number < *least) {
                    return Err(FieldFault::TooSmall { min });
                }
                if let Some(max) = most.filter(|most| number > *most) {
                    return Err(FieldFault::TooLarge { max });
                }
                Ok(Value::Number(number))
            }
            Self::Flag => json
                .as_bool()
                .map(Value::Flag)
                .ok_or(FieldFault::NotABoolean),
            Self::Day => json
                .as_str()
                .and_then(day)
                .map(Value::Day)
                .ok_or(FieldFault::NotADate),
            Self::Text {
                choices,
                least,
                most,
            } => {
                let text = chosen(json, choices)?;
                let length = text.chars().count();
                if length < *least {
                    return Err(FieldFault::TooShort { min: *least });
                }
                if length > *most {
                    let (max, actual) = (*most, length);
                    return Err(FieldFault::TooLong { max, actual });
                }
                Ok(Value::Text(text))
            }
            Self::Texts { choices, most } => {
                let list = json.as_array().ok_or(FieldFault::NotAList)?;
                if list.len() > *most {
                    let (max, actual) = (*most, list.len());
                    return Err(FieldFault::TooManyEntries { max, actual });
                }
                let texts = list
                    .iter()
                    .map(|one| chosen(one, choices))
                    .collect::<Result<_, _>>()?;
                Ok(Value::Texts(texts))
            }
        }
    }
}

fn some_number_fits(whole: bool, least: Option<f64>, most: Option<f64>) -> Result<(), String> {
    let (Some(least), Some(most)) = (least, most) else {
        return Ok(());
    };
    let fits = if whole {
        least.ceil() <= most.floor()
    } else {
        least <= most
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "there is no number between its minimum {least} and its maximum {most}"
    ))
}

/// The allowed texts, or empty for any text.
fn choices(member: &Map<String, Json>) -> Result<Vec<String>, String> {
    let choices = texts(member.get("enum")).ok_or("enum must be a list of texts")?;
    if choices.is_empty() && member.contains_key("enum") {
        return Err("its enum has no choices".into());
    }
    Ok(choices)
}

fn chosen(json: &Json, choices: &[String]) -> Result<String, FieldFault> {
    let text = json.as_str().ok_or(FieldFault::NotText)?;
    let (max, actual) = (MOST_CHARS, text.chars().count());
    if actual > max {
        return Err(FieldFault::TooLong { max, actual });
    }
    if choices.is_empty() || choices.iter().any(|choice| choice == text) {
        return Ok(text.to_owned());
    }
    Err(FieldFault::not_one_of(choices))
}

/// Days since 1970-01-01 for an ISO date.
pub fn day(text: &str) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let epoch = Date::constant(1970, 1, 1);
    Some((date - epoch).get_days())
}

fn texts(json: Option<&Json>) -> Option<Vec<String>> {
    let Some(json) = json else {
        return Some(Vec::new());
    };
    json.as_array()?
        .iter()
        .map(|one| one.as_str().map(str::to_owned))
        .collect()
}

fn known(object: &Map<String, Json>, what: &str, keywords: &[&str]) -> Result<(), String> {
    match object
        .keys()
        .find(|name| !keywords.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => Err(format!("{what} has the unsupported keyword {name}")),
    }
}

#[cfg(test)]
mod tests;
