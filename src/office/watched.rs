//! A reader that watches the CSV that passes through: the parser cannot say whether the last quote was closed, and would
//! hold a record of any size.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Largest record, in bytes. One left open by a missing quote would otherwise take the rest of the file.
pub(super) const MAX_RECORD_BYTES: u64 = 8 * 1024 * 1024;

/// Where in the grammar of RFC 4180 the last byte left us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: it closed the field, or the next one makes it a literal quote.
    QuoteInQuoted,
}

/// What was seen up to the last byte handed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    place: Place,
    /// Counted from 0, of the record that the last byte belongs to.
    field: usize,
    record_bytes: u64,
    offset: u64,
    at_end: bool,
}

impl Seen {
    /// The field whose quote was never closed. The parser reads to the end only for a record that no line break ends, so
    /// when there is one, it is of the record that the parser just gave.
    pub(super) fn open_field(self) -> Option<usize> {
        (self.at_end && self.place == Place::Quoted).then_some(self.field)
    }
}

pub(super) struct Watched<R> {
    inner: R,
    seen: Rc<Cell<Seen>>,
}

impl<R: Read> Watched<R> {
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<Seen>>) {
        let start = Seen {
            place: Place::FieldStart,
            field: 0,
            record_bytes: 0,
            offset: 0,
            at_end: false,
        };
        let seen = Rc::new(Cell::new(start));
        (
            Self {
                inner,
                seen: seen.clone(),
            },
            seen,
        )
    }
}

/// The message of the error that ends a file with an endless record.
pub(super) const TOO_LARGE: &str = "a record is larger than 8 MiB; is a quote missing?";

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut seen = self.seen.get();
        seen.at_end = count == 0 && !buffer.is_empty();
        for byte in &buffer[..count] {
            seen.step(*byte);
        }
        self.seen.set(seen);
        if seen.record_bytes > MAX_RECORD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LARGE));
        }
        Ok(count)
    }
}

impl Seen {
    fn step(&mut self, byte: u8) {
        // A byte order mark does not begin a field.
        let mark = self.offset < 3 && [0xEF, 0xBB, 0xBF][self.offset as usize] == byte;
        self.offset += 1;
        self.record_bytes += 1;
        if mark {
            return;
        }
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::QuoteInQuoted,
            (Place::FieldStart | Place::QuoteInQuoted, b'"') | (Place::Quoted, _) => Place::Quoted,
            (_, b',') => {
                self.field += 1;
                Place::FieldStart
            }
            (_, b'\n' | b'\r') => {
                self.field = 0;
                self.record_bytes = 0;
                Place::FieldStart
            }
            _ => Place::Plain,
        };
    }
}
