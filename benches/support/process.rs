//! Servers as processes: the binary, and the baseline (this bench started again as a bare actix server).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The released binary; `cargo bench` builds it.
pub const CORKBOARD: &str = env!("CARGO_BIN_EXE_corkboard");

const MAX_WAIT: Duration = Duration::from_mins(10);

/// A process that serves an address. Killed when dropped.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    pub started: Instant,
}

/// Resident memory in bytes: all of it, and the part that is not pages of files.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub resident: u64,
    pub anonymous: u64,
}

impl Served {
    pub fn corkboard(folder: &Path) -> Self {
        let mut command = Command::new(CORKBOARD);
        command.arg("--data-dir").arg(folder);
        Self::run(command)
    }

    /// The binary with options, and perhaps another environment.
    pub fn run(mut command: Command) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        Self::start(command)
    }

    /// The baseline server for a folder of answers; see `serve_baseline` in http.rs.
    pub fn baseline(folder: &Path) -> Self {
        let own = std::env::current_exe().expect("this bench has a file");
        let mut command = Command::new(own);
        command.arg("baseline").arg(folder);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let started = Instant::now();
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            let read = said.read_line(&mut line).expect("a line");
            assert!(read > 0, "it stopped before it listened");
            if let Some((_, address)) = line.trim().rsplit_once("listening on http://") {
                break address.parse().expect("an address");
            }
            eprint!("{line}");
        };
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                eprintln!("{line}");
            }
        });
        Self {
            child,
            address,
            started,
        }
    }

    /// One request on its own connection. Returns the status and the body.
    pub fn get(&self, path: &str, token: Option<&str>) -> (u16, Vec<u8>) {
        let authorization = token
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let end = answer
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .expect("an end of the headers");
        let status = std::str::from_utf8(&answer[9..12])
            .ok()
            .and_then(|status| status.parse().ok())
            .expect("a status");
        (status, answer.split_off(end + 4))
    }

    pub fn json(&self, path: &str, token: Option<&str>) -> serde_json::Value {
        let (status, body) = self.get(path, token);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    pub fn wait_until_indexed(&self, jobs: usize) {
        let found = |served: &Self| served.json("/api/v1/jobs?limit=1", None)["total"].as_u64();
        while found(self) != Some(jobs as u64) || self.get("/readyz", None).0 != 200 {
            assert!(self.started.elapsed() < MAX_WAIT, "the index is not built");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn memory(&self) -> Memory {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the process runs");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kib.map_or(0, |kib| kib * 1024)
        };
        Memory {
            resident: of("VmRSS:"),
            anonymous: of("RssAnon:"),
        }
    }

    /// Bytes written to disks since the start.
    pub fn written(&self) -> u64 {
        let path = format!("/proc/{}/io", self.child.id());
        let io = std::fs::read_to_string(path).expect("the process runs");
        let line = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "));
        line.and_then(|bytes| bytes.parse().ok()).expect("a number")
    }

    /// Asks it to stop, as a service manager would, and waits for it.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.is_ok_and(|status| status.success()), "it runs");
        let ended = self.child.wait().expect("it stops");
        assert!(ended.success(), "it stops well");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
