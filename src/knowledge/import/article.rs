//! From the fields of a row to an article, with what was guessed, mended or left out said.

use serde_json::Value;

use super::error::{Place, Problem, RowError};
use super::fields::{self, Fields};
use super::{MAX_ARTICLE_BYTES, dates};
use crate::knowledge::document::document;
use crate::store::{Article, ArticleStatus, Audience};
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
    let RawArticle {
        place,
        mut fields,
        file,
    } = raw;
    let body = fields.take(fields::BODY);
    let mut row = Row {
        place,
        fields,
        front: Fields::default(),
        warnings: Vec::new(),
    };
    let (body_field, body) = row.body(body)?;
    let format = row.format(file.as_ref(), body_field, &body)?;
    let id = row.id(file.as_ref())?;
    let document = document(&body, format);
    row.warnings
        .extend(document.warnings.iter().map(ToString::to_string));
    let title = row.title(file.as_ref(), &document)?;
    if title.is_empty() && body.is_empty() {
        return Err(row.error(None, Problem::Empty));
    }
    if title.len() + body.len() > MAX_ARTICLE_BYTES {
        return Err(row.error(None, Problem::ArticleTooLarge));
    }
    let article = Article {
        id,
        title,
        body,
        body_format: format,
        url: row.url(),
        audience: row.audience()?,
        status: row.status()?,
        category: row
            .optional_text("category", fields::CATEGORY)
            .map(|(_, category)| category),
        tags: row.tags(),
        language: row.language(),
        updated_at: row.updated_at(),
    };
    Ok((article, row.warnings))
}

/// A row while its article is being made.
struct Row {
    place: Place,
    fields: Fields,
    /// Of the body, for what the row itself does not say.
    front: Fields,
    warnings: Vec<String>,
}

impl Row {
    fn error(&self, field: Option<&'static str>, problem: Problem) -> RowError {
        RowError {
            place: self.place.clone(),
            field,
            problem,
        }
    }

    fn warn(&mut self, field: &str, problem: impl std::fmt::Display) {
        self.warnings.push(format!("field `{field}`: {problem}"));
    }

