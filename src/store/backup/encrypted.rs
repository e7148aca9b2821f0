//! Encrypted backups. They have the format of `age` (<https://age-encryption.org/v1>), so that its program can open them too. Whoever
//! writes one needs only the public key, and cannot read it back.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::Path;

use age::stream::StreamReader;
use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};

use super::{About, BackupError, Contents, MAGIC, write_backup};
use crate::store::Reader;

/// What follows the usual name of a backup if it is encrypted.
pub const ENCRYPTED_SUFFIX: &str = ".age";
/// How a file of `age` starts.
const START: &[u8; 22] = b"age-encryption.org/v1\n";
const BROKEN: &str = "this encrypted backup is incomplete or damaged";

/// Writes a backup that only the owner of the public key can read, if there is one. See `write_backup`.
pub async fn write_backup_for(
    recipient: Option<&Recipient>,
    reader: &Reader,
    about: About,
    to: &mut dyn Write,
) -> Result<Contents, BackupError> {
    let Some(recipient) = recipient else {
        return write_backup(reader, about, to).await;
    };
    let recipients = std::iter::once(recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).expect("one key always fits itself");
    let mut encrypted = encryptor.wrap_output(to)?;
    let contents = write_backup(reader, about, &mut encrypted).await?;
    encrypted.finish()?.flush()?;
    Ok(contents)
}

/// Private keys, for backups that are encrypted.
pub struct Identities(Vec<Identity>);

impl Identities {
    /// Reads an identity file of `age`: a private key on each line, blank lines and comments. Fails with the number of the
    /// first other line, or with 0 if there is no key.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut identities = Vec::new();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                identities.push(line.parse().map_err(|_| number)?);
            }
        }
        if identities.is_empty() {
            return Err(0);
        }
        Ok(Self(identities))
    }
}

/// Opens a backup for reading, and decrypts it if it is encrypted.
pub fn open_backup(
    path: &Path,
    identities: Option<&Identities>,
) -> Result<Box<dyn Read>, BackupError> {
    if start_of(path)? != START {
        return Ok(Box::new(BufReader::new(File::open(path)?)));
    }
    let identities = identities.ok_or(BackupError::Encrypted)?;
    let keys = identities.0.iter().map(|key| key as &dyn age::Identity);
    let file = BufReader::new(File::open(path)?);
    match Decryptor::new_buffered(file).and_then(|decryptor| decryptor.decrypt(keys)) {
        Ok(reader) => Ok(Box::new(Decrypted(reader))),
        Err(DecryptError::NoMatchingKeys) => Err(BackupError::WrongKey),
        Err(DecryptError::Io(error)) => Err(in_words(error).into()),
        Err(_) => Err(broken().into()),
    }
}

/// Whether a file starts as a backup does. What is in an encrypted file cannot be seen, so its name must say it.
pub fn is_backup(path: &Path) -> io::Result<bool> {
    let start = start_of(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_named = name
        .strip_suffix(ENCRYPTED_SUFFIX)
        .is_some_and(|name| name.ends_with(".backup"));
    Ok(start.starts_with(MAGIC) || is_named && start == START)
}

fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let file = File::open(path)?;
    file.take(START.len() as u64).read_to_end(&mut start)?;
    Ok(start)
}

struct Decrypted<R>(StreamReader<R>);

impl<R: Read> Read for Decrypted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(in_words)
    }
}

/// An error of `age` in our words. Errors of the disk stay as they are.
fn in_words(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => broken(),
        _ => error,
    }
}

