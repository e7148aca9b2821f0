//! Load over keep-alive HTTP/1.1. Requests are prepared bytes, and answers are read to the end but not parsed. One
//! thread serves all connections, to leave the cores to the server, and both sides get the same.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const READ_BYTES: usize = 256 * 1024;

/// The result of a round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub per_second: f64,
    /// Of each answer, sorted.
    pub latencies: Vec<Duration>,
}

impl Round {
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// By somebody without an account.
pub fn get_as_stranger(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

pub fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Keeps `connections` requests in flight for a time, or until `request` returns no more. Each answer must have this
/// status.
pub fn run(
    address: SocketAddr,
    connections: usize,
    span: Duration,
    status: &str,
    request: impl Fn() -> Option<Vec<u8>>,
) -> Round {
    run_all(&[address], connections, span, status, request)
}

/// The same with several servers, and so many requests in flight to each.
pub fn run_all(
    addresses: &[SocketAddr],
    connections: usize,
    span: Duration,
    status: &str,
    request: impl Fn() -> Option<Vec<u8>>,
) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut streams = Vec::new();
        for address in addresses {
            for _ in 0..connections {
                let stream = TcpStream::connect(address).await.expect("it listens");
                stream.set_nodelay(true).expect("a socket");
                streams.push(stream);
            }
        }
        let latencies = Cell::new(Vec::with_capacity(1 << 16));
        let started = Instant::now();
        let (request, latencies_in) = (&request, &latencies);
        let each = streams.into_iter().map(|mut stream| async move {
            let mut buffer = vec![0; READ_BYTES];
            while started.elapsed() < span
                && let Some(bytes) = request()
            {
                let sent = Instant::now();
                stream.write_all(&bytes).await.expect("it reads");
                read_answer(&mut stream, &mut buffer, status).await;
                let mut all = latencies_in.take();
                all.push(sent.elapsed());
                latencies_in.set(all);
            }
        });
        futures_util::future::join_all(each).await;
        let seconds = started.elapsed().as_secs_f64();
        let mut latencies = latencies.take();
        latencies.sort_unstable();
        Round {
            per_second: latencies.len() as f64 / seconds,
            latencies,
        }
    })
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], status: &str) {
    let mut filled = 0;
    let (end, length) = loop {
        let read = stream
            .read(&mut buffer[filled..])
            .await
            .expect("it answers");
        assert!(read > 0, "the connection was closed");
        filled += read;
        let end = buffer[..filled]
            .windows(4)
            .position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = std::str::from_utf8(&buffer[..end]).expect("headers are text");
            assert!(
                head.get(9..12) == Some(status),
                "{}",
                String::from_utf8_lossy(&buffer[..filled])
            );
            break (end + 4, content_length(head));
        }
    };
    let mut missing = (end + length)
        .checked_sub(filled)
        .expect("one answer at a time");
    while missing > 0 {
        let most = missing.min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await.expect("it answers");
        assert!(read > 0, "the connection was closed");
        missing -= read;
    }
}

fn content_length(head: &str) -> usize {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths
        .next()
        .and_then(|(_, length)| length.trim().parse().ok())
        .expect("an answer with its length")
}
