//! Pages of a list, by index key instead of offset.

use super::{Direction, Key, KeyRange, Reader, Record, StoreError, Stored};

/// Most index rows to read for one page if its filter drops most of them. The page is then shorter, and the next one
/// continues.
const MAX_LOOKED_AT: usize = 2_000;

/// A walk along an index.
pub struct Page {
    prefix: Key,
    range: KeyRange,
    direction: Direction,
    limit: usize,
    /// Most index rows to read.
    max_looked_at: usize,
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
            max_looked_at: MAX_LOOKED_AT,
        }
    }

    /// Reads up to this many index rows for one page, instead of 2,000.
    #[must_use]
    pub fn looking_at(self, max_looked_at: usize) -> Self {
        Self {
            max_looked_at,
            ..self
        }
    }

    /// The records of the rows, without those that are not wanted.
    pub async fn records<R: Record>(
        self,
        reader: &Reader,
        is_wanted: impl Fn(&Stored<R>) -> bool,
    ) -> Result<Paged<Stored<R>>, StoreError> {
        let load = async |rows: &[Key]| {
            let records = reader.get_indexed(rows).await?.into_iter();
            Ok(records.filter(&is_wanted).map(Some).collect())
        };
        self.collect(reader, load).await
    }

    /// Loads the items of the rows, many at a time. Rows without an item are left out.
    pub async fn collect<T, E: From<StoreError>>(
        self,
        reader: &Reader,
        mut load: impl AsyncFnMut(&[Key]) -> Result<Vec<Option<T>>, E>,
    ) -> Result<Paged<T>, E> {
        let Self {
            prefix,
            mut range,
            direction,
            limit,
            max_looked_at,
        } = self;
        let mut items = Vec::with_capacity(limit);
        let mut looked_at = 0;
        let mut last: Option<Key> = None;
        loop {
            let room = (limit - items.len()).min(max_looked_at - looked_at);
            // One row more than needed shows whether there is a next page.
            let mut keys = reader.scan_keys(&range, direction, room + 1).await?;
            let has_more = keys.len() > room;
            keys.truncate(room);
            looked_at += keys.len();
            items.extend(load(&keys).await?.into_iter().flatten());
            last = keys.pop().or(last);
            if !has_more {
                return Ok(Paged { items, next: None });
            }
            match &last {
                Some(last) if items.len() < limit && looked_at < max_looked_at => {
                    range = range.beyond(last.clone(), direction);
                }
                _ => {
                    let next = last.map(|key| key.place_in(&prefix));
                    return Ok(Paged { items, next });
                }
            }
        }
    }
}
