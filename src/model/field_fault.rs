//! What can be wrong with one field of an input. A fault is data: serde gives its stable code and its params. The
//! sentence is made only here. A new fault also needs a text in both catalogs of web/i18n.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum FieldFault {
    Required,
    Empty,
    UnknownMember,
    UnknownParameter,
    Repeated,
    /// Exactly one of two fields must be given.
    ExactlyOne {
        other: String,
    },

    NotText,
    NotANumber,
    NotAWholeNumber,
    NotABoolean,
    NotAList,
    NotAnObject,
    NotOneOf {
        allowed: Vec<String>,
    },
    NotAnId,
    NotADate,
    NotATime,
    NotADateOrTime,
    NotAnEmail,
    NotAnAmount,
    NotAFileName,
    NotARuleName,
    /// The name belongs to a built-in rule.
    ReservedName,
    NotAnIdempotencyKey {
        max: usize,
    },
    UnknownCursor,
    /// The type refuses the value and gives no reason.
    Malformed,

    TooShort {
        min: usize,
    },
    TooLong {
        max: usize,
        actual: usize,
    },
    TooManyBytes {
        max: usize,
    },
    ControlCharacter {
        position: usize,
    },
    TooManyEntries {
        max: usize,
        actual: usize,
    },
    /// A fault of a list entry. Positions count from 1.
    EntryEmpty {
        position: usize,
    },
    EntryTooLong {
        position: usize,
        max: usize,
    },
    EntryControlCharacter {
        position: usize,
    },
    OutOfRange {
        min: i64,
        max: i64,
    },
    /// A range that does not include its lower end.
    OutOfOpenRange {
        above: i64,
        max: i64,
    },
    Negative,
    TooSmall {
        min: f64,
    },
    TooLarge {
        max: f64,
    },
    TooManyDecimals {
        max: usize,
    },

    CampusDomain {
        domains: Vec<String>,
    },
    WrongPassword,
    WrongRegistrationPassword,
    ReadOnly,
    SetByCampus,
    Taken,
    /// The campus number is in more records than one change can update.
    TooManyRecords,
    OtherRole,
    EmployersOnly,
    NotAnEmployer,
    NotYourOwn,

    InThePast,
    BeforeStartDate,
    BelowPositionsFilled {
        filled: u32,
    },
    NoFreePosition,
    HoursCommitted,
    HasApplications,
    Duplicate,

    UnknownQuestion,
    Unanswered {
        question_id: String,
        prompt: String,
    },
    NotYourFile,

    /// The file is not a CSV file. `kind` is a code in `VALUES`.
    NotACsv {
        kind: String,
    },
    /// `separator` is a code in `VALUES`, or the character in quotes.
    UnknownSeparator {
        separator: String,
    },
    UnknownColumn {
        allowed: Vec<String>,
    },
    MissingColumn,
    Unreadable {
        reason: String,
    },
    UnclosedQuote,
    TooManyCells {
        cells: usize,
        columns: usize,
    },
    MissingCell,
    NotUtf8,
    RowTooLarge {
        max_mib: u64,
    },
    RepeatedRow {
        line: u64,
    },
    /// A spreadsheet could not compute the value.
    SpreadsheetError {
        value: String,
    },
    /// A spreadsheet wrote a long number with an exponent, which lost digits.
    RoundedNumber,
    NoEmployer,
    OtherEmployer {
        email: String,
    },
    /// A workplace that several employers have, so it does not identify one.
    SeveralEmployers {
        emails: Vec<String>,
    },
    /// A workplace that only employers from outside the campus have, that they typed themselves.
    UnconfirmedWorkplace {
        emails: Vec<String>,
    },
    EmployerNotActive {
        email: String,
        status: String,
    },

    UnknownSetting,
    BadSchema {
        reason: String,
    },
    UnusableModule {
        reason: String,
    },
}

impl FieldFault {
    pub fn not_one_of<T: ToString>(allowed: impl IntoIterator<Item = T>) -> Self {
        Self::NotOneOf {
            allowed: allowed.into_iter().map(|name| name.to_string()).collect(),
        }
    }

    /// The stable code and the params of the sentence.
    pub fn parts(&self) -> (String, Map<String, Value>) {
        named_parts(self)
    }

