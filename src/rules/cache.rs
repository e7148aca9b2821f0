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
use std::ops::Range;
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

/// The code of a module's functions as it was read from its file. In one piece, since there are thousands of them.
#[derive(Debug, Default)]
pub struct Cached {
    file: Vec<u8>,
    places: HashMap<Vec<u8>, Range<usize>>,
}

impl Cached {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.file.get(self.places.get(key)?.clone())
    }
}

/// The cached code for the module that this thread compiles, the code that was not cached, and how many functions were
/// compiled in all. wasmtime compiles each module on one thread, so that several modules can compile at once.
#[derive(Debug, Default)]
struct Found {
    known: Cached,
    new: Code,
    functions: u64,
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
            found.functions += 1;
            let new = || found.new.get(key).map(Vec::as_slice);
            let code = found.known.get(key).or_else(new);
            code.map(|code| Cow::Owned(code.to_vec()))
        })
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        FOUND.with_borrow_mut(|found| found.new.insert(key.to_vec(), value));
        true
    }
}

/// The result of `compiling`.
pub struct Compiled<T> {
    pub result: T,
    /// The code that was not cached.
    pub new: Code,
    /// How many functions there are, including those that the compiler added.
    pub functions: u64,
}

/// Compiles on this thread with cached code.
pub fn compiling<T>(known: Cached, compile: impl FnOnce() -> T) -> Compiled<T> {
    FOUND.set(Found {
        known,
        ..Found::default()
    });
    let result = compile();
    let Found { new, functions, .. } = FOUND.take();
    Compiled {
        result,
        new,
        functions,
    }
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

    /// Whether there is code of a module, which may turn out to be damaged.
    pub fn has(&self, digest: Digest) -> bool {
        self.file(digest).exists()
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
pub fn load(path: &Path) -> Option<Cached> {
    if fs::metadata(path).ok()?.len() > MOST_BYTES {
        return None;
    }
    let file = fs::read(path).ok()?;
    let (seal, body) = file.strip_prefix(MAGIC)?.split_at_checked(SEAL)?;
    if Sha256::digest(body)[..] != *seal {
        tracing::warn!(file = %path.display(), "a compiled rule is damaged; compiling it again");
        return None;
    }
    let mut at = MAGIC.len() + SEAL;
    let mut places = HashMap::new();
    while at < file.len() {
        let key = part(&file, &mut at)?;
        let code = part(&file, &mut at)?;
        places.insert(file[key].to_vec(), code);
    }
    Some(Cached { file, places })
}

/// Reads the length at `at`, returns the range of that part, and moves `at` past it.
fn part(file: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let length = file.get(*at..)?.first_chunk()?;
    let start = *at + length.len();
    let part = start..start.checked_add(u32::from_le_bytes(*length) as usize)?;
    *at = part.end;
    (part.end <= file.len()).then_some(part)
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
    fn only_new_code_is_returned() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.code");
        let first = compiling(Cached::default(), || {
            assert!(Functions.get(b"a").is_none());
            Functions.insert(b"a", vec![1; 1000]);
            assert_eq!(Functions.get(b"a").as_deref(), Some([1; 1000].as_slice()));
            Functions.insert(b"b", vec![]);
        });
        assert_eq!((first.new.len(), first.functions), (2, 2));
        save(&file, &first.new).unwrap();
        let again = compiling(load(&file).unwrap(), || {
            assert_eq!(Functions.get(b"a").as_deref(), Some([1; 1000].as_slice()));
            assert_eq!(Functions.get(b"b").as_deref(), Some([].as_slice()));
            assert!(Functions.get(b"c").is_none());
            Functions.insert(b"c", vec![3]);
        });
        assert_eq!(again.new, HashMap::from([(b"c".to_vec(), vec![3])]));
        assert_eq!(again.functions, 3);
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
