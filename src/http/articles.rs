//! `PUT`, `GET` and `DELETE /v1/articles/{id}`.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::{BoxError, Json};
use futures_util::stream;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::aside;
use super::docs::{OfAnswer, OfArticle, OfBody, OfKeeping};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use crate::knowledge::{export, import};
use crate::store::{Article, ArticleStatus, ArticleVersion, Attachment, Audience};
use crate::text::Format;

/// An article without its id, which stands in the address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[garde(custom(has_words))]
pub(super) struct ArticleBody {
    /// Title, plain text.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    title: String,
    /// The whole text.
    #[serde(default)]
    body: String,
    /// How `body` is written.
    #[serde(default)]
    body_format: Format,
    /// Where people read it: an http or https address.
    #[garde(inner(length(max = 2_000), custom(web_address)))]
    url: Option<String>,
    /// Who may see it; `agent` if it is not said, so that a forgotten field leaks nothing.
    #[serde(default)]
    audience: Audience,
    /// Only published articles are suggested.
    #[serde(default)]
    status: ArticleStatus,
    /// Category, by the site's taxonomy or any other.
    #[garde(inner(length(min = 1, max = 300)))]
    category: Option<String>,
    /// Free keywords.
    #[serde(default)]
    #[garde(length(max = 100), inner(length(max = 100)))]
    tags: Vec<String>,
    /// ISO 639-1 code of the language it is written in.
    #[garde(inner(custom(language_code)))]
    language: Option<String>,
    /// When its text last changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    /// Product or brand that it is about; absent where it is about all.
    #[garde(inner(length(min = 1, max = 300)))]
    product: Option<String>,
    /// From when on it is not suggested any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When somebody should look whether it still holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    review_at: Option<Timestamp>,
    /// Images and files that it refers to; those that the text itself shows or links are added.
    #[serde(default)]
    #[garde(length(max = 500))]
    attachments: Vec<Attachment>,
}

fn has_words(article: &ArticleBody, (): &()) -> garde::Result {
    if article.title.trim().is_empty() && article.body.trim().is_empty() {
        return Err(garde::Error::new("title and body are both empty; one of them must have words"));
    }
    Ok(())
}

/// A browser does something else with `javascript:` than open a page.
fn web_address(url: &str, (): &()) -> garde::Result {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Ok(()),
        _ => Err(garde::Error::new("is no web address; it must start with http:// or https://")),
    }
}

fn language_code(code: &str, (): &()) -> garde::Result {
    if code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(garde::Error::new("is no language code; write two small letters such as en (ISO 639-1)"))
}

impl ArticleBody {
    fn into_article(self, id: String, now: Timestamp) -> Article {
        let attachments = import::attachments(self.attachments, &self.body, self.body_format);
        Article {
            id,
            title: self.title,
            body: self.body,
            body_format: self.body_format,
            url: self.url,
            audience: self.audience,
            status: self.status,
            category: self.category,
            tags: self.tags,
            language: self.language,
            updated_at: self.updated_at,
            product: self.product,
            expires_at: self.expires_at,
            review_at: self.review_at,
            attachments,
            version: 0,
            kept_at: Some(now),
        }
    }
}

/// What became of an article that was put.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleKept {
    /// Its id.
    #[schema(example = "vpn-drops")]
    id: String,
    /// Passages that it was cut into; each can be found by itself.
    #[schema(example = 3)]
    passages: usize,
    /// What was cut or not understood.
    warnings: Vec<String>,
}

