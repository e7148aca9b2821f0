//! Power cuts, full disks and failing disks: stops the store at every write and every sync of a workload, in either of
//! its two files, and checks that what remains is consistent. The reference engine defines what is right: the exact
//! rows after the first n changes.

mod disk;
mod power;
mod trouble;

use std::io;
use std::time::Duration;

use redb::StorageBackend;

use self::disk::{Disk, Machine, Survives};
use super::engine::Committed;
use super::redb::Media;
use super::{
    Change, Check, CommitError, Direction, Engine, Key, KeyRange, MemoryEngine, RedbEngine,
    RedbOptions, Row, StoreError, Write,
};

/// The number of changes, and how many are in flight at a time.
const CHANGES: usize = 20;
const IN_FLIGHT: usize = 6;
/// Records that the changes rewrite in rotation, each checked at its version.
const SLOTS: usize = 5;

const NEVER: Duration = Duration::from_hours(1);

/// The store's file is made durable only at the end.
const LONG_LOG: RedbOptions = RedbOptions {
    cache_bytes: 4 * 1024 * 1024,
    save_after: NEVER,
    log_bytes: 4 * 1024 * 1024,
    retry_after: NEVER,
};
/// The log starts over after every few changes.
const SHORT_LOG: RedbOptions = RedbOptions {
    log_bytes: 96 * 1024,
    ..LONG_LOG
};
/// The store's file is made durable after each group.
const NO_WAIT: RedbOptions = RedbOptions {
    save_after: Duration::ZERO,
    ..LONG_LOG
};
/// So small that pages are written before the commit.
const SMALL_CACHE: RedbOptions = RedbOptions {
    cache_bytes: 64 * 1024,
    ..SHORT_LOG
};

/// The two files of a store on one machine.
#[derive(Clone)]
struct Site {
    machine: Machine,
    store: Disk,
    log: Disk,
    /// The copies of both in an earlier format.
    copies: (Disk, Disk),
}

impl Site {
    fn new() -> Self {
        Self::on(Machine::default(), (Vec::new(), Vec::new()))
    }

    fn on(machine: Machine, files: (Vec<u8>, Vec<u8>)) -> Self {
        Self {
            store: Disk::new(files.0, &machine),
            log: Disk::new(files.1, &machine),
            copies: (
                Disk::new(Vec::new(), &machine),
                Disk::new(Vec::new(), &machine),
            ),
            machine,
        }
    }

    fn open(&self, options: RedbOptions) -> Result<RedbEngine, StoreError> {
        RedbEngine::open_media(self.clone(), options)
    }

    /// What a power cut would leave of the store and of the log now, each chosen separately.
    fn after_power_cut(&self, survives: (Survives, Survives)) -> (Vec<u8>, Vec<u8>) {
        let store = self.store.after_power_cut(survives.0);
        (store, self.log.after_power_cut(survives.1))
    }
}

impl Media for Site {
    fn store(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.store.clone()))
    }

    fn log(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.log.clone()))
    }

    fn try_room(&self, bytes: u64) -> io::Result<()> {
        self.machine.try_room(bytes)
    }

    fn for_reading(&self) -> Box<dyn Media> {
        Box::new(self.clone())
    }

    fn keep_copy(&self, _format: u16) -> io::Result<()> {
        copy(&self.log, &self.copies.1)?;
        copy(&self.store, &self.copies.0)
    }

    fn name(&self) -> String {
        "the store".into()
    }
}

fn copy(from: &Disk, to: &Disk) -> io::Result<()> {
    let mut bytes = vec![0; from.len()? as usize];
    from.read(0, &mut bytes)?;
    to.set_len(bytes.len() as u64)?;
    to.write(0, &bytes)?;
    to.sync_data()
}

fn key(text: &str) -> Key {
    Key::from_bytes(text.as_bytes())
}

/// The change with this number: a checked rewrite, two new rows, one deletion, two counters and an event or two.
fn change(number: usize) -> Change {
    let slot = key(&format!("slot{}", number % SLOTS));
    let round = (number / SLOTS) as u64;
    // Some fill one page, some several, most a part of one.
    let length = [40, 900, 70, 9_000, 300, 30_000][number % 6];
    let put = |version, length| Write::Put {
        version,
        value: vec![number as u8 + 1; length],
    };
    let mut writes = vec![
        (slot.clone(), put(round + 1, 60)),
        (key(&format!("a{number:03}")), put(1, length)),
        (key(&format!("b{number:03}")), put(1, 20)),
        (key("count"), Write::Add(1)),
        (key("sum"), Write::Add(number as i64)),
    ];
    if number >= 3 {
        writes.push((key(&format!("a{:03}", number - 3)), Write::Delete));
    }
    Change {
        checks: vec![Check {
            key: slot,
            version: (round > 0).then_some(round),
        }],
        writes,
        events: vec![vec![number as u8; 30]; 1 + number % 2],
        ..Change::default()
    }
}

type Rows = Vec<(Key, Row)>;

fn rows(engine: &dyn Engine) -> Rows {
    let snapshot = engine.snapshot().unwrap();
    let all = KeyRange::all();
    snapshot.scan(&all, Direction::Forward, 10_000).unwrap()
}

/// The rows after no change, after the first one, after two, and so on.
fn states() -> Vec<Rows> {
    let engine = MemoryEngine::default();
    let mut states = vec![rows(&engine)];
    for number in 0..=CHANGES {
        commit(&engine, number).unwrap();
        states.push(rows(&engine));
    }
    states
}

fn commit(engine: &dyn Engine, number: usize) -> Result<u64, CommitError> {
    engine.submit(change(number)).blocking_recv().unwrap()
}

/// Starts on what was left and checks it: each acknowledged change is there, and each other one is complete or absent.
fn check(
    files: (Vec<u8>, Vec<u8>),
    acknowledged: usize,
    states: &[Rows],
    options: RedbOptions,
) -> Result<(), String> {
    if power::is_unfinished(&files.0) {
        power::check_unfinished(files, acknowledged);
        return Ok(());
    }
    let engine = Site::on(Machine::default(), files)
        .open(options)
        .map_err(|error| format!("does not open: {error}"))?;
    let found = rows(&engine);
    let there = states.iter().position(|state| *state == found);
    let Some(there) = there else {
        let keys: Vec<_> = found.iter().map(|(key, row)| (key, row.version)).collect();
        return Err(format!("no state of the workload: {keys:?}"));
    };
    if there < acknowledged {
        return Err(format!("{there} of {acknowledged} acknowledged are there"));
    }
    // The store keeps working from there.
    if there <= CHANGES {
        commit(&engine, there).map_err(|error| format!("takes no change: {error:?}"))?;
        assert!(rows(&engine) == states[there + 1]);
    }
    Ok(())
}
