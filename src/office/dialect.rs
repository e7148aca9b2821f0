//! What kind of file an import gets: a CSV file and its separator, or something else, which is refused by its name. An
//! error never shows bytes of a file that is not text.

use std::io::{self, Read};

use super::header::column_of;
use crate::model::{FieldFault, Invalid};

/// Longest header to read, in bytes.
const MAX_HEADER: usize = 64 * 1024;
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// Possible separators, the most likely first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Separators that are recognized only to name them in an error.
const ODD_SEPARATORS: [char; 6] = [':', ' ', '/', '^', '~', '\u{1f}'];

/// How files start that people take for CSV, and the code of their kind.
const KINDS: [(&[u8], &str); 13] = [
    (b"PK\x03\x04", "workbook_or_zip"),
    (b"PK\x05\x06", "workbook_or_zip"),
    (b"\xD0\xCF\x11\xE0", "old_excel"),
    (b"\x1F\x8B", "compressed"),
    (b"BZh", "compressed"),
    (b"\xFD7zXZ", "compressed"),
    (b"\x28\xB5\x2F\xFD", "compressed"),
    (b"7z\xBC\xAF", "compressed"),
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\xFF\xFE", "utf16"),
    (b"\xFE\xFF", "utf16"),
    (b"\0\0\xFE\xFF", "utf32"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub separator: u8,
    /// The file starts with a line that names the separator (`sep=;`), as Excel writes and reads it.
    pub named: bool,
}

/// Checks the start of a file. Also returns the bytes that were read for this.
pub(super) fn recognize(
    source: &mut impl Read,
    known: &[&str],
) -> Result<(Dialect, Vec<u8>), Invalid> {
    let head = read_header(source).map_err(|error| {
        let reason = error.to_string();
        Invalid::one("file", FieldFault::Unreadable { reason })
    })?;
    if let Some(kind) = foreign(&head) {
        let kind = kind.to_owned();
        return Err(Invalid::one("file", FieldFault::NotACsv { kind }));
    }
    let (first, rest) = first_line(&head);
    let name = named_separator(first);
    let separator = match name {
        Some(name) => u8::try_from(name)
            .ok()
            .filter(|byte| SEPARATORS.contains(byte))
            .ok_or_else(|| odd(name))?,
        None => separator_of(first, known)?,
    };
    // A line that names the separator is not a header. The reader will report what is missing.
    let dialect = Dialect {
        separator,
        named: name.is_some() && !rest.is_empty(),
    };
    Ok((dialect, head))
}

/// Reads up to the end of the header, and the line before it that names a separator. Not further: the rest of an upload
/// may come slowly.
fn read_header(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    while head.len() < MAX_HEADER {
        let (first, rest) = first_line(&head);
        let (header, beyond) = if named_separator(first).is_some() {
            first_line(rest)
        } else {
            (first, rest)
        };
        if !header.is_empty() && !beyond.is_empty() {
            break;
        }
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

/// The first line that is not empty, and what follows it, including its line break.
fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = text.iter().position(|byte| !is_break(byte));
    let text = &text[start.unwrap_or(text.len())..];
    let mut quoted = false;
    let end = text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        !quoted && is_break(byte)
    });
    text.split_at(end.unwrap_or(text.len()))
}

/// The separator that a line names.
fn named_separator(line: &[u8]) -> Option<char> {
    let line = std::str::from_utf8(line).ok()?;
    let line = line.trim_end_matches(' ').trim_matches('"');
    let name = line
        .get(..4)
        .filter(|word| word.eq_ignore_ascii_case("sep="))
        .and(line.get(4..))?;
    let mut letters = name.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// The kind of a file that is not CSV.
fn foreign(head: &[u8]) -> Option<&'static str> {
    let kind = KINDS.iter().find(|(start, _)| head.starts_with(start));
    if let Some((_, kind)) = kind {
        return Some(kind);
    }
    if let [a, b, c, d, ..] = head
        && (*a == 0) != (*b == 0)
        && (*a == 0, *b == 0) == (*c == 0, *d == 0)
    {
        return Some("utf16");
    }
    let text = head.strip_prefix(MARK).unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'<') => return Some("html_or_xml"),
        Some(b'{' | b'[') => return Some("json"),
        _ => {}
    }
    let (header, _) = first_line(head);
    let is_binary =
        |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n' | 0x1A | 0x1F);
    header.iter().any(is_binary).then_some("binary")
}

