//! Knowledge: the articles of the site, made findable.
//!
//! In come articles, as files or one by one; out go rows for the store and passages for the index.
//! This room knows nothing of triage decisions or HTTP.

pub mod import;
pub mod passages;

mod document;
