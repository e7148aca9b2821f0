//! A bucket that checks what S3 checks: the signature of each request, the digest of each part, and the parts of an upload.
//! It can be told to fail.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use corkboard::config::Config;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

pub const ACCESS_KEY: &str = "corkboard-test";
pub const SECRET_KEY: &str = "a/secret+that=nobody&may?see";
const REGION: &str = "eu-test-1";
/// What the bucket has besides the board's prefix.
pub const PREFIX: &str = "boards/library/";
/// Names on one page of a list.
const PAGE: usize = 2;

/// What goes wrong once, and at which request.
#[derive(Clone, Debug)]
pub enum Fault {
    Status(&'static str, u16, &'static str),
    /// A success that turns out to be none after its status was sent.
    Late(&'static str, &'static str),
    /// The connection ends before the request was read.
    Cut(&'static str),
    /// The request is carried out, and the connection ends.
    Unanswered(&'static str),
    /// A byte of a part changes on its way.
    Altered,
    /// The request is read slowly.
    Slow,
}

#[derive(Default)]
pub struct State {
    pub objects: BTreeMap<String, Vec<u8>>,
    /// The parts of each unfinished upload.
    pub uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    pub faults: Vec<Fault>,
    /// The kinds of all requests.
    pub requests: Vec<&'static str>,
    /// What was wrong with requests that a correct client never sends.
    pub complaints: Vec<String>,
    started: usize,
}

pub struct Bucket {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Bucket {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                std::thread::spawn(move || serve(connection, &shared));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/backups/{PREFIX}", self.address)
    }

    pub fn settings(&self) -> impl FnOnce(&mut Config) + use<> {
        let url = toml::Value::String(self.url());
        move |config| {
            let text = format!("[backup]\nbucket = {url}\nregion = {REGION:?}\n");
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("config.toml");
            std::fs::write(&file, text).unwrap();
            let read = Config::load(Some(&file), std::iter::empty()).unwrap();
            config.backup = read.backup;
            config.backup.access_key = ACCESS_KEY.into();
            config.backup.secret_key = SECRET_KEY.into();
            config.backup.keep = 2.try_into().unwrap();
        }
    }

    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("CORKBOARD__BACKUP__BUCKET", self.url()),
            ("CORKBOARD__BACKUP__REGION", REGION.into()),
            ("CORKBOARD__BACKUP__ACCESS_KEY", ACCESS_KEY.into()),
            ("CORKBOARD__BACKUP__SECRET_KEY", SECRET_KEY.into()),
        ]
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }
}

struct Request {
    method: String,
    path: String,
    /// As sent.
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
}

