//! The description of this service (OpenAPI 3.1), created from the code: paths, methods and access from the table of
//! routes, schemas from the types that are sent and read. The only module that uses utoipa's output.

mod accounts;
mod applications;
mod bodies;
mod document;
mod jobs;
mod model;
mod office;
mod operation;
mod page;
mod rules;
mod service;

pub use document::{document, read};
pub use page::docs;
