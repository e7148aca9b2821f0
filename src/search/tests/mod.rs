//! The whole index, on disk.

mod asking;
mod counts;
mod damage;
mod likes;
mod pages;
mod samples;
mod wording;
mod words;