impl Request {
    fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.query.iter().find(|(own, _)| own == name)?;
        let pair = format!("a={}", value.replace('+', "%2B"));
        let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(value.into_owned())
    }

    fn kind(&self) -> &'static str {
        match (&*self.method, self.get("uploadId").is_some()) {
            ("GET", _) => "list",
            ("POST", false) => "create",
            ("PUT", true) => "part",
            ("POST", true) => "complete",
            ("DELETE", true) => "abort",
            ("HEAD", _) => "head",
            ("DELETE", false) => "delete",
            _ => "unknown",
        }
    }

    /// Signature version 4 in the query, by AWS's description.
    fn signature(&self, secret: &str) -> String {
        let mut query = self.query.clone();
        query.retain(|(name, _)| name != "X-Amz-Signature");
        query.sort();
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signed = self.get("X-Amz-SignedHeaders").unwrap_or_default();
        let headers = signed.split(';').map(|name| {
            let value = self.headers.get(name).map_or("", |value| value.trim());
            format!("{name}:{value}\n")
        });
        let canonical = format!(
            "{}\n{}\n{}\n{}\n{signed}\nUNSIGNED-PAYLOAD",
            self.method,
            self.path,
            query.join("&"),
            headers.collect::<String>(),
        );
        let credential = self.get("X-Amz-Credential").unwrap_or_default();
        let (_, scope) = credential.split_once('/').unwrap_or_default();
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            self.get("X-Amz-Date").unwrap_or_default(),
            hex(&Sha256::digest(canonical)),
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in scope.split('/') {
            key = mac(&key, part);
        }
        hex(&mac(&key, &text))
    }

    /// What S3 would refuse, in its words.
    fn fault(&self) -> Option<&'static str> {
        let scope = format!("/{REGION}/s3/aws4_request");
        let credential = self.get("X-Amz-Credential").unwrap_or_default();
        let date = self.get("X-Amz-Date").unwrap_or_default();
        let now = jiff::Timestamp::now();
        let today = now.strftime("%Y%m%dT%H").to_string();
        let lately = (now - jiff::SignedDuration::from_mins(1))
            .strftime("%Y%m%dT%H")
            .to_string();
        if !credential.starts_with(&format!("{ACCESS_KEY}/")) {
            Some("InvalidAccessKeyId")
        } else if !credential.ends_with(&scope) {
            Some("AuthorizationQueryParametersError")
        } else if !date.starts_with(&today) && !date.starts_with(&lately) {
            Some("RequestTimeTooSkewed")
        } else if self.get("X-Amz-Signature") != Some(self.signature(SECRET_KEY)) {
            Some("SignatureDoesNotMatch")
        } else {
            None
        }
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The request up to its body, and the bytes of the body that came with it.
fn read_head(connection: &mut TcpStream) -> Option<(Request, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        let mut some = [0; 4096];
        let count = connection.read(&mut some).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&some[..count]);
    };
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    let headers = lines.filter_map(|line| line.split_once(": "));
    let request = Request {
        method,
        path: path.to_owned(),
        query: query.split('&').map(pair).collect(),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
    };
    Some((request, body))
}

