//! A folder with a file for each article.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ExportError, fields};
use crate::store::Article;
use crate::text::Format;

/// Longest name of a file, in bytes; file systems allow 255.
const MAX_NAME_BYTES: usize = 120;

/// A folder in the making.
pub struct Folder {
    path: PathBuf,
    /// Names that are taken, in lower case: some file systems do not tell `A` from `a`.
    taken: HashSet<String>,
}

impl Folder {
    pub(super) fn begin(path: &Path) -> Result<Self, ExportError> {
        fs::create_dir_all(path).map_err(|source| ExportError::write(path, source))?;
        let mut inside = fs::read_dir(path).map_err(|source| ExportError::write(path, source))?;
        match inside.next() {
            Some(_) => Err(ExportError::NotEmpty { path: path.to_owned() }),
            None => Ok(Self { path: path.to_owned(), taken: HashSet::new() }),
        }
    }

    pub(super) fn add(&mut self, article: &Article) -> Result<(), ExportError> {
        let extension = match article.body_format {
            Format::Markdown => "md",
            Format::Html => "html",
            Format::Text => "txt",
        };
        let name = self.name(&article.id);
        let path = self.path.join(format!("{name}.{extension}"));
        let file = format!("---\n{}---\n\n{}\n", front_matter(article)?, article.body);
        fs::write(&path, file).map_err(|source| ExportError::write(&path, source))
    }

    /// A name that no other article has; the real id stands in the front matter.
    fn name(&mut self, id: &str) -> String {
        let mut name: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
            .collect();
        name.truncate(MAX_NAME_BYTES);
        // A hidden file would not be imported again.
        let name = if name.starts_with('.') { format!("_{name}") } else { name };
        let mut free = name.clone();
        let mut count = 1;
        while !self.taken.insert(free.to_lowercase()) {
            count += 1;
            free = format!("{name}~{count}");
        }
        free
    }
}

/// All fields but the body and how it is written, a line each; JSON is YAML.
fn front_matter(article: &Article) -> Result<String, ExportError> {
    let mut lines = String::new();
    for (name, value) in fields(article)? {
        let said = match &value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        if said && !matches!(name, "body" | "body_format") {
            lines.push_str(&format!("{name}: {value}\n"));
        }
    }
    Ok(lines)
}
