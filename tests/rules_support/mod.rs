//! What the tests of rules share: a guest written by hand, and the rules that ship run natively.

pub mod guest;
pub mod native;
