//! Compiled code on disk: one file per module, named by the digests of the module and the engine.
//!
//! wasmtime can load a whole compiled module only through an unsafe function, since it must trust every byte. Its safe
//! alternative is a cache for the code of single functions, with a digest of the input as the key. So a start parses
//! each module again and takes its functions' code from here. A file whose own digest is wrong is ignored.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::{CacheStore, Engine};

use super::Digest;

/// The first bytes of a file, including the version of its layout.
const MAGIC: &[u8; 8] = b"cbrules1";
const SEAL: usize = 32;
/// A larger file is not one of ours.
pub const MOST_BYTES: u64 = 256 << 20;
const ENDING: &str = "code";
const UNFINISHED: &str = "part";

/// The code of single functions, by the digest of their input.
pub type Code = HashMap<Vec<u8>, Vec<u8>>;

/// The cached code for the module that this thread compiles, and which of it was used. wasmtime compiles each module on
/// one thread, so that several modules can compile at once.
#[derive(Debug, Default)]
struct Found {
    known: Code,
    used: Code,
    grown: bool,
}

thread_local! {
    static FOUND: RefCell<Found> = RefCell::default();
}

/// The cache that the engine calls.
#[derive(Debug)]
pub struct Functions;

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        FOUND.with_borrow_mut(|found| {
            if let Some((key, code)) = found.known.remove_entry(key) {
                found.used.insert(key, code);
            }
            found.used.get(key).cloned().map(Cow::Owned)
        })
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        FOUND.with_borrow_mut(|found| {
            found.used.insert(key.to_vec(), value);
            found.grown = true;
        });
        true
    }
}

/// Compiles on this thread with cached code. If any code is new, returns all code that was used. The rest is dropped:
/// some keys differ from one compilation to the next.
pub fn compiling<T>(known: Code, compile: impl FnOnce() -> T) -> (T, Option<Code>) {
    FOUND.set(Found {
        known,
        ..Found::default()
    });
    let compiled = compile();
    let found = FOUND.take();
    (compiled, found.grown.then_some(found.used))
}

pub struct Cache {
    folder: PathBuf,
    engine: String,
}

impl Cache {
    /// Creates the folder, and deletes files of other engines or of interrupted compilations.
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
        cache.clear(|file| {
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            let ours = stem.is_some_and(|stem| stem.ends_with(&cache.engine));
            ours && file.extension().is_some_and(|ending| ending == ENDING)
        })?;
        Ok(cache)
    }

    /// Deletes the files of all other modules.
    pub fn keep_only(&self, digests: &[Digest]) -> io::Result<()> {
        let kept: Vec<_> = digests.iter().map(|digest| self.file(*digest)).collect();
        self.clear(|file| kept.iter().any(|kept| kept == file))
    }

    fn clear(&self, is_kept: impl Fn(&Path) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let ours = path
                .extension()
                .is_some_and(|ending| ending == ENDING || ending == UNFINISHED);
            if ours && !is_kept(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    pub fn file(&self, digest: Digest) -> PathBuf {
        self.folder
            .join(format!("{digest}-{}.{ENDING}", self.engine))
    }

    /// The cached code of a module.
    pub fn load(&self, digest: Digest) -> Option<Code> {
        load(&self.file(digest))
    }

    pub fn forget(&self, digest: Digest) {
        discard(&self.file(digest));
    }
}

/// Deletes a file and its unfinished copy.
pub fn discard(file: &Path) {
    for path in [file, &file.with_extension(UNFINISHED)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %path.display(), %error, "could not delete a compiled rule");
            }
            _ => {}
        }
    }
}

/// `None` for a file that is missing, damaged or not ours.
fn load(file: &Path) -> Option<Code> {
    if fs::metadata(file).ok()?.len() > MOST_BYTES {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let (seal, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(SEAL)?;
    if Sha256::digest(body)[..] != *seal {
        tracing::warn!(file = %file.display(), "a compiled rule is damaged; compiling it again");
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

/// Writes the whole file or nothing.
pub fn save(file: &Path, code: &Code) -> io::Result<()> {
    let mut body = Vec::new();
    for part in code.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(part);
    }
    let unfinished = file.with_extension(UNFINISHED);
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
    fn only_used_code_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.code");
        let ((), used) = compiling(Code::new(), || {
            Functions.insert(b"a", vec![1; 1000]);
            Functions.insert(b"b", vec![2]);
        });
        save(&file, &used.unwrap()).unwrap();
        let ((), used) = compiling(load(&file).unwrap(), || {
            assert_eq!(Functions.get(b"a").as_deref(), Some([1; 1000].as_slice()));
            assert!(Functions.get(b"c").is_none());
        });
        assert!(used.is_none(), "nothing is new");
        let ((), used) = compiling(load(&file).unwrap(), || {
            Functions.get(b"a");
            Functions.insert(b"c", vec![3]);
        });
        let mut used: Vec<_> = used.unwrap().into_keys().collect();
        used.sort();
        assert_eq!(used, [b"a", b"c"]);
    }

    #[test]
    fn a_file_with_a_changed_byte_is_ignored() {
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