fn serve(mut connection: TcpStream, state: &Mutex<State>) {
    let Some((request, mut body)) = read_head(&mut connection) else {
        return;
    };
    let kind = request.kind();
    let fault = {
        let mut state = state.lock().unwrap();
        state.requests.push(kind);
        let is_meant = |fault: &Fault| match fault {
            Fault::Status(on, ..) | Fault::Late(on, _) | Fault::Cut(on) | Fault::Unanswered(on) => {
                *on == kind
            }
            Fault::Altered | Fault::Slow => kind == "part",
        };
        let at = state.faults.iter().position(is_meant);
        at.map(|at| state.faults.remove(at))
    };
    if let Some(Fault::Cut(_)) = fault {
        return;
    }
    let length = request
        .headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut some = vec![0; 65_536];
    while body.len() < length {
        match connection.read(&mut some) {
            Ok(count) if count > 0 => body.extend_from_slice(&some[..count]),
            _ => return,
        }
        if let Some(Fault::Slow) = fault {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    if let (Some(Fault::Altered), Some(byte)) = (&fault, body.last_mut()) {
        *byte ^= 1;
    }
    let (status, headers, text) = match fault {
        Some(Fault::Status(_, status, code)) => refusal(status, code),
        Some(Fault::Late(_, code)) => (200, String::new(), refusal(200, code).2),
        Some(Fault::Unanswered(_)) => {
            answer(&request, &body, state);
            return;
        }
        _ => answer(&request, &body, state),
    };
    let length = if kind == "head" {
        String::new()
    } else {
        format!("content-length: {}\r\n", text.len())
    };
    let text = if kind == "head" { String::new() } else { text };
    let answer =
        format!("HTTP/1.1 {status} Answer\r\n{headers}{length}connection: close\r\n\r\n{text}");
    let _ = connection.write_all(answer.as_bytes());
}

type Answer = (u16, String, String);

fn refusal(status: u16, code: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Because.</Message></Error>"
    );
    (status, String::new(), text)
}

fn xml(name: &str, inside: &str) -> Answer {
    let text =
        format!("<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</{name}>");
    (200, String::new(), text)
}

fn answer(request: &Request, body: &[u8], state: &Mutex<State>) -> Answer {
    let mut state = state.lock().unwrap();
    if let Some(code) = request.fault() {
        state.complaints.push(format!("{} {code}", request.kind()));
        return refusal(403, code);
    }
    let Some(object) = request.path.strip_prefix("/backups/") else {
        return refusal(404, "NoSuchBucket");
    };
    let object = object.to_owned();
    let id = request.get("uploadId").unwrap_or_default();
    if matches!(request.kind(), "part" | "complete" | "abort") && !state.uploads.contains_key(&id) {
        return refusal(404, "NoSuchUpload");
    }
    match request.kind() {
        "list" => list(request, &state),
        "create" => {
            state.started += 1;
            let id = format!("upload {}", state.started);
            state.uploads.insert(id.clone(), BTreeMap::new());
            xml(
                "InitiateMultipartUploadResult",
                &format!("<UploadId>{id}</UploadId>"),
            )
        }
        "part" => {
            let md5 = STANDARD.encode(Md5::digest(body));
            if request.headers.get("content-md5") != Some(&md5) {
                return refusal(400, "BadDigest");
            }
            let number = request.get("partNumber").unwrap().parse().unwrap();
            let parts = state.uploads.get_mut(&id).unwrap();
            parts.insert(number, body.to_vec());
            (
                200,
                format!("etag: \"{}\"\r\n", hex(&Md5::digest(body))),
                String::new(),
            )
        }
        "complete" => {
            let parts = state.uploads.remove(&id).unwrap();
            let sent = String::from_utf8_lossy(body).into_owned();
            for (number, part) in &parts {
                let tag = hex(&Md5::digest(part));
                let is_named = sent.contains(&tag)
                    && sent.contains(&format!("<PartNumber>{number}</PartNumber>"));
                let is_large = part.len() >= 5 * 1024 * 1024 || *number == parts.len();
                if !is_named || !is_large {
                    state.complaints.push(format!("part {number}: {sent}"));
                }
            }
            state
                .objects
                .insert(object, parts.into_values().flatten().collect());
            xml("CompleteMultipartUploadResult", "<ETag>\"tag\"</ETag>")
        }
        "abort" => {
            state.uploads.remove(&id);
            (204, String::new(), String::new())
        }
        "head" => match state.objects.get(&object) {
            Some(bytes) => (
                200,
                format!("content-length: {}\r\n", bytes.len()),
                String::new(),
            ),
            None => (404, "content-length: 0\r\n".into(), String::new()),
        },
        "delete" => {
            state.objects.remove(&object);
            (204, String::new(), String::new())
        }
        other => panic!("{other}: {} {}", request.method, request.path),
    }
}

fn list(request: &Request, state: &State) -> Answer {
    let prefix = request.get("prefix").unwrap_or_default();
    let after = request.get("continuation-token").unwrap_or_default();
    let mut names = state
        .objects
        .keys()
        .filter(|name| name.starts_with(&prefix) && **name > after);
    let page: Vec<&String> = names.by_ref().take(PAGE).collect();
    let mut inside: String = page
        .iter()
        .map(|name| format!("<Contents><Key>{name}</Key></Contents>"))
        .collect();
    if let (Some(_), Some(last)) = (names.next(), page.last()) {
        let more = "<IsTruncated>true</IsTruncated>";
        inside.extend([
            more,
            "<NextContinuationToken>",
            last,
            "</NextContinuationToken>",
        ]);
    }
    xml("ListBucketResult", &inside)
}

/// The example of AWS, under "Authenticating Requests: Using Query Parameters".
#[test]
fn the_bucket_computes_signatures_as_aws_does() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
                 X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host";
    let pair = |pair: &str| {
        pair.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let request = Request {
        method: "GET".into(),
        path: "/test.txt".into(),
        query: query.split('&').filter_map(pair).collect(),
        headers: BTreeMap::from([("host".into(), "examplebucket.s3.amazonaws.com".into())]),
    };
    assert_eq!(
        request.signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}
