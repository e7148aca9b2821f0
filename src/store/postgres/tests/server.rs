//! A PostgreSQL server on a Unix socket in a temporary folder. It stops when its `Server` is dropped, or when this
//! process ends in any other way.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start. After a crash, it first replays its log.
const PATIENCE: Duration = Duration::from_mins(1);

/// Stops the server at the word `stop`. At the end of its input, which comes when the test process drops the other end, or
/// dies, also removes the folder; then the server need not save its files.
const WATCH: &str = r#"
exec 2>/dev/null
folder=$1; shift
"$@" >>log 2>&1 </dev/null &
server=$!
if read -r _; then
    kill -INT $server
    wait $server
else
    kill -QUIT $server
    wait $server
    rm -rf "$folder"
fi
"#;

pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    watcher: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl Server {
    /// The server of all tests in this process that do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("corkboard-").tempdir();
        let folder = folder.unwrap().keep();
        if let Some((user, group)) = other_user() {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let server = Self {
            folder,
            programs: programs(),
            watcher: Mutex::new(None),
            databases: AtomicUsize::new(0),
        };
        let made = server
            .command(&server.programs.join("initdb"))
            .args(["-D", "data", "-A", "trust", "-U", "corkboard"])
            .args(["--no-sync", "-E", "UTF8", "--locale=C"])
            .output();
        let made = made.unwrap();
        assert!(made.status.success(), "{made:?}");
        server.run();
        server
    }

    /// Starts it, also again after `kill` or `stop`.
    pub fn run(&self) {
        let mut watcher = self.command(Path::new("sh"));
        let watcher = watcher
            .args(["-c", WATCH, "sh"])
            .arg(&self.folder)
            .arg(self.programs.join("postgres"))
            .args(["-D", "data", "-c", "listen_addresses="])
            .args(["-c", "max_connections=300", "-c", "fsync=on"])
            .arg("-k")
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .spawn();
        *self.watcher.lock().unwrap() = Some(watcher.unwrap());
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "{}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        let mut ready = self.command(&self.programs.join("pg_isready"));
        ready.args(["-q", "-U", "corkboard", "-d", "postgres", "-h"]);
        let ready = ready.arg(&self.folder).status();
        ready.unwrap().success()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Kills all its processes at once, as when the power fails.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let send = |signal: &str, processes: &[String]| {
            // Some may have ended by themselves.
            let _ = Command::new("kill").arg(signal).args(processes).output();
        };
        // So that it starts no more processes.
        send("-STOP", std::slice::from_ref(&pid));
        let mut killed = vec![pid.clone()];
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let name = process.file_name().into_string().unwrap();
            if parent_and_state(&name).is_some_and(|(parent, _)| parent == pid) {
                killed.push(name);
            }
        }
        send("-KILL", &killed);
        let is_alive = |process: &String| {
            parent_and_state(process).is_some_and(|(_, state)| state != "Z" && state != "X")
        };
        while killed.iter().any(is_alive) {
            sleep(Duration::from_millis(1));
        }
        self.stop();
        fs::remove_file(self.folder.join("data/postmaster.pid")).unwrap();
    }

    /// Ends all connections and stops it, as for a restart.
    pub fn stop(&self) {
        if let Some(mut watcher) = self.watcher.lock().unwrap().take() {
            // It may have ended with the server.
            let _ = watcher.stdin.take().unwrap().write_all(b"stop\n");
            watcher.wait().unwrap();
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// A new database.
    pub fn database(&self) -> Database<'_> {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = self.command(&self.programs.join("createdb"));
        let created = create
            .arg("-h")
            .arg(&self.folder)
            .args(["-U", "corkboard", &name])
            .output();
        let created = created.unwrap();
        assert!(created.status.success(), "{created:?}");
        Database { server: self, name }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.lock().unwrap().take() {
            drop(watcher.stdin.take());
            watcher.wait().unwrap();
        }
    }
}

/// A process's parent, and whether it runs. `None`: there is no such process.
fn parent_and_state(process: &str) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut parts = stat.rsplit(')').next()?.split_whitespace();
    let state = parts.next()?.to_owned();
    Some((parts.next()?.to_owned(), state))
}

pub struct Database<'a> {
    server: &'a Server,
    pub name: String,
}

impl Database<'_> {
    pub fn url(&self) -> String {
        let folder = self.server.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://corkboard@{folder}/{}", self.name)
    }

    /// Runs SQL, and returns what it prints.
    pub fn sql(&self, sql: &str) -> String {
        let mut psql = self.server.command(&self.server.programs.join("psql"));
        let psql = psql
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h"])
            .arg(&self.server.folder)
            .args(["-U", "corkboard", "-d", &self.name, "-c", sql])
            .output();
        let psql = psql.unwrap();
        assert!(psql.status.success(), "{psql:?}");
        String::from_utf8(psql.stdout).unwrap().trim().to_owned()
    }
}

/// The folder of the newest installed version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.expect("install the package postgresql").flatten();
    let newest = versions.max_by_key(|version| {
        let name = version.file_name().into_string().unwrap_or_default();
        name.parse::<u32>().unwrap_or_default()
    });
    newest.unwrap().path().join("bin")
}

/// The user and group to run the server as, if this process is root, which PostgreSQL refuses.
fn other_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(name))?;
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    ids("postgres:").or_else(|| ids("nobody:"))
}
