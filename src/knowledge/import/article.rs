//! From the fields of a row to an article, with what was guessed, mended or left out said.

use serde_json::Value;

use super::attributes::unknown;
use super::error::{Place, Problem, RowError};
use super::fields::{self, Fields};
use super::{MAX_ARTICLE_BYTES, attachments};
use crate::knowledge::document::document;
use crate::store::Article;
use crate::text::{self, BlockKind, Document, Format};

/// Most bytes of an id: what still fits into an address and an index key with room to spare.
const MAX_ID_BYTES: usize = 512;
/// Most characters of a title: beyond that it is a text that slipped into the wrong field.
const MAX_TITLE_CHARS: usize = 500;

/// A row as its source gave it.
pub(super) struct RawArticle {
    pub(super) place: Place,
    pub(super) fields: Fields,
    /// Set where the article is a file of its own.
    pub(super) file: Option<FileNames>,
    /// What was found while it was read.
    pub(super) warnings: Vec<String>,
}

impl RawArticle {
    pub(super) fn new(place: Place, fields: Fields) -> Self {
        Self { place, fields, file: None, warnings: Vec::new() }
    }
}

/// What a file's name and place say about its article.
pub(super) struct FileNames {
    /// Path below the folder without the extension.
    pub(super) id: String,
    /// File name without the extension.
    pub(super) title: String,
    /// By the extension.
    pub(super) format: Format,
}

/// Makes an article of a row; the texts beside it are warnings.
pub(super) fn build(raw: RawArticle) -> Result<(Article, Vec<String>), RowError> {
    let RawArticle { place, mut fields, file, warnings } = raw;
    let body = fields.take(fields::BODY);
    let mut row = Row { place, fields, front: Fields::default(), warnings };
    let (body_field, body) = row.body(body)?;
    let format = row.format(file.as_ref(), body_field, &body)?;
    let id = row.id(file.as_ref())?;
    let document = document(&body, format);
    row.warnings.extend(document.warnings.iter().map(ToString::to_string));
    let title = row.title(file.as_ref(), &document)?;
    if document.blocks.is_empty() {
        if title.is_empty() {
            return Err(row.error(None, Problem::Empty));
        }
        row.warn("body", "holds no text; the article can only be found by its title");
    }
    if title.len() + body.len() > MAX_ARTICLE_BYTES {
        return Err(row.error(None, Problem::ArticleTooLarge));
    }
    let attachments = attachments(row.attachments(), &body, format);
    let article = Article {
        id,
        title,
        body,
        body_format: format,
        url: row.url(),
        audience: row.audience()?,
        status: row.status()?,
        category: row.optional_text("category", fields::CATEGORY).map(|(_, category)| category),
        tags: row.tags(),
        language: row.language(),
        updated_at: row.date("updated_at", fields::UPDATED_AT),
        product: row.optional_text("product", fields::PRODUCT).map(|(_, product)| product),
        expires_at: row.date("expires_at", fields::EXPIRES_AT),
        review_at: row.date("review_at", fields::REVIEW_AT),
        attachments,
        version: row.version(),
        kept_at: row.date("kept_at", fields::KEPT_AT),
    };
    Ok((article, row.warnings))
}

/// A row while its article is being made.
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) fields: Fields,
    /// Of the body, for what the row itself does not say.
    pub(super) front: Fields,
    pub(super) warnings: Vec<String>,
}

impl Row {
    pub(super) fn error(&self, field: Option<&'static str>, problem: Problem) -> RowError {
        RowError { place: self.place.clone(), field, problem }
    }

    pub(super) fn warn(&mut self, field: &str, problem: impl std::fmt::Display) {
        self.warnings.push(format!("field `{field}`: {problem}"));
    }

