//! Query strings, strictly: a parameter that is not known, or does not parse, is 422 and named.

use std::str::FromStr;

use actix_web::HttpRequest;

use super::problem::Problem;
use crate::model::Invalid;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// Longest value of one parameter, in bytes.
const MAX_VALUE_BYTES: usize = 4_096;

pub struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of a request, all of which must be known.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let pairs: Vec<(String, String)> = pairs.into_owned().collect();
        let mut invalid = Invalid::default();
        for (name, value) in &pairs {
            if !known.contains(&name.as_str()) {
                invalid.add(name, "is not a parameter here");
            } else if value.len() > MAX_VALUE_BYTES {
                invalid.add(name, "is too long");
            }
        }
        invalid.into_result()?;
        Ok(Self(pairs))
    }

    /// The one value of a parameter; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Invalid::one(name, "is given more than once").into());
        }
        Ok(value)
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A value of a type, or 422 with what it must be.
    pub fn get<T: FromStr>(&self, name: &str, must: &str) -> Result<Option<T>, Problem> {
        let value = self
            .text(name)?
            .map(|value| value.trim().parse().map_err(|_| Invalid::one(name, must)));
        Ok(value.transpose()?)
    }

    /// A value among names, as serde spells them.
    pub fn named<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name)?
            .map(|value| parse_named(name, value))
            .transpose()
    }

    pub fn limit(&self) -> Result<usize, Problem> {
        self.limit_or(DEFAULT_LIMIT)
    }

    pub fn limit_or(&self, default: usize) -> Result<usize, Problem> {
        let must = "must be a number from 1 to 100";
        let limit = self.get("limit", must)?.unwrap_or(default);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(Invalid::one("limit", must).into())
        }
    }
}

pub fn parse_named<T: serde::de::DeserializeOwned>(name: &str, value: &str) -> Result<T, Problem> {
    let value = serde_json::Value::String(value.trim().to_owned());
    serde_json::from_value(value).map_err(|error| Invalid::one(name, error.to_string()).into())
}
