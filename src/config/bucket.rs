//! The address of a bucket, at any service that speaks S3.

use std::fmt::{self, Display};

use serde::{Deserialize, Deserializer};
use url::{Host, Url};

/// A bucket, and what the names of the objects in it start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketAddress {
    /// The service, without a path.
    pub endpoint: Url,
    pub name: String,
    /// Empty, or with a slash at its end.
    pub prefix: String,
}

const ALLOWED: &str = "empty or https://, a host, and the bucket as a path, such as \
                       \"https://s3.us-east-1.amazonaws.com/my-bucket/corkboard\" (http:// only on this machine; the path may \
                       have letters, digits, \"-\", \"_\" and \".\")";

impl BucketAddress {
    fn parse(text: &str) -> Option<Self> {
        let mut endpoint = Url::parse(text).ok()?;
        let is_safe = match endpoint.scheme() {
            "https" => true,
            "http" => is_this_machine(&endpoint),
            _ => false,
        };
        // Keys in the address would be logged with it.
        let has_keys = !endpoint.username().is_empty() || endpoint.password().is_some();
        if !is_safe || has_keys || endpoint.query().is_some() || endpoint.fragment().is_some() {
            return None;
        }
        let path = endpoint.path().trim_matches('/').to_owned();
        let is_plain = |part: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && part.bytes().all(is_plain)
        };
        if !path.split('/').all(is_plain) {
            return None;
        }
        endpoint.set_path("");
        let (name, prefix) = match path.split_once('/') {
            Some((name, prefix)) => (name.into(), format!("{prefix}/")),
            None => (path, String::new()),
        };
        Some(Self {
            endpoint,
            name,
            prefix,
        })
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", self.endpoint, self.name, self.prefix)
    }
}

/// For a setting: an address, or nothing.
pub(super) fn bucket_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BucketAddress>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || serde::de::Error::custom(format!("must be {ALLOWED}"));
    BucketAddress::parse(&text).map(Some).ok_or_else(wrong)
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl<'de> Deserialize<'de> for SecretKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_service_a_bucket_and_perhaps_a_prefix() {
        for (text, endpoint, name, prefix) in [
            (
                "https://s3.eu-west-1.amazonaws.com/jobs",
                "https://s3.eu-west-1.amazonaws.com/",
                "jobs",
                "",
            ),
            (
                "https://s3.example.edu:9000/jobs/",
                "https://s3.example.edu:9000/",
                "jobs",
                "",
            ),
            (
                "https://s3.example.edu/jobs/a/b.c",
                "https://s3.example.edu/",
                "jobs",
                "a/b.c/",
            ),
            (
                "http://127.0.0.1:9000/jobs",
                "http://127.0.0.1:9000/",
                "jobs",
                "",
            ),
            ("http://[::1]:9000/jobs", "http://[::1]:9000/", "jobs", ""),
            ("http://localhost/jobs", "http://localhost/", "jobs", ""),
        ] {
            let address = BucketAddress::parse(text).unwrap();
            let parts = (address.endpoint.as_str(), &*address.name, &*address.prefix);
            assert_eq!(parts, (endpoint, name, prefix), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_unsafe_or_unclear_is_refused() {
        for text in [
            "jobs",
            "s3://jobs",
            "http://s3.example.edu/jobs",
            "http://127.0.0.1.example.edu/jobs",
            "https://s3.example.edu",
            "https://s3.example.edu/",
            "https://key:secret@s3.example.edu/jobs",
            "https://key@s3.example.edu/jobs",
            "https://s3.example.edu/jobs?a=b",
            "https://s3.example.edu/jobs#a",
            "https://s3.example.edu/jobs//a",
            "https://s3.example.edu/jobs/a b",
            "https://s3.example.edu/jobs/a%2Fb",
        ] {
            assert_eq!(BucketAddress::parse(text), None, "{text}");
        }
    }
}
