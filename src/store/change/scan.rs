//! What a transaction sees of a range: the stored keys and its own writes.

use super::Transaction;
use crate::store::engine::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Write};
use crate::store::keys::Key;
use crate::store::reading::Reading;

impl Transaction {
    /// The first `limit` keys of a range (at most `MAX_SCAN_ROWS`), including this transaction's writes. Not a check.
    pub fn scan_keys<'a>(
        &'a self,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Reading<'a, Vec<Key>> {
        Reading::new(self.view.reads_at_once(), async move {
            let limit = limit.min(MAX_SCAN_ROWS);
            // `BTreeMap::range` panics on such a range.
            if range.is_empty() {
                return Ok(Vec::new());
            }
            let mut keys = self.scan_stored(range.clone(), direction, limit).await?;
            let own = (range.start.as_ref(), range.end.as_ref());
            keys.extend(
                self.writes
                    .range::<Key, _>(own)
                    .filter(|(_, write)| **write != Write::Delete)
                    .map(|(key, _)| key.clone()),
            );
            keys.sort_unstable();
            keys.dedup();
            if direction == Direction::Backward {
                keys.reverse();
            }
            keys.truncate(limit);
            Ok(keys)
        })
    }

    /// The first `limit` stored keys that this transaction does not delete. Scans on until there are that many: with
    /// fewer, a pending write after the last of them would hide the stored keys in between.
    async fn scan_stored(
        &self,
        mut range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        loop {
            let found = self.view.scan(&range, direction, limit).await?;
            let Some((end, _)) = found.last() else {
                return Ok(keys);
            };
            let exhausted = found.len() < limit;
            range = range.beyond(end.clone(), direction);
            let kept = |key: &Key| self.writes.get(key) != Some(&Write::Delete);
            keys.extend(found.into_iter().map(|(key, _)| key).filter(kept));
            if exhausted || keys.len() >= limit {
                return Ok(keys);
            }
        }
    }
}
