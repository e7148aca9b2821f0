//! The index as a whole, on disk.

mod counts;
mod damage;
mod pages;
mod samples;
mod words;
