//! Shared by the tests of rules: a module written by hand, and the built-in rules run natively.

pub mod guest;
pub mod native;

/// The program that compiles modules; a test binary cannot.
pub const COMPILER: &str = env!("CARGO_BIN_EXE_corkboard");

/// The same module with another digest.
pub fn edition(module: &[u8], number: u8) -> Vec<u8> {
    // A custom section named "v" at the end.
    [module, &[0, 3, 1, b'v', number]].concat()
}
