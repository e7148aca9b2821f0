//! Printing to standard output. If the disk is full or the reader is gone, the command ends with an exit status, never with
//! a panic.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct Unprinted(io::Error);

impl Unprinted {
    /// The reader closed the pipe, as `head` does. That needs no error message.
    pub fn has_no_reader(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// A number of things, such as "1 row" or "2 rows".
pub fn counted(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{end}")
}

/// Prints a text as it is.
pub fn print(text: impl Display) -> Result<(), Unprinted> {
    let mut output = io::stdout().lock();
    let written = write!(output, "{text}").and_then(|()| output.flush());
    written.map_err(Unprinted)
}

/// Prints a text as a line.
pub fn print_line(text: impl Display) -> Result<(), Unprinted> {
    print(format_args!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_singular() {
        let counts = [0, 1, 2].map(|number| counted(number, "record"));
        assert_eq!(counts, ["0 records", "1 record", "2 records"]);
    }
}
