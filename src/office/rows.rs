//! The rows of a CSV file: complete, UTF-8, and no wider than the header; or rejected with line, field and reason.

use std::cell::Cell;
use std::io::{Cursor, Read};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Rejection;
use super::dialect::{Dialect, recognize};
use super::header::{Header, column_of};
use super::sheet::{self, Style};
use super::watched::{MAX_RECORD_BYTES, Seen, Starts, TOO_LARGE, Watched};
use crate::model::{FieldFault, Invalid};

/// What all rows of a file share.
#[derive(Debug)]
struct Layout {
    /// For each cell, its column, if known.
    columns: Vec<Option<String>>,
    style: Style,
}

/// A valid row: its cells are text, one per column.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub line: u64,
    layout: Rc<Layout>,
    cells: Vec<String>,
}

/// A record from the parser.
struct Raw {
    line: u64,
    cells: ByteRecord,
    /// The cell whose quote is never closed.
    open: Option<usize>,
}

/// The whole file: the part that was read to recognize it, and the rest.
type Whole<R> = std::io::Chain<Cursor<Vec<u8>>, R>;

pub(super) struct Rows<R> {
    reader: Reader<Watched<Whole<R>>>,
    layout: Rc<Layout>,
    ignored: Vec<String>,
    seen: Rc<Cell<Seen>>,
    starts: Starts,
    /// A record read in advance, to see whether the previous one was the last.
    ahead: Option<Result<Raw, Rejection>>,
    ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header. The required columns must be there. `strict`: no unknown columns.
    pub(super) fn new(
        mut source: R,
        known: &[&str],
        required: &[&str],
        strict: bool,
    ) -> Result<Self, Invalid> {
        let (Dialect { separator, named }, head) = recognize(&mut source, known)?;
        let (watched, seen, starts) = Watched::new(Cursor::new(head).chain(source), separator);
        let reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(watched);
        let style = if separator == b';' {
            Style::DecimalComma
        } else {
            Style::American
        };
        let mut rows = Self {
            reader,
            layout: Rc::new(Layout {
                columns: Vec::new(),
                style,
            }),
            ignored: Vec::new(),
            seen,
            starts,
            ahead: None,
            ended: false,
        };
        if named {
            rows.read();
        }
        let names = match rows.read().transpose() {
            Ok(Some(Raw { open: Some(_), .. })) => {
                return Err(Invalid::one("header", FieldFault::UnclosedQuote));
            }
            Ok(header) => {
                let cells = header.map(|header| header.cells).unwrap_or_default();
                let name = |cell| String::from_utf8_lossy(cell).into_owned();
                cells.iter().map(name).collect()
            }
            Err(rejection) => return Err(Invalid::one("header", rejection.fault)),
        };
        let Header { columns, ignored } = Header::parse(names, known, required, strict)?;
        rows.layout = Rc::new(Layout { columns, style });
        rows.ignored = ignored;
        Ok(rows)
    }

    /// The names of unknown columns.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The first line of the parser's next or latest record.
    fn next_start(&self) -> u64 {
        let next = self.starts.borrow_mut().pop_front();
        next.unwrap_or_else(|| self.reader.position().line())
    }

    /// The next record that is not empty.
    fn read(&mut self) -> Option<Result<Raw, Rejection>> {
        while !self.ended {
            let mut cells = ByteRecord::new();
            match self.reader.read_byte_record(&mut cells) {
                Ok(true) => {
                    let line = self.next_start();
                    let open = self.seen.get().open_field();
                    if open.is_some() || !cells.iter().all(is_blank) {
                        return Some(Ok(Raw { line, cells, open }));
                    }
                }
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    let text = error.to_string();
                    let fault = if text.contains(TOO_LARGE) {
                        FieldFault::RowTooLarge {
                            max_mib: MAX_RECORD_BYTES / 1024 / 1024,
                        }
                    } else {
                        FieldFault::Unreadable { reason: text }
                    };
                    return Some(Err(Rejection::new(self.next_start(), None, fault)));
                }
            }
        }
        None
    }

    fn row(&mut self, record: Raw) -> Result<Row, Rejection> {
        let Raw { line, cells, open } = record;
        let layout = self.layout.clone();
        let columns = &layout.columns;
        let reject = |position: usize, fault: FieldFault| {
            let field = columns.get(position).cloned().flatten();
            Err(Rejection::new(line, field, fault))
        };
        if let Some(open) = open {
            return reject(open, FieldFault::UnclosedQuote);
        }
        if cells.iter().skip(columns.len()).any(|cell| !is_blank(cell)) {
            let (cells, columns) = (cells.len(), columns.len());
            return reject(columns, FieldFault::TooManyCells { cells, columns });
        }
        if cells.len() < columns.len() {
            self.ahead = self.read();
            // If the file was cut off, more than empty cells may be missing.
            if !matches!(self.ahead, Some(Ok(_))) {
                return reject(cells.len(), FieldFault::MissingCell);
            }
        }
        let mut invalid = Invalid::default();
        let mut texts = vec![String::new(); columns.len()];
        for ((text, cell), column) in texts.iter_mut().zip(&cells).zip(columns) {
            if let Some(column) = column
                && let Some(cell) = invalid.field(column, read_cell(cell))
            {
                cell.clone_into(text);
            }
        }
        if !invalid.0.is_empty() {
            return Err(Rejection::of_fields(line, invalid));
        }
        Ok(Row {
            line,
            layout,
            cells: texts,
        })
    }
}

