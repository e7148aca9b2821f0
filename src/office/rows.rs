//! The rows of a CSV file: each whole, as wide as the header, and UTF-8; or rejected with line, field and reason.

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;
use std::str::FromStr;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::Rejection;
use super::watched::{MAX_RECORD_BYTES, Seen, Starts, TOO_LARGE, Watched};
use crate::model::{FieldFault, Invalid};

/// A good row: its cells are text, one for each column.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub line: u64,
    columns: Rc<Vec<String>>,
    cells: Vec<String>,
}

pub(super) struct Rows<R> {
    reader: Reader<Watched<R>>,
    columns: Rc<Vec<String>>,
    seen: Rc<Cell<Seen>>,
    starts: Starts,
    ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header. All its columns must be known, and the required ones there.
    pub(super) fn new(source: R, known: &[&str], required: &[&str]) -> Result<Self, Invalid> {
        let (watched, seen, starts) = Watched::new(source);
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(true)
            .from_reader(watched);
        let header = reader.byte_headers().map_err(|error| {
            let reason = error.to_string();
            Invalid::one("header", FieldFault::Unreadable { reason })
        })?;
        let columns = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned());
        let columns: Vec<String> = columns.collect();
        let mut invalid = Invalid::default();
        for (position, name) in columns.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let name = if name.is_empty() { "header" } else { name };
                let allowed = known.iter().map(|&name| name.to_owned()).collect();
                invalid.add(name, FieldFault::UnknownColumn { allowed });
            } else if columns[..position].contains(name) {
                invalid.add(name, FieldFault::Repeated);
            }
        }
        for name in required {
            if !columns.iter().any(|column| column == name) {
                invalid.add(*name, FieldFault::MissingColumn);
            }
        }
        invalid.into_result()?;
        // The header's own.
        starts.borrow_mut().pop_front();
        Ok(Self {
            reader,
            columns: Rc::new(columns),
            seen,
            starts,
            ended: false,
        })
    }

    /// The first line of the record that the parser gives next, or just gave.
    fn next_start(&self) -> u64 {
        let next = self.starts.borrow_mut().pop_front();
        next.unwrap_or_else(|| self.reader.position().line())
    }

    fn row(&self, record: &ByteRecord, line: u64) -> Result<Row, Rejection> {
        let reject = |field: Option<&String>, fault| Rejection {
            line,
            field: field.cloned(),
            fault,
        };
        if let Some(open) = self.seen.get().open_field() {
            return Err(reject(self.columns.get(open), FieldFault::UnclosedQuote));
        }
        if record.len() > self.columns.len() {
            let (cells, columns) = (record.len(), self.columns.len());
            return Err(reject(None, FieldFault::TooManyCells { cells, columns }));
        }
        if let Some(missing) = self.columns.get(record.len()) {
            return Err(reject(Some(missing), FieldFault::MissingCell));
        }
        let mut cells = Vec::with_capacity(record.len());
        for (cell, column) in record.iter().zip(self.columns.iter()) {
            let text =
                std::str::from_utf8(cell).map_err(|_| reject(Some(column), FieldFault::NotUtf8))?;
            if let Some(before) = text.chars().position(|c| c == '\0') {
                let position = before + 1;
                return Err(reject(
                    Some(column),
                    FieldFault::ControlCharacter { position },
                ));
            }
            cells.push(text.to_owned());
        }
        Ok(Row {
            line,
            columns: self.columns.clone(),
            cells,
        })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Rejection>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut record = ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            Ok(true) => {
                let line = self.next_start();
                Some(self.row(&record, line))
            }
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                let line = self.next_start();
                let text = error.to_string();
                let fault = if text.contains(TOO_LARGE) {
                    FieldFault::RowTooLarge {
                        max_mib: MAX_RECORD_BYTES / 1024 / 1024,
                    }
                } else {
                    FieldFault::Unreadable { reason: text }
                };
                Some(Err(Rejection {
                    line,
                    field: None,
                    fault,
                }))
            }
        }
    }
}

