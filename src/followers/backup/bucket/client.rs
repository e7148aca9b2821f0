//! Requests to a bucket: signed, sent again after what may pass, and their failures told apart. Neither a key nor a signed
//! address is ever in an error or in the log.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Take};
use std::thread;
use std::time::Duration;

use rusty_s3::{Credentials, S3Action, UrlStyle};
use ureq::http::request::Builder;
use ureq::http::{HeaderMap, Request, Response};
use ureq::{Agent, AsSendBody, Body, SendBody};

use crate::config::BucketAddress;

/// How long a signed address is valid: as long as a clock may be wrong for S3.
const VALID_FOR: Duration = Duration::from_mins(15);
/// The pauses before a request is sent again.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
];
/// How often a pause looks whether it should end.
const TICK: Duration = Duration::from_millis(100);
const CONNECT: Duration = Duration::from_secs(10);
/// Longest time in which nothing arrives on the other side.
const STALL: Duration = Duration::from_secs(20);
/// Longest wait for an answer. The service checks and stores a part in this time.
const ANSWER: Duration = Duration::from_secs(30);
/// For all of an answer. While a bucket puts parts together, it sends spaces.
const WHOLE_ANSWER: Duration = Duration::from_mins(5);
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;
const MAX_MESSAGE_CHARS: usize = 300;
/// A clock that is off by less is no reason for a refusal.
const MIN_SKEW_MINUTES: u64 = 5;

/// Why a request to the bucket failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::followers::backup) enum BucketError {
    #[error("the bucket cannot be reached: {0}")]
    Unreachable(String),
    #[error("the bucket answered {0}")]
    Refused(Refusal),
    #[error("the bucket's answer to {0} cannot be read")]
    Unclear(&'static str),
    #[error("the bucket has {} of {wanted} bytes of the backup", .found.map_or("an unknown number".to_owned(), |found| found.to_string()))]
    Incomplete { found: Option<u64>, wanted: u64 },
    #[error("it was told to stop")]
    Stopped,
    #[error("cannot read the backup in the data folder: {0}")]
    File(#[from] io::Error),
}

/// An error answer of the bucket.
#[derive(Debug)]
pub(in crate::followers::backup) struct Refusal {
    pub status: u16,
    /// The bucket's own word, such as `AccessDenied`. Empty if there is none.
    pub code: String,
    message: String,
    /// By how many minutes the clocks differ, if that may be the reason.
    skew_minutes: Option<u64>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match self.skew_minutes {
            Some(minutes) => write!(
                f,
                " (this server's clock and the bucket's differ by {minutes} minutes; correct this server's clock)"
            ),
            None => Ok(()),
        }
    }
}

impl BucketError {
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            _ => "",
        }
    }

    /// Whether the same request may succeed in a moment.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(refusal) => {
                matches!(refusal.status, 408 | 429 | 500 | 502..=504)
                    || matches!(
                        &*refusal.code,
                        "BadDigest" | "InternalError" | "RequestTimeout" | "SlowDown"
                    )
            }
            _ => false,
        }
    }
}

/// What a request sends.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Nothing,
    Text(&'a str),
    Part(&'a Part<'a>),
}

/// A part of a file.
pub(super) struct Part<'a> {
    pub file: &'a File,
    pub start: u64,
    pub bytes: u64,
    /// The `Content-MD5` that the request is signed with, so that the bucket compares what arrives.
    pub md5: &'a str,
}

impl<'a> Part<'a> {
    pub fn read(file: &'a File, start: u64, bytes: u64) -> io::Result<Take<&'a File>> {
        let mut file = file;
        file.seek(SeekFrom::Start(start))?;
        Ok(file.take(bytes))
    }
}

pub(super) struct Answer {
    pub headers: HeaderMap,
    pub text: String,
}

pub(super) struct Client {
    pub bucket: rusty_s3::Bucket,
    pub credentials: Credentials,
    agent: Agent,
}

impl Client {
    pub fn new(address: &BucketAddress, region: &str, credentials: Credentials) -> Self {
        let (endpoint, name) = (address.endpoint.clone(), address.name.clone());
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, name, region.to_owned());
        let settings = Agent::config_builder()
            .user_agent(concat!("corkboard/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // What is signed for one address is not valid at another.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_send_request(Some(STALL))
            .timeout_per_write(Some(STALL))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(ANSWER))
            .timeout_recv_body(Some(WHOLE_ANSWER));
        Self {
            bucket: bucket
                .expect("the settings take only an address with http or https and a host"),
            credentials,
            agent: settings.build().into(),
        }
    }