fn read_cell(cell: &[u8]) -> Result<&str, FieldFault> {
    // The character with which DOS ended a text.
    let cell = cell.strip_suffix(b"\x1A").unwrap_or(cell);
    let text = std::str::from_utf8(cell).map_err(|_| FieldFault::NotUtf8)?;
    if let Some(before) = text.chars().position(|letter| letter == '\0') {
        let position = before + 1;
        return Err(FieldFault::ControlCharacter { position });
    }
    if sheet::is_fault(text.trim()) {
        let value = text.trim().to_owned();
        return Err(FieldFault::SpreadsheetError { value });
    }
    Ok(text)
}

/// Whether a cell is empty: white space, or the character with which DOS ended a text.
fn is_blank(cell: &[u8]) -> bool {
    let is_nothing =
        |letter: char| letter.is_whitespace() || matches!(letter, '\u{1a}' | '\u{feff}');
    std::str::from_utf8(cell).is_ok_and(|text| text.chars().all(is_nothing))
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Rejection>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.ahead.take().or_else(|| self.read())?;
        Some(record.and_then(|record| self.row(record)))
    }
}

impl Row {
    /// A cell's trimmed text, or `None` if it is empty or the column does not exist.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        let position = self.position(column)?;
        let text = self.cells[position].trim();
        // Keeps a spreadsheet from changing a number: ="004711".
        let kept = text
            .strip_prefix("=\"")
            .and_then(|text| text.strip_suffix('"'));
        Some(kept.unwrap_or(text)).filter(|text| !text.is_empty())
    }

    fn position(&self, column: &str) -> Option<usize> {
        let mut columns = self.layout.columns.iter();
        columns.position(|name| name.as_deref() == Some(column))
    }

    /// The size of its text.
    pub(super) fn bytes(&self) -> usize {
        self.cells.iter().map(String::len).sum()
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.position(column).is_some()
    }

    /// A cell as parsed by `read`, or a fault.
    fn read<T>(
        &self,
        column: &str,
        fault: FieldFault,
        invalid: &mut Invalid,
        read: impl Fn(&str, Style) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.text(column)?, self.layout.style).ok_or(fault);
        invalid.field(column, value)
    }

    pub(super) fn number(&self, column: &str, invalid: &mut Invalid) -> Option<f64> {
        self.read(column, FieldFault::NotANumber, invalid, sheet::number)
    }

    pub(super) fn whole_number(&self, column: &str, invalid: &mut Invalid) -> Option<i64> {
        let fault = FieldFault::NotAWholeNumber;
        self.read(column, fault, invalid, |text, style| {
            let number = sheet::number(text, style)?;
            // All numbers that a column may contain are far smaller.
            (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
        })
    }

    pub(super) fn amount(&self, column: &str, invalid: &mut Invalid) -> Option<f64> {
        self.read(column, FieldFault::NotAnAmount, invalid, sheet::amount)
    }

    pub(super) fn boolean(&self, column: &str, invalid: &mut Invalid) -> Option<bool> {
        let fault = FieldFault::NotABoolean;
        self.read(column, fault, invalid, |text, _| sheet::boolean(text))
    }

    pub(super) fn date(&self, column: &str, invalid: &mut Invalid) -> Option<Date> {
        self.read(column, FieldFault::NotADate, invalid, sheet::date)
    }

    /// A deadline in the form that a posting accepts. Text that no spreadsheet writes is passed on, and the posting
    /// checks it.
    pub(super) fn moment(&self, column: &str, zone: &TimeZone) -> Option<String> {
        let text = self.text(column)?;
        sheet::moment(text, self.layout.style, zone).or_else(|| Some(text.to_owned()))
    }

    /// One of some one-word values. Case, spaces and hyphens do not matter.
    pub(super) fn one_of<T: Copy>(
        &self,
        column: &str,
        values: &[(&str, T)],
        invalid: &mut Invalid,
    ) -> Option<T> {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        let fault = FieldFault::not_one_of(&names);
        self.read(column, fault, invalid, |text, _| {
            let name = column_of(text, &names)?;
            let value = values.iter().find(|(value, _)| *value == name);
            value.map(|(_, value)| *value)
        })
    }

    /// A number that identifies a person or a record, which a spreadsheet may have damaged.
    pub(super) fn id(&self, column: &str, invalid: &mut Invalid) -> Option<&str> {
        let text = self.text(column)?;
        if sheet::is_rounded(text) {
            invalid.add(column, FieldFault::RoundedNumber);
            return None;
        }
        Some(text)
    }

    /// The entries of a list cell.
    pub(super) fn list(&self, column: &str) -> Option<Vec<String>> {
        let entries = self.text(column)?.split(';').map(str::trim);
        Some(
            entries
                .filter(|entry| !entry.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;
