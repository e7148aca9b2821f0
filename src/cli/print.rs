//! What commands print on standard output. A full disk or a reader that went away ends a command with a status, never with
//! a panic.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
pub struct Unprinted(io::Error);

impl Unprinted {
    /// Whoever read it has seen enough, as `head` does, and needs no sentence.
    pub fn has_no_reader(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
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
