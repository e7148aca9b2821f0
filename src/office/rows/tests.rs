//! Files of many kinds, and how they are read.

use super::*;

type Seen = (Vec<Vec<String>>, Vec<(u64, Option<String>)>);

fn read(file: &[u8]) -> Seen {
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    for row in Rows::new(file, &["a", "b", "c"], &["a"], false).unwrap() {
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
fn a_byte_order_mark_is_skipped_and_quoted_line_breaks_are_kept() {
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
fn a_bad_row_is_reported_and_its_neighbors_are_read() {
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
        (
            vec![row(["1", "2", ""]), row(["5", "6", "7"])],
            vec![(3, None)]
        )
    );
    let open = b"a,b,c\n1,2,3\n4,\"never closed,6\n7,8,9\n";
    assert_eq!(
        read(open),
        (vec![row(["1", "2", "3"])], vec![(3, field("b"))])
    );
    for (lines, wrong) in [
        ("a,b,c\n1,\"x\ny\",3\n4,5,6,7\n", vec![4]),
        ("a,b,c\r\n1,\"x\r\ny\",3\r\n4,5,6,7\r\n", vec![4]),
        (
            "\u{feff}a,b,c\r\n\r\n\r\n4,5,6,7\r\n\r\n6,7,8,9",
            vec![4, 6],
        ),
        ("\na,b,c\r4,5,6,7\r\r6,7,8,9\n", vec![3, 5]),
        ("sep=,\r\na,b,c\r\n , ,\r\n4,5,6,7\r\n", vec![4]),
    ] {
        let wrong: Vec<_> = wrong.into_iter().map(|line| (line, None)).collect();
        assert_eq!(read(lines.as_bytes()).1, wrong, "{lines:?}");
    }
}

/// B6: an empty line is not a row.
#[test]
fn empty_lines_are_not_rows() {
    let file = "a,b,c\n,,\n1,2,3\n\"\",\"\",\"\"\n  \n\u{a0},\t,\n4,5,6\n,,,,,\n\x1a";
    let wanted = vec![row(["1", "2", "3"]), row(["4", "5", "6"])];
    assert_eq!(read(file.as_bytes()), (wanted.clone(), vec![]));
    let file = "a,b,c\r\n1,2,3\r\n4,5,6\x1a";
    assert_eq!(read(file.as_bytes()), (wanted, vec![]));
}

/// B7: missing cells at the end of a row are empty. In the last row, more may be missing.
#[test]
fn a_short_row_is_filled_up_unless_it_is_the_last() {
    let field = |name: &str| Some(name.to_owned());
    for end in ["", "\n", "\n,,\n\n"] {
        let file = format!("a,b,c\n1\n2,x\n3,4,5\n6,7{end}");
        let wanted = vec![
            row(["1", "", ""]),
            row(["2", "x", ""]),
            row(["3", "4", "5"]),
        ];
        assert_eq!(read(file.as_bytes()), (wanted, vec![(5, field("c"))]));
    }
    // Columns without a name are ignored, and cells beyond the header may be empty.
    let file = b"a,b,c,,\n1,2,3\n4,5,6,,,,\n7,8,9,x\n";
    let wanted = vec![row(["1", "2", "3"]), row(["4", "5", "6"])];
    assert_eq!(read(file), (wanted, vec![(4, None)]));
}

/// B2: other separators, with lists and commas in cells.
#[test]
fn cells_are_separated_as_the_header_is() {
    for (file, wanted) in [
        ("a;b;c\n1;\"x;y\";3,5\n", ["1", "x;y", "3,5"]),
        ("a\tb\tc\n1\tx,y\t3\n", ["1", "x,y", "3"]),
        ("a|b|c\n1|x,y|3\n", ["1", "x,y", "3"]),
        ("sep=;\na;b;c\n1;x,y;3\n", ["1", "x,y", "3"]),
        ("SEP=,\r\na,b,c\r\n1,x;y,3\r\n", ["1", "x;y", "3"]),
        (" A ,B,\"C\"\n1,x,3", ["1", "x", "3"]),
    ] {
        assert_eq!(read(file.as_bytes()), (vec![row(wanted)], vec![]), "{file}");
    }
    let open = b"a;b;c\n1;2;3\n4;\"never closed,6\n";
    assert_eq!(read(open).1, [(3, Some("b".into()))]);
}

/// B8: the content of an unknown column does not matter.
#[test]
fn cells_of_unknown_columns_are_ignored() {
    let file = b"a,major,b,c\n1,\xFF\0,2,3\n";
    let rows = Rows::new(&file[..], &["a", "b", "c"], &["a"], false).unwrap();
    assert_eq!(rows.ignored(), ["major"]);
    let only = rows.map(Result::unwrap).next().unwrap();
    assert_eq!(only.text("c"), Some("3"));
    assert!(!only.has("major"));
    assert!(Rows::new(&file[..], &["a", "b", "c"], &["a"], true).is_err());
}

#[test]
fn damaged_values_are_refused_and_protected_ones_are_read() {
    let field = |name: &str| Some(name.to_owned());
    let file = "a,b,c\n#REF!,2,3\n\"=\"\"004711\"\"\",4.7E+11,3\n";
    let mut rows = Rows::new(file.as_bytes(), &["a", "b", "c"], &[], false).unwrap();
    let fault = rows.next().unwrap().unwrap_err();
    assert_eq!((fault.line, fault.field), (2, field("a")));
    let row = rows.next().unwrap().unwrap();
    let mut invalid = Invalid::default();
    assert_eq!(row.id("a", &mut invalid), Some("004711"));
    assert_eq!(row.id("b", &mut invalid), None);
    assert_eq!(invalid.0[0].field, "b");
}

#[test]
fn an_open_quote_does_not_use_up_memory() {
    let endless = b"a,b,c\n1,2,3\n4,\"".chain(std::io::repeat(b'x'));
    let mut rows = Rows::new(endless, &["a", "b", "c"], &[], false).unwrap();
    assert!(rows.next().unwrap().is_ok());
    let fault = rows.next().unwrap().unwrap_err().fault;
    assert_eq!(fault, FieldFault::RowTooLarge { max_mib: 8 });
    assert!(rows.next().is_none());
}

/// A folder's cases: name, file and expected result.
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

/// What is read from a file, in the form of the expected result.
fn read_named(file: &[u8]) -> (serde_json::Value, serde_json::Value) {
    let mut text = String::from_utf8_lossy(file).into_owned();
    text.truncate(text.find(['\r', '\n']).unwrap());
    let known: Vec<&str> = text.trim_start_matches('\u{feff}').split(',').collect();
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    for row in Rows::new(file, &known, &[], false).unwrap() {
        match row {
            Ok(row) => {
                let cells = row.layout.columns.iter().flatten().zip(&row.cells);
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
fn unusual_csv_files_are_read_as_intended() {
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
fn a_wrong_header_is_refused_before_any_row() {
    let fault = |file: &[u8]| {
        Rows::new(file, &["a", "b"], &["a"], false)
            .err()
            .map(|invalid| invalid.0[0].field.clone())
    };
    assert_eq!(fault(b"b\n"), Some("a".into()));
    assert_eq!(fault(b"a,a\n"), Some("a".into()));
    assert_eq!(fault(b""), Some("a".into()));
    assert_eq!(fault(b"sep=;"), Some("a".into()));
    assert_eq!(fault(b"\"a,b\n1,2\n"), Some("header".into()));
    assert_eq!(fault(b"PK\x03\x04"), Some("file".into()));
    assert_eq!(fault(b"b,a\n"), None);
    assert_eq!(fault(b"a,x\n"), None);
}
