//! Compiled code between starts, one file a module, named by the module's digest and the engine that made it.
//!
//! wasmtime can load a whole compiled module back only through an unsafe function, since it must trust every byte. What it
//! offers safely is a store for the code of single functions, which it looks up by a digest of what it would compile. So a
//! start parses a module again and takes its functions' code from here. A file whose own digest is wrong is no cache at all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use wasmtime::{CacheStore, Engine};

use super::Digest;

/// The first bytes of a file, with the layout's version.
const MAGIC: &[u8; 8] = b"cbrules1";
const SEAL: usize = 32;
/// A file that claims to be larger is not one of ours.
const MOST_BYTES: u64 = 256 << 20;
const ENDING: &str = "code";

/// The code of the functions of the module that is being compiled; one compiles at a time.
#[derive(Debug, Default)]
pub struct Functions(Mutex<Found>);

/// Some keys differ from one compilation to the next, so only what the last one used is kept: a file never grows for good.
#[derive(Debug, Default)]
struct Found {
    kept: HashMap<Vec<u8>, Vec<u8>>,
    used: HashMap<Vec<u8>, Vec<u8>>,
    grown: bool,
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((key, code)) = found.kept.remove_entry(key) {
            found.used.insert(key, code);
        }
        found.used.get(key).cloned().map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.used.insert(key.to_vec(), value);
        found.grown = true;
        true
    }
}

impl Functions {
    fn put(&self, kept: HashMap<Vec<u8>, Vec<u8>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Found {
            kept,
            ..Found::default()
        };
    }

    fn take(&self) -> Found {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub struct Cache {
    folder: PathBuf,
    engine: String,
}

impl Cache {
    /// Makes the folder and clears out what another engine has left there.
    pub fn open(folder: &Path, engine: &Engine) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut hasher = Sha(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let hash: [u8; 32] = hasher.0.finalize().into();
        let engine = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let cache = Self {
            folder: folder.to_owned(),
            engine,
        };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let ours = path.extension().is_some_and(|ending| ending == ENDING);
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if ours && !stem.is_some_and(|stem| stem.ends_with(&cache.engine)) {
                fs::remove_file(path)?;
            }
        }
        Ok(cache)
    }

    fn file(&self, digest: Digest) -> PathBuf {
        self.folder
            .join(format!("{digest}-{}.{ENDING}", self.engine))
    }

    /// Compiles with what is known of this module, and keeps what was learnt. A cache that fails costs time alone.
    pub fn with<T>(&self, digest: Digest, functions: &Functions, compile: impl FnOnce() -> T) -> T {
        let file = self.file(digest);
        functions.put(load(&file).unwrap_or_default());
        let compiled = compile();
        let found = functions.take();
        if found.grown
            && let Err(error) = save(&file, &found.used)
        {
            tracing::warn!(file = %file.display(), %error, "compiled rules were not kept");
        }
        compiled
    }
}

/// None for a file that is not there, not ours, or damaged.
fn load(file: &Path) -> Option<HashMap<Vec<u8>, Vec<u8>>> {
    if fs::metadata(file).ok()?.len() > MOST_BYTES {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let (seal, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(SEAL)?;
    if Sha256::digest(body)[..] != *seal {
        tracing::warn!(file = %file.display(), "compiled rules are damaged and are compiled again");
        return None;
    }
    let mut rest = body;
    let mut code = HashMap::new();
    while !rest.is_empty() {
        let key = part(&mut rest)?;
        let value = part(&mut rest)?;
        code.insert(key, value);
    }
    Some(code)
}

fn part(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = after;
    Some(part.to_vec())
}

/// Whole or not at all.
fn save(file: &Path, code: &HashMap<Vec<u8>, Vec<u8>>) -> io::Result<()> {
    let mut body = Vec::new();
    for part in code.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(part);
    }
    let unfinished = file.with_extension("part");
    let mut out = fs::File::create(&unfinished)?;
    out.write_all(MAGIC)?;
    out.write_all(&Sha256::digest(&body))?;
    out.write_all(&body)?;
    out.sync_all()?;
    fs::rename(unfinished, file)
}

/// A hash that is the same in every process.
struct Sha(Sha256);

impl Hasher for Sha {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_kept_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.code");
        let functions = Functions::default();
        functions.insert(b"a", vec![1; 1000]);
        functions.insert(b"b", vec![2]);
        save(&file, &functions.take().used).unwrap();
        functions.put(load(&file).unwrap());
        assert_eq!(functions.get(b"a").as_deref(), Some([1; 1000].as_slice()));
        assert!(functions.get(b"c").is_none());
        let found = functions.take();
        assert!(!found.grown);
        assert_eq!(found.used.keys().collect::<Vec<_>>(), [b"a"]);
    }

    #[test]
    fn a_file_with_any_byte_changed_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.code");
        save(&file, &HashMap::from([(b"key".to_vec(), vec![7; 40])])).unwrap();
        let whole = fs::read(&file).unwrap();
        assert!(load(&file).is_some());
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x40;
            fs::write(&file, &damaged).unwrap();
            assert!(load(&file).is_none(), "{place}");
            fs::write(&file, &whole[..place]).unwrap();
            assert!(load(&file).is_none(), "cut at {place}");
        }
    }
}
