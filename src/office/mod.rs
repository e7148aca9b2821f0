//! What the student-employment office does with many records at once: imports. Owns no records of its own.

mod employers;
mod import;
mod jobs;
mod report;
mod rows;
mod students;
mod watched;

pub use import::{Import, ImportError, Kind, Options};
pub use report::{Rejection, Report};