    /// A field that makes the article what it is: in the row another type than text is an error, in
    /// front matter it is left out with a warning.
    fn text(&mut self, field: &'static str, names: &[&'static str]) -> Result<Option<String>, RowError> {
        match self.fields.get(names).map(|(_, value)| fields::text(value)) {
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(kind)) => Err(self.error(Some(field), Problem::NotText(kind))),
            None => Ok(self.optional_text(field, names).map(|(_, text)| text)),
        }
    }

    /// The body without its front matter, which is kept aside, and the field that it stood in.
    fn body(&mut self, found: Option<(&'static str, Value)>) -> Result<(&'static str, String), RowError> {
        let Some((name, value)) = found else {
            return Ok(("body", String::new()));
        };
        let whole = match value {
            Value::String(text) => text,
            other => fields::text(&other).map_err(|kind| self.error(Some("body"), Problem::NotText(kind)))?,
        };
        if whole.len() > MAX_ARTICLE_BYTES {
            return Err(self.error(Some("body"), Problem::ArticleTooLarge));
        }
        if self.is_exported() {
            return Ok((name, whole));
        }
        let whole = whole.strip_prefix('\u{feff}').unwrap_or(&whole);
        let split = text::front_matter::split(whole);
        self.warnings.extend(split.warnings.iter().map(ToString::to_string));
        self.front = Fields::new(split.fields);
        Ok((name, split.body.trim().to_owned()))
    }

    /// Whether the row is one of Deskhand's own export: its body is as it was kept.
    fn is_exported(&self) -> bool {
        let has = |names| self.fields.get(names).is_some();
        has(fields::VERSION) && has(fields::BODY_FORMAT)
    }

    fn format(&self, file: Option<&FileNames>, body_field: &str, body: &str) -> Result<Format, RowError> {
        const ALLOWED: &str = "text, html, markdown";
        if let Some((_, value)) = self.fields.get(fields::BODY_FORMAT) {
            let name = fields::text(value).unwrap_or_default();
            return match name.to_lowercase().as_str() {
                "text" => Ok(Format::Text),
                "html" => Ok(Format::Html),
                "markdown" => Ok(Format::Markdown),
                _ => Err(self.error(Some("body_format"), unknown(value, ALLOWED))),
            };
        }
        Ok(match file {
            Some(file) => file.format,
            None if body_field == fields::HTML_BODY || is_markup(body) => Format::Html,
            None => Format::Markdown,
        })
    }

    fn id(&mut self, file: Option<&FileNames>) -> Result<String, RowError> {
        let given = self.text("id", fields::ID)?;
        let Some(id) = given.or_else(|| file.map(|file| file.id.clone())) else {
            return Err(self.error(Some("id"), Problem::Missing));
        };
        if id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
            let problem = Problem::BadId { limit: MAX_ID_BYTES };
            return Err(self.error(Some("id"), problem));
        }
        Ok(id)
    }

    /// The title given, else a heading, else the file's name; empty, with a warning, where there is
    /// none of them.
    fn title(&mut self, file: Option<&FileNames>, document: &Document) -> Result<String, RowError> {
        let title = self
            .text("title", fields::TITLE)?
            .or_else(|| heading(document))
            .or_else(|| file.map(|file| file.title.clone()));
        let Some(title) = title else {
            self.warn("title", "is missing, and the body has no heading to take its place");
            return Ok(String::new());
        };
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        match title.char_indices().nth(MAX_TITLE_CHARS) {
            Some((end, _)) => {
                self.warn("title", format_args!("was cut to {MAX_TITLE_CHARS} characters"));
                Ok(title[..end].to_owned())
            }
            None => Ok(title),
        }
    }
}

/// Whether a text is HTML beyond doubt: it starts with a tag, closes tags, and either ends with one or
/// has no Markdown heading, since Markdown may start with a tag too (`<a name="top"></a>`).
fn is_markup(body: &str) -> bool {
    let opens = body
        .strip_prefix('<')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!'));
    let headed =
        || body.lines().any(|line| line.trim_start_matches('#').starts_with(' ') && line.starts_with('#'));
    opens && body.contains("</") && (body.ends_with('>') || !headed())
}

/// The heading that names the whole document: the first of level 1, the document's own title, or the
/// first of any level.
fn heading(document: &Document) -> Option<String> {
    let first = |wanted: fn(u8) -> bool| {
        document.blocks.iter().find_map(|block| match block.kind {
            BlockKind::Heading(level) if wanted(level) && !block.text.trim().is_empty() => {
                Some(block.text.clone())
            }
            _ => None,
        })
    };
    first(|level| level == 1).or_else(|| document.title.clone()).or_else(|| first(|_| true))
}