    /// The fault of a list with this faulty entry.
    pub(super) fn of_entry(self, position: usize) -> Self {
        match self {
            Self::Empty => Self::EntryEmpty { position },
            Self::TooLong { max, .. } => Self::EntryTooLong { position, max },
            Self::ControlCharacter { .. } => Self::EntryControlCharacter { position },
            other => other,
        }
    }
}

/// An enum variant as serde writes it: its name and its members.
pub fn named_parts(variant: &impl Serialize) -> (String, Map<String, Value>) {
    match serde_json::to_value(variant) {
        Ok(Value::String(name)) => (name, Map::new()),
        Ok(Value::Object(variant)) => match variant.into_iter().next() {
            Some((name, Value::Object(members))) => (name, members),
            other => unreachable!("a variant has a name and members: {other:?}"),
        },
        other => unreachable!("a variant is a name or an object: {other:?}"),
    }
}

/// Fills params into a sentence that names them, as in `{max}`.
pub fn fill(sentence: &str, params: &Map<String, Value>) -> String {
    let mut filled = sentence.to_owned();
    for (name, value) in params {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
            Value::Array(entries) => {
                let entries: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
                entries.join(", ")
            }
            other => other.to_string(),
        };
        filled = filled.replace(&format!("{{{name}}}"), &text);
    }
    filled
}

/// For a flattened member: the `code`, `message` and `params` of a fault.
pub fn in_full<S: Serializer>(fault: &FieldFault, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Full {
        code: String,
        message: String,
        params: Map<String, Value>,
    }
    let (code, params) = fault.parts();
    let message = fault.to_string();
    let full = Full {
        code,
        message,
        params,
    };
    full.serialize(serializer)
}

/// A sentence without a subject ("must be a number"). With `#`, the fault as JSON, so that it can pass through an error
/// type that takes only text (see `read_json`).
impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let json = serde_json::to_string(self).map_err(|_| fmt::Error)?;
            return f.write_str(&json);
        }
        let (code, mut params) = self.parts();
        for (name, value, words) in VALUES {
            if let Some(param) = params.get_mut(*name).filter(|param| *param == value) {
                *param = (*words).into();
            }
        }
        let sentence = SENTENCES.iter().find(|(of, _)| *of == code);
        let (_, sentence) = sentence.expect("a test holds every fault to a sentence");
        f.write_str(&fill(sentence, &params))
    }
}

impl std::error::Error for FieldFault {}

/// Params whose values are codes, with the words for the English sentence. The catalogs have them as `param.<name>.<value>`.
#[rustfmt::skip]
const VALUES: &[(&str, &str, &str)] = &[
    ("kind", "workbook_or_zip", "an Excel or OpenDocument workbook, or another ZIP archive"),
    ("kind", "old_excel", "an old Excel workbook (.xls)"),
    ("kind", "compressed", "a compressed file"),
    ("kind", "pdf", "a PDF"),
    ("kind", "rtf", "a text document (RTF)"),
    ("kind", "utf16", "text in UTF-16"),
    ("kind", "utf32", "text in UTF-32"),
    ("kind", "html_or_xml", "an HTML or XML page"),
    ("kind", "json", "JSON"),
    ("kind", "binary", "not a text file"),
    ("separator", "space", "spaces"),
    ("separator", "control_character", "a control character"),
];

