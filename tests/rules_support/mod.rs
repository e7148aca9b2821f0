//! What the tests of rules share: a guest written by hand, and the rules that ship run natively.

pub mod guest;
pub mod native;

/// What compiles modules; a test binary cannot.
pub const COMPILER: &str = env!("CARGO_BIN_EXE_corkboard");

/// The same module to everybody who asks it, with another digest.
pub fn edition(module: &[u8], number: u8) -> Vec<u8> {
    // A custom section named "v" at the end.
    [module, &[0, 3, 1, b'v', number]].concat()
}