impl Row {
    /// A cell's trimmed text; none if it is empty or there is no such column.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        let position = self.columns.iter().position(|name| name == column)?;
        Some(self.cells[position].trim()).filter(|text| !text.is_empty())
    }

    /// The size of its text.
    pub(super) fn bytes(&self) -> usize {
        self.cells.iter().map(String::len).sum()
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// A cell of a type, or the fault of one that is not.
    pub(super) fn parse<T: FromStr>(
        &self,
        column: &str,
        fault: FieldFault,
        invalid: &mut Invalid,
    ) -> Option<T> {
        let parsed = self.text(column)?.parse().map_err(|_| fault);
        invalid.field(column, parsed)
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
mod tests {
    use super::*;

    type Seen = (Vec<Vec<String>>, Vec<(u64, Option<String>)>);

    fn read(file: &[u8]) -> Seen {
        let (mut rows, mut rejected) = (Vec::new(), Vec::new());
        for row in Rows::new(file, &["a", "b", "c"], &["a"]).unwrap() {
            match row {
                Ok(row) => rows.push(row.cells),
                Err(rejection) => rejected.push((rejection.line, rejection.field)),
            }
        }
        (rows, rejected)
    }

    fn row(cells: [&str; 3]) -> Vec<String> {
        cells.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_mark_and_line_breaks_in_quotes_are_data_of_nobody_and_of_the_cell() {
        let file = b"\xEF\xBB\xBFa,b,c\r\n1,\"two\r\nlines\",3\r\n4,\"say \"\"hi\"\"\",\"\"\r\n";
        let wanted = vec![
            row(["1", "two\r\nlines", "3"]),
            row(["4", "say \"hi\"", ""]),
        ];
        assert_eq!(read(file), (wanted, vec![]));
        assert_eq!(read(b"a,b,c\n"), (vec![], vec![]));
        assert_eq!(
            read(b"a,b,c\n1,2,\"3\""),
            (vec![row(["1", "2", "3"])], vec![])
        );
    }

    #[test]
    fn a_bad_row_is_named_and_its_neighbours_land() {
        let field = |name: &str| Some(name.to_owned());
        let invalid = b"a,b,c\n1,good,3\n2,caf\xE9 \xFF,3\n4,also,6\n";
        assert_eq!(
            read(invalid),
            (
                vec![row(["1", "good", "3"]), row(["4", "also", "6"])],
                vec![(3, field("b"))]
            )
        );
        assert_eq!(
            read(b"a,b,c\n1,n\0l,3\n4,5,6\n"),
            (vec![row(["4", "5", "6"])], vec![(2, field("b"))])
        );
        let ragged = b"a,b,c\n1,2\n1,2,3,4\n5,6,7\n";
        assert_eq!(
            read(ragged),
            (vec![row(["5", "6", "7"])], vec![(2, field("c")), (3, None)])
        );
        let open = b"a,b,c\n1,2,3\n4,\"never closed,6\n7,8,9\n";
        assert_eq!(
            read(open),
            (vec![row(["1", "2", "3"])], vec![(3, field("b"))])
        );
        for (lines, wrong) in [
            ("a,b,c\n1,\"x\ny\",3\n4,5\n", vec![4]),
            ("a,b,c\r\n1,\"x\r\ny\",3\r\n4,5\r\n", vec![4]),
            ("\u{feff}a,b,c\r\n\r\n\r\n4,5\r\n\r\n6,7", vec![4, 6]),
            ("\na,b,c\r4,5\r\r6,7\n", vec![3, 5]),
        ] {
            let wrong: Vec<_> = wrong.into_iter().map(|line| (line, field("c"))).collect();
            assert_eq!(read(lines.as_bytes()).1, wrong, "{lines:?}");
        }
    }

    #[test]
    fn a_quote_left_open_does_not_swallow_the_memory() {
        let endless = b"a,b,c\n1,2,3\n4,\"".chain(std::io::repeat(b'x'));
        let mut rows = Rows::new(endless, &["a", "b", "c"], &[]).unwrap();
        assert!(rows.next().unwrap().is_ok());
        assert_eq!(
            rows.next().unwrap().unwrap_err().fault,
            FieldFault::RowTooLarge { max_mib: 8 }
        );
        assert!(rows.next().is_none());
    }

    /// The names of a folder's cases, each with its file and what is expected of it.
    fn cases(folder: &str) -> Vec<(String, Vec<u8>, serde_json::Value)> {
        let folder = format!("{}/tests/data/csv/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut cases = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "csv") {
                let expected = std::fs::read(path.with_extension("json")).unwrap();
                cases.push((
                    path.display().to_string(),
                    std::fs::read(&path).unwrap(),
                    serde_json::from_slice(&expected).unwrap(),
                ));
            }
        }
        cases
    }

    /// What is read of a file, in the form of its expectation.
    fn read_named(file: &[u8]) -> (serde_json::Value, serde_json::Value) {
        let mut text = String::from_utf8_lossy(file).into_owned();
        text.truncate(text.find(['\r', '\n']).unwrap());
        let known: Vec<&str> = text.trim_start_matches('\u{feff}').split(',').collect();
        let (mut rows, mut rejected) = (Vec::new(), Vec::new());
        for row in Rows::new(file, &known, &[]).unwrap() {
            match row {
                Ok(row) => {
                    let cells = row.columns.iter().zip(&row.cells);
                    rows.push(serde_json::json!(
                        cells.collect::<std::collections::BTreeMap<_, _>>()
                    ));
                }
                Err(one) => {
                    rejected.push(serde_json::json!({"line": one.line, "field": one.field}));
                }
            }
        }
        (rows.into(), rejected.into())
    }

    #[test]
    fn the_odd_files_of_others_are_read_as_they_mean_it() {
        let spectrum = cases("spectrum");
        assert_eq!(spectrum.len(), 12);
        for (name, file, expected) in spectrum {
            assert_eq!(
                read_named(&file),
                (expected, serde_json::json!([])),
                "{name}"
            );
        }
        let more = cases("more");
        assert_eq!(more.len(), 7);
        for (name, file, expected) in more {
            let (rows, rejected) = read_named(&file);
            assert_eq!(
                (&rows, &rejected),
                (&expected["rows"], &expected["rejected"]),
                "{name}"
            );
        }
    }

    #[test]
    fn a_cell_may_be_a_mebibyte() {
        let cell = "0123456789 abcdefghij, \"quoted\" and\na new line; ".repeat(1024 * 1024 / 48);
        let quoted = cell.replace('"', "\"\"");
        let file = format!("a,b,c\n1,\"{quoted}\",3\n4,5,6\n");
        let (rows, rejected) = read(file.as_bytes());
        assert_eq!(rows, [row(["1", &cell, "3"]), row(["4", "5", "6"])]);
        assert_eq!(rejected, []);
    }

    #[test]
    fn a_header_is_read_before_anything_is_done() {
        let fault = |file: &[u8]| {
            Rows::new(file, &["a", "b"], &["a"])
                .err()
                .map(|invalid| invalid.0[0].field.clone())
        };
        assert_eq!(fault(b"a,x\n"), Some("x".into()));
        assert_eq!(fault(b"b\n"), Some("a".into()));
        assert_eq!(fault(b"a,a\n"), Some("a".into()));
        assert_eq!(fault(b""), Some("a".into()));
        assert_eq!(fault(b"b,a\n"), None);
    }
}
