//! The store: what is kept, and the truth from which every index can be rebuilt.

mod article;

pub use article::{Article, ArticleStatus, Audience, Passage};
