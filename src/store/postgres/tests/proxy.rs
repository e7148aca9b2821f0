//! A proxy between an engine and the server, which cuts connections at planned moments.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens at the writer's next `COMMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It never arrives, and the server sees the connection end.
    Before,
    /// It never arrives, and the server does not see that the connection is lost.
    Silent,
    /// It arrives, and its answer is lost.
    After,
    /// The same, and no new connection can be made.
    AfterAndDown,
}

const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";
/// Only the writer prepares this.
const WRITER: &[u8] = b"FOR UPDATE";

pub(super) struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    server: PathBuf,
    plan: Mutex<Option<Cut>>,
    is_down: AtomicBool,
    open: Mutex<Vec<(TcpStream, UnixStream)>>,
}

impl Proxy {
    pub fn start(server: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            server: server.to_owned(),
            plan: Mutex::default(),
            is_down: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if !shared.is_down.load(Ordering::SeqCst) {
                    shared.clone().accept(client.unwrap());
                }
            }
        });
        Self { port, state }
    }

    pub fn plan(&self, cut: Cut) {
        *self.state.plan.lock().unwrap() = Some(cut);
    }

    pub fn has_cut(&self) -> bool {
        self.state.plan.lock().unwrap().is_none()
    }

    /// Cuts all connections. If down, also those that are made later.
    pub fn cut(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::SeqCst);
        for (client, server) in self.state.open.lock().unwrap().drain(..) {
            // One side may have ended already.
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    pub fn up(&self) {
        self.state.is_down.store(false, Ordering::SeqCst);
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

impl State {
    fn accept(self: Arc<Self>, client: TcpStream) {
        client.set_nodelay(true).unwrap();
        let server = UnixStream::connect(&self.server).unwrap();
        let pair = (client.try_clone().unwrap(), server.try_clone().unwrap());
        self.open.lock().unwrap().push(pair);
        let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = is_cut.clone();
        thread::spawn(move || pass_answers(from_server, to_client, &cut));
        thread::spawn(move || self.pass_requests(client, server, &is_cut));
    }

    fn pass_requests(&self, mut client: TcpStream, mut server: UnixStream, is_cut: &AtomicBool) {
        let mut buffer = vec![0; 1 << 20];
        let mut is_writer = false;
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            let bytes = &buffer[..length];
            is_writer |= find(bytes, WRITER).is_some();
            let commit = find(bytes, COMMIT).filter(|_| is_writer);
            let cut = commit.and_then(|at| Some((at, self.plan.lock().unwrap().take()?)));
            let Some((at, cut)) = cut else {
                if server.write_all(bytes).is_err() {
                    break;
                }
                continue;
            };
            if matches!(cut, Cut::Before | Cut::Silent) {
                server.write_all(&bytes[..at]).unwrap();
                client.shutdown(Shutdown::Both).unwrap();
            } else {
                is_cut.store(true, Ordering::SeqCst);
                self.is_down
                    .store(cut == Cut::AfterAndDown, Ordering::SeqCst);
                server.write_all(bytes).unwrap();
            }
            if cut == Cut::Silent {
                // Keeps the server's side open. The test process ends it.
                std::mem::forget(server);
                return;
            }
        }
        // The other side may have ended already.
        let _ = server.shutdown(Shutdown::Write);
    }
}

/// Once cut, swallows answers, and ends the client's connection when the commit is answered.
fn pass_answers(mut server: UnixStream, mut client: TcpStream, is_cut: &AtomicBool) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        let bytes = &buffer[..length];
        if is_cut.load(Ordering::SeqCst) {
            if find(bytes, COMMITTED).is_some() {
                break;
            }
        } else if client.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
