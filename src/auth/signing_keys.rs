//! Where the signing keys come from: a row of the store, which all servers of a database share. Earlier versions kept them in
//! a file in the data folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::AccessKeys;
use crate::model::{SigningKey, SigningKeys, Timestamp};
use crate::store::{Origin, Store, StoreError, Transaction, keys};

const FILE_OF_EARLIER_VERSIONS: &str = "access-keys.json";

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the key file {0} is damaged: {1}; restore it, or delete it to log everyone out")]
    Damaged(PathBuf, serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessKeys {
    /// Reads the keys. If the store has none, takes over those of an earlier version in the data folder, or else makes the
    /// first one.
    pub async fn open(store: &Store, folder: &Path) -> Result<Self, KeyError> {
        let keys = match stored(store.read()?.bytes(&keys::signing_keys()).await?)? {
            Some(keys) => keys,
            None => first(store, folder).await?,
        };
        remove_file(folder)?;
        Ok(Self::of(keys))
    }

    /// Reads the keys again, and adds a new one if the newest is old. Must be called much more often than it takes until a
    /// new key signs (`model/signing_key.rs`). If it fails, the known keys stay in use.
    pub async fn renew(&self, store: &Store) -> Result<(), StoreError> {
        self.set(current(store).await?);
        Ok(())
    }
}

/// The keys in the store, with a new one if it is time for that or if somebody has deleted them.
async fn current(store: &Store) -> Result<SigningKeys, StoreError> {
    let found = stored(store.read()?.bytes(&keys::signing_keys()).await?)?;
    if let Some(keys) = found
        && !keys.are_old(store.clock().now())
    {
        return Ok(keys);
    }
    change(store, |keys, now| match keys {
        None => SigningKeys::first(generate(now)),
        Some(keys) if keys.are_old(now) => keys.with(generate(now)),
        Some(keys) => keys,
    })
    .await
}

/// The first keys of a store. Of several servers that start at once, one makes them.
async fn first(store: &Store, folder: &Path) -> Result<SigningKeys, KeyError> {
    let earlier = read_file(folder)?;
    let keys = change(store, |keys, now| {
        keys.or_else(|| earlier.clone())
            .unwrap_or_else(|| SigningKeys::first(generate(now)))
    });
    Ok(keys.await?)
}

/// Changes the row of the keys. Another server may have changed it meanwhile.
async fn change(
    store: &Store,
    next: impl Fn(Option<SigningKeys>, Timestamp) -> SigningKeys,
) -> Result<SigningKeys, StoreError> {
    store
        .run(Origin::SYSTEM, async |transaction: &mut Transaction| {
            let row = transaction.row(&keys::signing_keys()).await?;
            let before = stored(row.map(|row| row.value))?;
            let after = next(before.clone(), transaction.now());
            if before.as_ref() != Some(&after) {
                let bytes = serde_json::to_vec(&after);
                let bytes = bytes.map_err(|error| damaged(&error))?;
                transaction.put_bytes(&keys::signing_keys(), bytes).await?;
            }
            Ok(after)
        })
        .await
}

fn generate(now: Timestamp) -> SigningKey {
    SigningKey {
        kid: format!("{:016x}", rand::random::<u64>()),
        secret: rand::random(),
        made_at: now,
    }
}

fn stored(bytes: Option<Vec<u8>>) -> Result<Option<SigningKeys>, StoreError> {
    let keys = bytes.map(|bytes| serde_json::from_slice(&bytes));
    keys.transpose().map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("the keys of access tokens: {error}"))
}

fn read_file(folder: &Path) -> Result<Option<SigningKeys>, KeyError> {
    let path = folder.join(FILE_OF_EARLIER_VERSIONS);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let keys = serde_json::from_slice(&bytes);
            keys.map(Some)
                .map_err(|error| KeyError::Damaged(path, error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeyError::File(path, error)),
    }
}

/// Once the keys are in the store, nobody needs a copy.
fn remove_file(folder: &Path) -> Result<(), KeyError> {
    let path = folder.join(FILE_OF_EARLIER_VERSIONS);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(KeyError::File(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::auth::AccessToken;
    use crate::clock::Clock;
    use crate::model::{AccountId, SessionId};
    use crate::store::{MemoryEngine, Now as _};

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn token() -> AccessToken {
        AccessToken {
            sub: AccountId::generate(START),
            sid: SessionId::generate(START),
            exp: i64::MAX,
        }
    }

    fn board() -> (Store, Arc<std::sync::atomic::AtomicI64>) {
        let clock = Clock::fixed(START);
        let Clock::Fixed(time) = clock.clone() else {
            unreachable!("it was set")
        };
        (Store::new(Arc::new(MemoryEngine::default()), clock), time)
    }

    fn kids(store: &Store) -> Vec<String> {
        let reader = store.read().unwrap();
        let row = reader.bytes(&keys::signing_keys()).now().unwrap();
        let keys = stored(row).unwrap().unwrap();
        keys.all().iter().map(|key| key.kid.clone()).collect()
    }

    #[test]
    fn servers_of_one_store_share_their_keys() {
        let (store, time) = board();
        let folder = tempfile::tempdir().unwrap();
        let open = || AccessKeys::open(&store, folder.path()).now().unwrap();
        let (one, other) = (open(), open());
        let text = one.sign(&token(), START).unwrap();
        assert!(other.verify(&text, START).is_some());
        let first = kids(&store);
        assert_eq!(first.len(), 1);
        time.fetch_add(90 * 24 * 3_600_000, Ordering::AcqRel);
        for server in [&one, &other, &one] {
            server.renew(&store).now().unwrap();
        }
        let both = kids(&store);
        assert_eq!((both.len(), &both[1]), (2, &first[0]));
        assert!(other.verify(&text, START).is_some());
    }

    #[test]
    fn the_keys_of_an_earlier_version_stay_in_use() {
        let (store, _) = board();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_OF_EARLIER_VERSIONS);
        let file = serde_json::json!([{"kid": "a", "secret": vec![7; 32], "madeAt": START}]);
        std::fs::write(&path, "[]").unwrap();
        let refused = AccessKeys::open(&store, folder.path()).now().err().unwrap();
        assert!(refused.to_string().contains("damaged"), "{refused}");
        std::fs::write(&path, file.to_string()).unwrap();
        let keys = AccessKeys::open(&store, folder.path()).now().unwrap();
        assert!(!path.exists());
        assert_eq!(kids(&store), ["a"]);
        let text = keys.sign(&token(), START).unwrap();
        let again = AccessKeys::open(&store, folder.path()).now().unwrap();
        assert!(again.verify(&text, START).is_some());
    }

    #[test]
    fn deleted_keys_are_replaced_and_damaged_ones_are_not_used() {
        let (store, _) = board();
        let folder = tempfile::tempdir().unwrap();
        let keys = AccessKeys::open(&store, folder.path()).now().unwrap();
        let text = keys.sign(&token(), START).unwrap();
        let delete = |transaction: &mut Transaction| {
            transaction.delete_bytes(keys::signing_keys());
            Ok::<_, StoreError>(())
        };
        store.run_now(Origin::OPERATOR, delete).unwrap();
        keys.renew(&store).now().unwrap();
        assert!(keys.verify(&text, START).is_none());
        let damage = |transaction: &mut Transaction| {
            transaction
                .put_bytes(&keys::signing_keys(), b"x".to_vec())
                .now()
        };
        store
            .run_now::<_, StoreError>(Origin::OPERATOR, damage)
            .unwrap();
        assert!(keys.renew(&store).now().is_err());
        assert!(AccessKeys::open(&store, folder.path()).now().is_err());
    }
}
