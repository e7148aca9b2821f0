//! A reader that watches the CSV bytes that pass through, because the parser cannot say whether the last quote was
//! closed, would hold a record of any size, and counts the second byte of a CRLF and blank lines as part of the next
//! record.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// Largest record, in bytes. Without this, a missing quote would read the rest of the file as one record.
pub(super) const MAX_RECORD_BYTES: u64 = 8 * 1024 * 1024;

/// The state in the grammar of RFC 4180 after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvState {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside quotes. It closed the field, unless the next byte is another quote.
    QuoteInQuoted,
}

/// What was seen up to the last byte passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    place: CsvState,
    /// The field of the last byte, counted from 0.
    field: usize,
    record_bytes: u64,
    offset: u64,
    /// The physical line, counted from 1.
    line: u64,
    after_return: bool,
    in_record: bool,
    at_end: bool,
}

/// The first physical lines of records that the parser has not returned yet.
pub(super) type Starts = Rc<RefCell<VecDeque<u64>>>;

impl Seen {
    /// The field whose quote was never closed. The parser reads to the end only for a record without a final line
    /// break, so the open field belongs to the record that the parser returned last.
    pub(super) fn open_field(self) -> Option<usize> {
        (self.at_end && self.place == CsvState::Quoted).then_some(self.field)
    }
}

pub(super) struct Watched<R> {
    inner: R,
    separator: u8,
    seen: Rc<Cell<Seen>>,
    starts: Starts,
}

impl<R: Read> Watched<R> {
    pub(super) fn new(inner: R, separator: u8) -> (Self, Rc<Cell<Seen>>, Starts) {
        let start = Seen {
            place: CsvState::FieldStart,
            field: 0,
            record_bytes: 0,
            offset: 0,
            line: 1,
            after_return: false,
            in_record: false,
            at_end: false,
        };
        let starts = Starts::default();
        let seen = Rc::new(Cell::new(start));
        (
            Self {
                inner,
                separator,
                seen: seen.clone(),
                starts: starts.clone(),
            },
            seen,
            starts,
        )
    }
}

/// The error message for a record without an end.
pub(super) const TOO_LARGE: &str = "a record is larger than 8 MiB; check for a missing quote";

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut seen = self.seen.get();
        seen.at_end = count == 0 && !buffer.is_empty();
        let mut starts = self.starts.borrow_mut();
        for byte in &buffer[..count] {
            let was_inside = seen.in_record;
            seen.step(*byte, self.separator);
            if seen.in_record && !was_inside {
                starts.push_back(seen.line);
            }
        }
        self.seen.set(seen);
        if seen.record_bytes > MAX_RECORD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LARGE));
        }
        Ok(count)
    }
}

impl Seen {
    fn step(&mut self, byte: u8, separator: u8) {
        // A byte order mark does not start a field.
        let mark = self.offset < 3 && [0xEF, 0xBB, 0xBF][self.offset as usize] == byte;
        self.offset += 1;
        self.record_bytes += 1;
        if mark {
            return;
        }
        let is_break = matches!(byte, b'\n' | b'\r') && self.place != CsvState::Quoted;
        // A two-byte line break counts once.
        if self.after_return && byte != b'\n' {
            self.line += 1;
        }
        self.in_record = !is_break;
        self.place = match (self.place, byte) {
            (CsvState::Quoted, b'"') => CsvState::QuoteInQuoted,
            (CsvState::FieldStart | CsvState::QuoteInQuoted, b'"') | (CsvState::Quoted, _) => {
                CsvState::Quoted
            }
            (_, byte) if byte == separator => {
                self.field += 1;
                CsvState::FieldStart
            }
            (_, b'\n' | b'\r') => {
                self.field = 0;
                self.record_bytes = 0;
                CsvState::FieldStart
            }
            _ => CsvState::Plain,
        };
        self.after_return = byte == b'\r';
        if byte == b'\n' {
            self.line += 1;
        }
    }
}