/// Keep an article
///
/// In place of the one with the same id, if there is one. When the answer arrives the article survives
/// a crash and the next search finds it.
#[utoipa::path(
    put,
    path = "/v1/articles/{id}",
    operation_id = "putArticle",
    tag = "articles",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "vpn-drops")),
    request_body(content = ArticleBody, example = json!({
        "title": "VPN drops every hour",
        "body": "## Cause\n\nThe lease ends.\n\n## What to do\n\n1. Update the client to 5.2.",
        "body_format": "markdown",
        "url": "https://help.example.org/vpn-drops",
        "audience": "customer",
        "category": "Network::VPN and remote access",
        "tags": ["vpn"],
        "product": "LarkVPN",
        "review_at": "2027-05-02T00:00:00Z",
        "language": "en",
        "updated_at": "2026-11-02T08:00:00Z"
    })),
    responses((status = 200, description = "It is kept.", body = ArticleKept), OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn put(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<ArticleBody>,
) -> Result<Json<ArticleKept>, Problem> {
    let Valid { value, bytes, place: _place } = request;
    let (knowledge, article) =
        (app.now().knowledge.clone(), value.into_article(id.clone(), Timestamp::now()));
    let report = aside::run(bytes, move || async move { knowledge.put(vec![article]).await }).await??;
    let mut warnings = Vec::new();
    if report.truncated > 0 {
        warnings.push(format!(
            "{} passages are longer than the model reads: what stands amid them is found by its words only",
            report.truncated
        ));
    }
    Ok(Json(ArticleKept { id, passages: report.passages, warnings }))
}

/// Read an article
///
/// As it was put, whatever its audience and status: this address is for those who keep the knowledge base.
#[utoipa::path(
    get,
    path = "/v1/articles/{id}",
    operation_id = "getArticle",
    tag = "articles",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "vpn-drops")),
    responses(
        (status = 200, description = "The article.", body = Article),
        OfArticle,
        OfAnswer
    )
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<Article>, Problem> {
    app.now().knowledge.article(&id).await?.map(Json).ok_or_else(|| Problem::new(Code::ArticleNotFound))
}

/// What an article said before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleVersions {
    /// Its id.
    #[schema(example = "vpn-drops")]
    id: String,
    /// The number of what it says now.
    #[schema(example = 3)]
    version: u32,
    /// What stood there before, the latest first, at most the last 50.
    former: Vec<ArticleVersion>,
}

/// Read an article's former versions
///
/// A version ends with the put that changes title, text or audience. They are deleted with the article.
#[utoipa::path(
    get,
    path = "/v1/articles/{id}/versions",
    operation_id = "getArticleVersions",
    tag = "articles",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "vpn-drops")),
    responses((status = 200, description = "The versions.", body = ArticleVersions), OfArticle, OfAnswer)
)]
pub(super) async fn versions(
    State(app): State<AppState>,
    Id(id): Id,
) -> Result<Json<ArticleVersions>, Problem> {
    let article =
        app.now().knowledge.article(&id).await?.ok_or_else(|| Problem::new(Code::ArticleNotFound))?;
    let former = app.store.article_versions(&id).await?;
    Ok(Json(ArticleVersions { id, version: article.version, former }))
}

/// Articles read from the store at a time.
const PAGE: u32 = 64;

/// Export all articles
///
/// As JSON Lines in the order of their ids, whatever their audience and status, with every field;
/// `POST /v1/articles/import` makes the same base of them. An answer that breaks off is not complete. An
/// article whose id is `export` cannot be read by its own address.
#[utoipa::path(
    get,
    path = "/v1/articles/export",
    operation_id = "exportArticles",
    tag = "articles",
    responses(
        (status = 200, description = "Articles, one a line.", body = String, content_type = "application/x-ndjson"),
        OfAnswer
    )
)]
pub(super) async fn export(State(app): State<AppState>) -> Response {
    let store = app.store.clone();
    let pages = stream::try_unfold(String::new(), move |after| {
        let store = store.clone();
        async move {
            // No id is empty, so that everything comes after the empty one.
            let page = store.articles_page(Some(&after), PAGE).await?;
            let Some(last) = page.last() else { return Ok::<_, BoxError>(None) };
            let after = last.id.clone();
            let lines: Vec<Vec<u8>> = page.iter().map(export::line).collect::<Result<_, _>>()?;
            Ok(Some((Bytes::from(lines.concat()), after)))
        }
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response()
}

/// Delete an article
///
/// When the answer arrives the next search does not find it.
#[utoipa::path(
    delete,
    path = "/v1/articles/{id}",
    operation_id = "deleteArticle",
    tag = "articles",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "vpn-drops")),
    responses(
        (status = 204, description = "It is deleted."),
        OfArticle,
        OfAnswer,
        OfKeeping
    )
)]
pub(super) async fn delete(State(app): State<AppState>, Id(id): Id) -> Result<StatusCode, Problem> {
    if app.now().knowledge.delete(&id, Timestamp::now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::ArticleNotFound))
    }
}