fn broken() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, BROKEN)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::super::read_backup;
    use super::*;
    use crate::clock::Clock;
    use crate::model::{FileId, Timestamp};
    use crate::store::{MemoryEngine, Now as _, Origin, Store, StoreError, Transaction, keys};

    /// A backup of a few hundred kilobytes, so that it has several chunks of `age`.
    fn backup(recipient: Option<&Recipient>) -> Vec<u8> {
        let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
        let put = |transaction: &mut Transaction| {
            let key = keys::file_chunk(FileId::from_bytes([7; 16]), 0);
            transaction.put_bytes(&key, vec![7; 300_000]).now()
        };
        store
            .run_now::<(), StoreError>(Origin::SYSTEM, put)
            .unwrap();
        let about = About::new("Example College", Timestamp::from_millis(0));
        let mut bytes = Vec::new();
        let reader = store.read().unwrap();
        let contents = write_backup_for(recipient, &reader, about, &mut bytes)
            .now()
            .unwrap();
        assert_eq!(contents.rows, 1);
        bytes
    }

    /// What a restore finds in a file with these bytes.
    fn read(bytes: &[u8], identities: Option<&Identities>) -> Result<Contents, BackupError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.backup.age");
        fs::write(&path, bytes).unwrap();
        read_backup(&mut *open_backup(&path, identities)?, &mut |_| Ok(()))
    }

    fn only(key: &Identity) -> Identities {
        Identities(vec![key.clone()])
    }

    #[test]
    fn only_the_owner_of_the_key_can_read_it() {
        let (own, other) = (Identity::generate(), Identity::generate());
        let bytes = backup(Some(&own.to_public()));
        let is_plain = |part: &[u8]| part == MAGIC || part.iter().all(|byte| *byte == 7);
        assert!(!bytes.windows(MAGIC.len()).any(is_plain));
        let both = Identities(vec![other.clone(), own.clone()]);
        for identities in [&only(&own), &both] {
            assert_eq!(read(&bytes, Some(identities)).unwrap().rows, 1);
        }
        let missing = read(&bytes, None).unwrap_err();
        assert!(matches!(missing, BackupError::Encrypted), "{missing}");
        let wrong = read(&bytes, Some(&only(&other))).unwrap_err();
        assert!(matches!(wrong, BackupError::WrongKey), "{wrong}");
        // A key does no harm where none is needed.
        assert_eq!(read(&backup(None), Some(&only(&own))).unwrap().rows, 1);
    }

    #[test]
    fn one_that_is_cut_or_changed_is_refused() {
        let own = Identity::generate();
        let good = backup(Some(&own.to_public()));
        let said = |bytes: &[u8]| read(bytes, Some(&only(&own))).unwrap_err().to_string();
        let (start, chunk) = (payload(&good), 64 * 1024 + 16);
        let second = start + chunk;
        // In the header, within a chunk, and where a chunk ends.
        for end in [
            START.len(),
            60,
            start - 1,
            start,
            start + 100,
            second,
            good.len() - 1,
        ] {
            assert_eq!(said(&good[..end]), BROKEN, "{end}");
        }
        for place in [
            START.len() + 4,
            60,
            start - 1,
            start,
            second,
            good.len() - 1,
        ] {
            let mut changed = good.clone();
            changed[place] ^= 1;
            let said = said(&changed);
            let wrong_key = BackupError::WrongKey.to_string();
            assert!(
                said == BROKEN || place < start && said == wrong_key,
                "{place}: {said}"
            );
        }
        assert_eq!(said(&[&good[..], b"more"].concat()), BROKEN);
        let third = second + chunk;
        let swapped = [
            &good[..start],
            &good[second..third],
            &good[start..second],
            &good[third..],
        ];
        assert_eq!(said(&swapped.concat()), BROKEN);
    }

    /// Where the chunks start: behind the line of the header's MAC, and the nonce.
    fn payload(bytes: &[u8]) -> usize {
        let mac = bytes.windows(5).position(|part| part == b"\n--- ").unwrap() + 1;
        let line = bytes[mac..].iter().position(|byte| *byte == b'\n').unwrap();
        mac + line + 1 + 16
    }

    #[test]
    fn an_identity_file_has_keys_and_comments() {
        let key = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
        let keys = |text: &str| Identities::parse(text).map(|found| found.0.len());
        assert_eq!(keys(&format!("# created: 2026\n\n{key}\n")), Ok(1));
        assert_eq!(keys(&format!("{key}\r\n  {key}")), Ok(2));
        assert_eq!(keys(""), Err(0));
        assert_eq!(keys("# nothing\n"), Err(0));
        let public = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
        assert_eq!(keys(&format!("# a\n{public}")), Err(2));
        assert_eq!(keys(&format!("{key}\n{}", &key[..70])), Err(2));
    }

    #[test]
    fn an_encrypted_backup_is_known_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let encrypted = backup(Some(&Identity::generate().to_public()));
        for (name, bytes, wanted) in [
            ("a.backup.age", &encrypted[..], true),
            ("a.backup", &encrypted, false),
            ("a.age", &encrypted, false),
            ("a.backup.age", b"other", false),
            ("a.backup.age", &MAGIC[..], true),
            ("notes", &MAGIC[..], true),
            ("notes", &MAGIC[..5], false),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            assert_eq!(is_backup(&path).unwrap(), wanted, "{name}");
        }
    }
}
