//! Pages of a list, by index key instead of offset.

use super::{Direction, Key, KeyRange, Reader, StoreError};

/// Most index rows to read for one page if its filter drops most of them. The page is then shorter, and the next one
/// continues.
const MAX_LOOKED_AT: usize = 2_000;

/// A walk along an index.
pub struct Page {
    prefix: Key,
    range: KeyRange,
    direction: Direction,
    limit: usize,
}

/// The items of a page, and the place where the next page starts (`None`: no more).
pub struct Paged<T> {
    pub items: Vec<T>,
    pub next: Option<Place>,
}

/// A place in an index: the part of the last row's key after the prefix.
pub type Place = Vec<u8>;

impl Page {
    pub fn new(prefix: Key, direction: Direction, limit: usize, after: Option<&Place>) -> Self {
        let mut range = KeyRange::prefix(&prefix);
        if let Some(place) = after {
            range = range.beyond(prefix.join(place), direction);
        }
        Self {
            prefix,
            range,
            direction,
            limit,
        }
    }

    /// Loads each row's item. Rows without an item are left out.
    pub fn collect<T, E: From<StoreError>>(
        self,
        reader: &Reader,
        mut load: impl FnMut(&Key) -> Result<Option<T>, E>,
    ) -> Result<Paged<T>, E> {
        let Self {
            prefix,
            mut range,
            direction,
            limit,
        } = self;
        let mut items = Vec::with_capacity(limit);
        let mut looked_at = 0;
        let mut last: Option<Key> = None;
        loop {
            // One row more than needed shows whether there is a next page.
            let wanted = limit - items.len() + 1;
            let keys = reader.scan_keys(&range, direction, wanted)?;
            let exhausted = keys.len() < wanted;
            for key in keys {
                if items.len() == limit || looked_at == MAX_LOOKED_AT {
                    return Ok(Paged {
                        items,
                        next: last.map(|key| key.place_in(&prefix)),
                    });
                }
                looked_at += 1;
                items.extend(load(&key)?);
                last = Some(key);
            }
            match &last {
                Some(last) if !exhausted => range = range.beyond(last.clone(), direction),
                _ => return Ok(Paged { items, next: None }),
            }
        }
    }
}
