//! The binary. `src/README.md` is the architecture.

use std::process::ExitCode;

fn main() -> ExitCode {
    corkboard::cli::run()
}