    /// Sends a request until it is answered, or until it is clear that it fails. `may_go_on` is asked often.
    pub fn send<'a, A: S3Action<'a>>(
        &self,
        action: &A,
        content: Content<'_>,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<Answer, BucketError> {
        let sign = || action.sign(VALID_FOR);
        let mut pauses = PAUSES.iter();
        loop {
            let method = A::METHOD.to_str();
            let failed = match self.attempt(method, &sign, content, may_go_on) {
                _ if !may_go_on() => return Err(BucketError::Stopped),
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let pause = pauses.next().filter(|_| failed.may_pass());
            let Some(pause) = pause else {
                return Err(failed);
            };
            tracing::warn!(error = %failed, "a request to the bucket for backups failed and is repeated");
            wait(*pause, may_go_on)?;
        }
    }

    fn attempt(
        &self,
        method: &str,
        sign: &dyn Fn() -> url::Url,
        content: Content<'_>,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<Answer, BucketError> {
        let address = sign();
        let mut request = Request::builder().method(method).uri(address.as_str());
        let response = match content {
            Content::Nothing => self.run(request, ()),
            Content::Text(text) => self.run(request, text),
            Content::Part(part) => {
                request = request.header("content-length", part.bytes);
                request = request.header("content-md5", part.md5);
                let file = Part::read(part.file, part.start, part.bytes)?;
                let mut reader = Interruptible { file, may_go_on };
                self.run(request, SendBody::from_reader(&mut reader))
            }
        }?;
        let (head, mut body) = response.into_parts();
        let text = body.with_config().limit(MAX_ANSWER_BYTES).lossy_utf8(true);
        let text = text.read_to_string().map_err(|error| unreachable(&error))?;
        let code = element(&text, "Code").unwrap_or_default();
        // Parts can fail to come together after the status was sent.
        let is_late_error = text.contains("<Error>");
        if head.status.is_success() && !is_late_error {
            return Ok(Answer {
                headers: head.headers,
                text,
            });
        }
        Err(BucketError::Refused(Refusal {
            status: head.status.as_u16(),
            code: shortened(code),
            message: element(&text, "Message")
                .filter(|text| !text.contains("X-Amz-"))
                .map(shortened)
                .unwrap_or_default(),
            skew_minutes: skew_minutes(&head.headers),
        }))
    }

    fn run(&self, request: Builder, body: impl AsSendBody) -> Result<Response<Body>, BucketError> {
        // The text of this error could repeat the address.
        let bad = |_| BucketError::Unreachable("bad request".into());
        let request = request.body(body).map_err(bad)?;
        self.agent.run(request).map_err(|error| unreachable(&error))
    }
}

fn unreachable(error: &ureq::Error) -> BucketError {
    BucketError::Unreachable(match error {
        // They repeat the address.
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => "bad address".into(),
        other => other.to_string(),
    })
}

fn wait(pause: Duration, may_go_on: &dyn Fn() -> bool) -> Result<(), BucketError> {
    for _ in 0..pause.as_millis() / TICK.as_millis() {
        if !may_go_on() {
            return Err(BucketError::Stopped);
        }
        thread::sleep(TICK);
    }
    Ok(())
}

/// The text of an element of an error. Services differ in the namespace of these, so that this looks for the name only.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_MESSAGE_CHARS).collect()
}

/// By how many minutes this server's clock differs from the time of an answer, if that is much.
fn skew_minutes(headers: &HeaderMap) -> Option<u64> {
    let date = headers.get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let apart = jiff::Timestamp::now().duration_since(theirs);
    let minutes = apart.as_secs().unsigned_abs() / 60;
    (minutes >= MIN_SKEW_MINUTES).then_some(minutes)
}

struct Interruptible<'a> {
    file: Take<&'a File>,
    may_go_on: &'a dyn Fn() -> bool,
}

impl Read for Interruptible<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if (self.may_go_on)() {
            self.file.read(bytes)
        } else {
            Err(io::Error::other("it was told to stop"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_bucket_says_and_whose_clock_may_be_wrong() {
        let xml =
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>";
        let said = |headers: &HeaderMap| {
            let refusal = Refusal {
                status: 403,
                code: element(xml, "Code").unwrap().into(),
                message: element(xml, "Message").unwrap().into(),
                skew_minutes: skew_minutes(headers),
            };
            BucketError::Refused(refusal).to_string()
        };
        let plain = "the bucket answered 403 AccessDenied: No.";
        let mut headers = HeaderMap::new();
        assert_eq!(said(&headers), plain);
        let now = jiff::Timestamp::now();
        for (ahead, hint) in [
            (120, ""),
            (-3_600, "differ by 60 minutes"),
            (3_630, "differ by 60 minutes"),
        ] {
            let theirs = now + jiff::SignedDuration::from_secs(ahead);
            let date = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            headers.insert("date", date.parse().unwrap());
            let said = said(&headers);
            assert!(said.starts_with(plain) && said.contains(hint), "{said}");
            assert_eq!(said == plain, hint.is_empty(), "{said}");
        }
    }

    #[test]
    fn what_may_pass_is_sent_again() {
        let refused = |status, code: &str| {
            BucketError::Refused(Refusal {
                status,
                code: code.into(),
                message: String::new(),
                skew_minutes: None,
            })
        };
        for (status, code) in [
            (500, ""),
            (503, "SlowDown"),
            (429, ""),
            (400, "BadDigest"),
            (200, "InternalError"),
        ] {
            assert!(refused(status, code).may_pass(), "{status} {code}");
        }
        for (status, code) in [
            (403, "AccessDenied"),
            (404, "NoSuchBucket"),
            (301, "PermanentRedirect"),
            (501, "NotImplemented"),
        ] {
            assert!(!refused(status, code).may_pass(), "{status} {code}");
        }
        assert!(BucketError::Unreachable(String::new()).may_pass());
        assert!(!BucketError::Stopped.may_pass());
    }
}
