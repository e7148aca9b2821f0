//! Full-text search over postings with tantivy, which no other module uses. The store is the only source of truth: the
//! search receives jobs and returns IDs, counts and completions. It must never read the store or keep a record.
//!
//! `index` opens and updates, `view` is one generation for readers, `find` answers a search with one `scan` over the
//! matches. `facets`, `suggest` and `snippet` answer the rest.

mod aliases;
mod answers;
mod clause;
mod compounds;
mod correction;
mod cursor;
mod error;
mod everyday;
mod facets;
mod filters;
mod find;
mod folder;
mod index;
mod mentions;
mod plan;
mod request;
mod rows;
mod scan;
mod schema;
mod similar;
mod snippet;
mod spoken;
mod suggest;
mod syntax;
mod text;
mod tokens;
mod top;
mod view;
mod weights;
mod whole;
mod words;

#[cfg(test)]
mod tests;

pub use correction::Corrected;
pub use cursor::After;
pub use error::SearchError;
pub use facets::{FacetCount, Facets};
pub use index::{Edit, SearchIndex};
pub use request::{Found, JobQuery, Sort};
pub use similar::Interests;
pub use snippet::Snippeter;
pub use suggest::{Suggestion, SuggestionKind};
