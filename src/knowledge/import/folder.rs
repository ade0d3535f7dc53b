//! A folder of articles, one a file, or a single such file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::{DirEntry, FilterEntry, IntoIter, WalkDir};

use super::article::{FileNames, RawArticle};
use super::error::{Place, Problem, RowError};
use super::fields::Fields;
use super::{MAX_ARTICLE_BYTES, Skipped, confluence, unreadable, utf8};
use crate::text::Format;

/// How an article in a file with this extension (in lower case, without the dot) is written; `None`
/// where such a file is no article.
pub(super) fn format(extension: &str) -> Option<Format> {
    match extension {
        "md" | "markdown" => Some(Format::Markdown),
        "html" | "htm" => Some(Format::Html),
        "txt" => Some(Format::Text),
        _ => None,
    }
}

/// The articles below a folder, in the order of their paths.
pub(super) struct Folder {
    root: PathBuf,
    walk: FilterEntry<IntoIter, fn(&DirEntry) -> bool>,
    skipped: Skipped,
}

impl Folder {
    pub(super) fn new(root: &Path, skipped: Skipped) -> Self {
        let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        Self { root: root.to_owned(), walk: walk.filter_entry(is_visible), skipped }
    }

    fn place(&self, path: &Path) -> Place {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let below = match below.file_name() {
            Some(_) => below,
            // The root itself: a single file.
            None => Path::new(path.file_name().unwrap_or(path.as_os_str())),
        };
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Place { file: parts.join("/").into(), line: None }
    }

    /// The article in a file; nothing in the table of contents of an export.
    fn article(&self, path: &Path, format: Format) -> Result<Option<RawArticle>, RowError> {
        let place = self.place(path);
        let mut bytes = Vec::new();
        let most = MAX_ARTICLE_BYTES as u64 + 1;
        File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(|error| unreadable(place.clone(), &error))?;
        if bytes.len() > MAX_ARTICLE_BYTES {
            return Err(RowError { place, field: None, problem: Problem::ArticleTooLarge });
        }
        let body = utf8(&bytes, &place, 1)?.to_owned();
        let id = place.file.rsplit_once('.').map_or(&*place.file, |(id, _)| id).to_owned();
        let title = id.rsplit('/').next().unwrap_or(&id).to_owned();
        let fields = match format {
            Format::Html => match confluence::read(&body) {
                confluence::Kind::Page(fields) => Some(fields),
                confluence::Kind::Index => return Ok(None),
                confluence::Kind::Other => None,
            },
            _ => None,
        };
        let fields = fields.unwrap_or_else(|| Fields::new([("body".to_owned(), Value::String(body))]));
        let file = Some(FileNames { id, title, format });
        Ok(Some(RawArticle { file, ..RawArticle::new(place, fields) }))
    }
}

impl Iterator for Folder {
    type Item = Result<RawArticle, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.walk.next()? {
                Ok(entry) => entry,
                Err(error) if error.loop_ancestor().is_some() => {
                    self.skipped.add("link to a folder above it");
                    continue;
                }
                Err(error) => {
                    let place = self.place(error.path().unwrap_or(&self.root));
                    let problem = Problem::Unreadable(error.to_string());
                    return Some(Err(RowError { place, field: None, problem }));
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            let extension = entry.path().extension().unwrap_or_default().to_string_lossy().to_lowercase();
            match format(&extension) {
                Some(format) if entry.file_type().is_file() => {
                    match self.article(entry.path(), format).transpose() {
                        Some(article) => return Some(article),
                        None => self.skipped.add("table of contents"),
                    }
                }
                _ if extension.is_empty() => self.skipped.add("without extension"),
                _ => self.skipped.add(&format!(".{extension}")),
            }
        }
    }
}

/// Whether a file or folder is to be looked at: hidden ones are not, unless named by the user, and neither
/// is what is attached to the pages of a Confluence export, which may be HTML too.
fn is_visible(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let attached = || {
        name == "attachments"
            && entry.path().parent().is_some_and(|folder| folder.join("index.html").exists())
    };
    entry.depth() == 0 || !name.starts_with('.') && !attached()
}