/// The separator that yields the most known columns.
fn separator_of(header: &[u8], known: &[&str]) -> Result<u8, Invalid> {
    let header = String::from_utf8_lossy(header);
    let columns = |separator: char| {
        let cells = header.split(separator);
        cells
            .filter(|cell| column_of(cell.trim().trim_matches('"'), known).is_some())
            .count()
    };
    let count = |separator: u8| columns(char::from(separator));
    // `max_by_key` takes the last of equals, so the most likely goes last.
    let best = SEPARATORS.into_iter().rev().max_by_key(|one| count(*one));
    let best = best.filter(|best| count(*best) > 0);
    if best.is_none_or(|best| count(best) == 1)
        && let Some(separator) = ODD_SEPARATORS.into_iter().find(|one| columns(*one) > 1)
    {
        return Err(odd(separator));
    }
    Ok(best.unwrap_or(b','))
}

fn odd(separator: char) -> Invalid {
    let separator = match separator {
        ' ' => "space".to_owned(),
        one if one.is_control() => "control_character".into(),
        one => format!("\"{one}\""),
    };
    Invalid::one("file", FieldFault::UnknownSeparator { separator })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name", "email", "studentId"];

    fn separator(file: &[u8]) -> Result<(u8, bool), String> {
        match recognize(&mut &file[..], KNOWN) {
            Ok((dialect, head)) => {
                assert!(file.starts_with(&head));
                Ok((dialect.separator, dialect.named))
            }
            Err(invalid) => Err(invalid.to_string()),
        }
    }

    /// B1: a file that is not CSV is named, and none of its bytes are shown.
    #[test]
    fn a_file_that_is_not_csv_is_refused_by_its_kind() {
        let utf16 = |text: &str, big: bool| -> Vec<u8> {
            let units = text.encode_utf16();
            units
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        let csv = "name,email\nAnn,ann@example.edu\n";
        let files: [(Vec<u8>, &str); 15] = [
            (utf16(csv, false), "text in UTF-16"),
            (utf16(csv, true), "text in UTF-16"),
            (utf16(&format!("\u{feff}{csv}"), false), "text in UTF-16"),
            (utf16(&format!("\u{feff}{csv}"), true), "text in UTF-16"),
            (b"PK\x03\x04\x14\0\x06\0".to_vec(), "an Excel or"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1".to_vec(), "old Excel"),
            (b"\x1F\x8B\x08\0\0\0".to_vec(), "compressed"),
            (b"%PDF-1.7\n%\xE2\xE3".to_vec(), "a PDF"),
            (b"  \r\n<html><table>".to_vec(), "an HTML"),
            (b"\xEF\xBB\xBF<!DOCTYPE html>".to_vec(), "an HTML"),
            (b"<?xml version=\"1.0\"?>".to_vec(), "an HTML"),
            (b"[{\"name\": \"Ann\"}]".to_vec(), "JSON"),
            (b"{\\rtf1\\ansi".to_vec(), "RTF"),
            (b"\x89PNG\r\n\x1A\n\0\0".to_vec(), "file"),
            (b"name,em\0ail\n".to_vec(), "not a text file"),
        ];
        for (file, kind) in files {
            let said = match separator(&file) {
                Err(said) => said,
                // The first line of a PNG has no control character, but its header has no known column.
                Ok(_) if file.starts_with(b"\x89PNG") => continue,
                Ok(found) => panic!("{kind}: {found:?}"),
            };
            assert!(
                said.starts_with("file is ") && said.contains(kind),
                "{said}"
            );
            let shown = |letter: char| letter.is_control() || letter == '\u{fffd}';
            assert!(!said.contains(shown), "{said:?}");
        }
    }

    /// B2: the separator is found or named.
    #[test]
    fn the_separator_is_the_one_that_gives_known_columns() {
        for (file, wanted) in [
            ("name,email\n", (b',', false)),
            ("\u{feff}name;email\r\n", (b';', false)),
            ("name\temail\r", (b'\t', false)),
            ("\n\n\"Name\"|\"E-mail\"\n", (b'|', false)),
            ("email\n", (b',', false)),
            ("email", (b',', false)),
            ("name,email;studentId,x\n", (b',', false)),
            ("sep=,\nname,email\n", (b',', true)),
            ("sep=;\r\nname;email\r\n", (b';', true)),
            ("\u{feff}SEP=\t\r\nname\temail", (b'\t', true)),
            ("\"sep=;\"\nname;email\n", (b';', true)),
            ("nothing of it\n", (b',', false)),
            ("", (b',', false)),
        ] {
            assert_eq!(separator(file.as_bytes()), Ok(wanted), "{file:?}");
        }
        for (file, wanted) in [
            ("name:email\n", "\":\""),
            ("name email studentId\n", "spaces"),
            ("name\u{1f}email\n", "a control character"),
            ("sep=^\nname^email\n", "\"^\""),
        ] {
            let said = separator(file.as_bytes()).unwrap_err();
            let wanted = format!("file separates its columns by {wanted}.");
            assert!(said.starts_with(&wanted), "{said}");
        }
    }
}