/// The sentence of each code, with params in braces.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    ("required", "is required"),
    ("empty", "must not be empty"),
    ("unknown_member", "is not a known field"),
    ("unknown_parameter", "is not a known parameter"),
    ("repeated", "is given more than once"),
    ("exactly_one", "or {other} must be given, but not both"),

    ("not_text", "must be text"),
    ("not_a_number", "must be a number"),
    ("not_a_whole_number", "must be a whole number"),
    ("not_a_boolean", "must be true or false"),
    ("not_a_list", "must be a list"),
    ("not_an_object", "must be an object"),
    ("not_one_of", "must be one of: {allowed}"),
    ("not_an_id", "must be an ID"),
    ("not_a_date", "must be a date, such as 2027-05-15"),
    ("not_a_time", "must be an RFC 3339 time, such as 2026-12-01T17:00:00Z"),
    ("not_a_date_or_time", "must be a date (2026-12-01) or an RFC 3339 time (2026-12-01T17:00:00Z)"),
    ("not_an_email", "must be an email address, such as name@example.edu"),
    ("not_an_amount", "must be an amount of money"),
    ("not_a_file_name", "must be a file name"),
    ("not_a_rule_name", "must have only lowercase letters, digits and hyphens"),
    ("reserved_name", "is the name of a built-in rule"),
    ("not_an_idempotency_key", "must be 1 to {max} visible ASCII characters"),
    ("unknown_cursor", "did not come from this list"),
    ("malformed", "is not valid"),

    ("too_short", "must have at least {min} characters"),
    ("too_long", "must have at most {max} characters, but has {actual}"),
    ("too_many_bytes", "must have at most {max} bytes"),
    ("control_character", "has a control character at position {position}"),
    ("too_many_entries", "must have at most {max} entries, but has {actual}"),
    ("entry_empty", "must not be empty in entry {position}"),
    ("entry_too_long", "must have at most {max} characters in entry {position}"),
    ("entry_control_character", "has a control character in entry {position}"),
    ("out_of_range", "must be from {min} to {max}"),
    ("out_of_open_range", "must be more than {above} and at most {max}"),
    ("negative", "must not be negative"),
    ("too_small", "must be at least {min}"),
    ("too_large", "must be at most {max}"),
    ("too_many_decimals", "must have at most {max} decimals"),

    ("campus_domain", "must be a campus address ({domains})"),
    ("wrong_password", "is missing or wrong"),
    ("wrong_registration_password", "is not the one chosen when this link was sent"),
    ("read_only", "cannot be changed"),
    ("set_by_campus", "is set by the campus and cannot be changed here"),
    ("taken", "is already in use"),
    ("too_many_records", "cannot be changed: too many jobs and applications have the old number"),
    ("other_role", "belongs to an account with another role"),
    ("employers_only", "is for employers only"),
    ("not_an_employer", "does not belong to an employer"),
    ("not_your_own", "must be your own"),

    ("in_the_past", "must be in the future"),
    ("before_start_date", "must not be before startDate"),
    ("below_positions_filled", "must not be below {filled}, the number of filled positions"),
    ("no_free_position", "must leave a position free"),
    ("hours_committed", "cannot be raised after a student was accepted"),
    ("has_applications", "cannot change while applications are open"),
    ("duplicate", "must differ from the others"),

    ("unknown_question", "is not a question of this job"),
    ("unanswered", "must answer \"{prompt}\" ({questionId})"),
    ("not_your_file", "is not one of your files"),

    ("not_a_csv", "is {kind}. In the spreadsheet program, save it as \"CSV UTF-8\" and import that file"),
    ("unknown_separator", "separates its columns by {separator}. Use commas, semicolons or tabs"),
    ("unknown_column", "is not a known column; known are {allowed}"),
    ("missing_column", "is missing from the header row"),
    ("unreadable", "cannot be read: {reason}"),
    ("unclosed_quote", "has a quote that is never closed"),
    ("too_many_cells", "the row has {cells} cells, but the header has {columns}"),
    ("missing_cell", "is missing: the last row is shorter than the header, so the file may have been cut off"),
    ("not_utf8", "is not UTF-8. In the spreadsheet program, save the file as \"CSV UTF-8\""),
    ("row_too_large", "the row is larger than {maxMib} MiB; a quote may be missing"),
    ("repeated_row", "is already on line {line}"),
    ("spreadsheet_error", "is the spreadsheet error {value}"),
    ("rounded_number", "was rounded by a spreadsheet. Format the column as text and export the file again"),
    ("no_employer", "is empty, no active employer has this workplace, and no owner was given"),
    ("other_employer", "is {email}, but the job belongs to another employer"),
    ("several_employers", "has more than one employer ({emails}). Name one in the column employerEmail"),
    ("unconfirmed_workplace", "is not confirmed for {emails}. Name the employer in the column employerEmail"),
    ("employer_not_active", "names {email}, whose account is {status}"),

    ("unknown_setting", "is not a setting of this rule"),
    ("bad_schema", "cannot be checked: {reason}"),
    ("unusable_module", "cannot be used: {reason}"),
];

#[cfg(test)]
mod tests;