    /// The body without its front matter, which is kept aside, and the field that it stood in.
    fn body(
        &mut self,
        found: Option<(&'static str, Value)>,
    ) -> Result<(&'static str, String), RowError> {
        let Some((name, value)) = found else {
            return Ok(("body", String::new()));
        };
        let whole = match value {
            Value::String(text) => text,
            other => fields::text(&other)
                .map_err(|kind| self.error(Some("body"), Problem::NotText(kind)))?,
        };
        if whole.len() > MAX_ARTICLE_BYTES {
            return Err(self.error(Some("body"), Problem::ArticleTooLarge));
        }
        let whole = whole.strip_prefix('\u{feff}').unwrap_or(&whole);
        let split = text::front_matter::split(whole);
        self.warnings
            .extend(split.warnings.iter().map(ToString::to_string));
        self.front = Fields::new(split.fields);
        Ok((name, split.body.trim().to_owned()))
    }

    fn format(
        &self,
        file: Option<&FileNames>,
        body_field: &str,
        body: &str,
    ) -> Result<Format, RowError> {
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

    fn id(&self, file: Option<&FileNames>) -> Result<String, RowError> {
        let given = self
            .fields
            .get(fields::ID)
            .or_else(|| self.front.get(fields::ID));
        let id = match (given, file) {
            (Some((_, value)), _) => fields::text(value)
                .map_err(|kind| self.error(Some("id"), Problem::NotText(kind)))?,
            (None, Some(file)) => file.id.clone(),
            (None, None) => return Err(self.error(Some("id"), Problem::Missing)),
        };
        if id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
            return Err(self.error(
                Some("id"),
                Problem::BadId {
                    limit: MAX_ID_BYTES,
                },
            ));
        }
        Ok(id)
    }

    /// The title given, else a heading, else the file's name; empty, with a warning, where there is
    /// none of them.
    fn title(&mut self, file: Option<&FileNames>, document: &Document) -> Result<String, RowError> {
        let given = match (
            self.fields.get(fields::TITLE),
            self.front.get(fields::TITLE),
        ) {
            (Some((_, value)), _) => Some(
                fields::text(value)
                    .map_err(|kind| self.error(Some("title"), Problem::NotText(kind)))?,
            ),
            (None, Some((_, value))) => fields::text(value).ok(),
            (None, None) => None,
        };
        let title = given
            .or_else(|| heading(document))
            .or_else(|| file.map(|file| file.title.clone()));
        let Some(title) = title else {
            self.warn(
                "title",
                "is missing, and the body has no heading to take its place",
            );
            return Ok(String::new());
        };
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        match title.char_indices().nth(MAX_TITLE_CHARS) {
            Some((end, _)) => {
                self.warn(
                    "title",
                    format_args!("was cut to {MAX_TITLE_CHARS} characters"),
                );
                Ok(title[..end].to_owned())
            }
            None => Ok(title),
        }
    }

    /// A field that an article can do without: one of the wrong type is left out with a warning.
    fn optional_text(
        &mut self,
        field: &'static str,
        names: &[&'static str],
    ) -> Option<(&'static str, String)> {
        let (name, value) = self.fields.get(names).or_else(|| self.front.get(names))?;
        match fields::text(value) {
            Ok(text) => Some((name, text)),
            Err(kind) => {
                self.warn(field, format_args!("is {kind}, not text, and was left out"));
                None
            }
        }
    }

    /// The address, unless a browser would do something else with it than open a page.
    fn url(&mut self) -> Option<String> {
        let (_, url) = self.optional_text("url", fields::URL)?;
        let scheme = url
            .split(['/', '?', '#'])
            .next()
            .and_then(|start| start.split_once(':'));
        match scheme {
            Some((scheme, _)) if !["http", "https"].contains(&scheme.to_lowercase().as_str()) => {
                self.warn(
                    "url",
                    "is no web address (http:// or https://) and was left out",
                );
                None
            }
            _ => Some(url),
        }
    }

    fn audience(&mut self) -> Result<Audience, RowError> {
        let known = |name: &str| match name {
            "customer" => Some(Audience::Customer),
            "agent" => Some(Audience::Agent),
            _ => None,
        };
        let found = self.closed(
            "audience",
            fields::AUDIENCE,
            "customer, agent",
            known,
            Audience::Agent,
        )?;
        Ok(found.unwrap_or_default())
    }

    fn status(&mut self) -> Result<ArticleStatus, RowError> {
        let known = |name: &str| match name {
            "published" => Some(ArticleStatus::Published),
            "draft" => Some(ArticleStatus::Draft),
            "archived" => Some(ArticleStatus::Archived),
            _ => None,
        };
        let allowed = "published, draft, archived";
        let given = self.closed(
            "status",
            fields::STATUS,
            allowed,
            known,
            ArticleStatus::Draft,
        )?;
        let draft = self
            .fields
            .get(fields::DRAFT)
            .or_else(|| self.front.get(fields::DRAFT));
        let draft = draft.is_some_and(|(_, value)| fields::yes(value));
        Ok(match given {
            None | Some(ArticleStatus::Published) if draft => ArticleStatus::Draft,
            given => given.unwrap_or_default(),
        })
    }

    /// A field with a closed set of values. In the row itself another value is an error. Front matter
    /// is written for other programs as well, so there it is read as `narrower`, with a warning.
    fn closed<T>(
        &mut self,
        field: &'static str,
        names: &[&'static str],
        allowed: &'static str,
        known: impl Fn(&str) -> Option<T>,
        narrower: T,
    ) -> Result<Option<T>, RowError> {
        let read = |value: &Value| {
            fields::text(value)
                .ok()
                .and_then(|name| known(&name.to_lowercase()))
        };
        if let Some((_, value)) = self.fields.get(names) {
            return match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.error(Some(field), unknown(value, allowed))),
            };
        }
        let Some((_, value)) = self.front.get(names) else {
            return Ok(None);
        };
        let found = read(value);
        if found.is_none() {
            let problem = unknown(value, allowed);
            self.warn(
                field,
                format_args!("{problem}; the narrower reading was taken"),
            );
        }
        Ok(Some(found.unwrap_or(narrower)))
    }

    fn tags(&mut self) -> Vec<String> {
        let found = self
            .fields
            .get(fields::TAGS)
            .or_else(|| self.front.get(fields::TAGS));
        match found.map(|(_, value)| fields::list(value)) {
            None => Vec::new(),
            Some(Ok(tags)) => tags,
            Some(Err(kind)) => {
                self.warn(
                    "tags",
                    format_args!("holds {kind} where text was expected, and was left out"),
                );
                Vec::new()
            }
        }
    }

    /// `en-US` is `en`: articles are told apart by language, not by country.
    fn language(&mut self) -> Option<String> {
        let (_, locale) = self.optional_text("language", fields::LANGUAGE)?;
        let code = locale
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_lowercase()) {
            return Some(code);
        }
        self.warn(
            "language",
            "is no language code such as en or en-US, and was left out",
        );
        None
    }

    fn updated_at(&mut self) -> Option<jiff::Timestamp> {
        let (name, text) = self.optional_text("updated_at", fields::UPDATED_AT)?;
        let slashes = match name {
            fields::MS_DATE => dates::Slashes::MonthFirst,
            _ => dates::Slashes::Unknown,
        };
        let moment = dates::parse(&text, slashes);
        if moment.is_none() {
            self.warn(
                "updated_at",
                "is no date that can be read in one way only; write 2026-11-21",
            );
        }
        moment
    }
}

fn unknown(value: &Value, allowed: &'static str) -> Problem {
    let text = fields::text(value).unwrap_or_else(|kind| kind.to_owned());
    Problem::UnknownValue {
        value: text.chars().take(40).collect(),
        allowed,
    }
}

/// Whether a text is HTML beyond doubt: it starts with a tag, closes tags, and either ends with one or
/// has no Markdown heading, since Markdown may start with a tag too (`<a name="top"></a>`).
fn is_markup(body: &str) -> bool {
    let opens = body.strip_prefix('<').is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!')
    });
    let headed = || {
        body.lines()
            .any(|line| line.trim_start_matches('#').starts_with(' ') && line.starts_with('#'))
    };
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
    first(|level| level == 1)
        .or_else(|| document.title.clone())
        .or_else(|| first(|_| true))
}
