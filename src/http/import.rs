//! `POST /v1/articles/import`.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{self, Collected};
use super::docs::{OfAnswer, OfFile, OfKeeping};
use super::error::{Code, Problem};
use super::state::AppState;
use crate::knowledge::import::{self, Kind, Reader, Row, RowError};
use crate::store::Article;

/// Stands for the body's name in messages.
const NAME: &str = "body";
const KINDS: &str =
    "application/x-ndjson, application/json, text/csv, text/tab-separated-values or application/xml";
/// Most errors and most warnings that are told one by one; beyond, they are counted only, so that the
/// answer to a file of nothing but errors stays small.
const MAX_TOLD: usize = 1_000;

/// What became of the rows of an import.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ImportAnswer {
    /// Rows that are kept; they survive a crash from now on.
    #[schema(example = 63)]
    accepted: usize,
    /// Rows that are not.
    #[schema(example = 1)]
    rejected: usize,
    /// Passages that the accepted articles were cut into.
    #[schema(example = 180)]
    passages: usize,
    /// Why rows were rejected, the first 1,000.
    errors: Vec<RowMessage>,
    /// What is no article and was passed over, by kind, such as `redirect`.
    skipped: BTreeMap<String, u64>,
    /// What was mended, guessed or left out, the first 1,000.
    warnings: Vec<RowMessage>,
    /// Errors and warnings beyond the first 1,000 of each.
    omitted: usize,
}

/// What there is to say about one row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowMessage {
    /// Line of the body on which the row starts, from 1; absent for what is said of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    line: Option<u64>,
    /// The article's id, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The field at fault, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "audience")]
    field: Option<&'static str>,
    /// What is wrong, and what to do.
    message: String,
}

impl ImportAnswer {
    fn reject(&mut self, error: &RowError) {
        self.rejected += 1;
        let message = error.problem.to_string();
        let told = RowMessage { line: error.place.line, id: None, field: error.field, message };
        Self::tell(&mut self.errors, &mut self.omitted, told);
    }

    fn warn(&mut self, line: Option<u64>, id: Option<&str>, message: String) {
        let told = RowMessage { line, id: id.map(str::to_string), field: None, message };
        Self::tell(&mut self.warnings, &mut self.omitted, told);
    }

    fn tell(list: &mut Vec<RowMessage>, omitted: &mut usize, told: RowMessage) {
        if list.len() < MAX_TOLD { list.push(told) } else { *omitted += 1 }
    }
}

/// The good rows of a file. What is said of the rows is collected on the way, so that no more of it is
/// held than the answer tells.
struct GoodRows {
    rows: Reader,
    answer: Arc<Mutex<ImportAnswer>>,
}

impl Iterator for GoodRows {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = self.rows.next()?;
            // Nothing that holds this lock can panic halfway through a change.
            let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
            match row {
                Err(error) => answer.reject(&error),
                Ok(mut row) => {
                    for warning in std::mem::take(&mut row.warnings) {
                        answer.warn(row.place.line, Some(&row.article.id), warning);
                    }
                    return Some(Ok(row));
                }
            }
        }
    }
}

/// Import articles
///
/// JSON Lines, a JSON array, or CSV with a header row; fields are named as in `PUT /v1/articles/{id}`,
/// with `id`. Also as JSON the export of a Zendesk help centre or of a Zammad knowledge base, and as XML
/// that of a MediaWiki. An article takes the place of the one with the same id. Bad rows are rejected and the
/// rest goes on: 200 if every row was accepted, else 207 with the reasons by line. Accepted rows are
/// kept in batches of 64, so an import that breaks off can be sent again as it is.
///
/// One import runs at a time, and its answer may take minutes: no time limit applies to it but that of
/// the body's arrival.
#[utoipa::path(
    post,
    path = "/v1/articles/import",
    operation_id = "importArticles",
    tag = "articles",
    request_body(
        description = "Articles, one a row.",
        content(
            (String = "application/x-ndjson",
             example = "{\"id\":\"vpn-drops\",\"title\":\"VPN drops every hour\",\"body\":\"Update the client.\",\"audience\":\"customer\"}\n"),
            (String = "text/csv", example = "id,title,body,audience\nvpn-drops,VPN drops every hour,Update the client.,customer\n"),
            (Vec<Article> = "application/json")
        )
    ),
    responses(
        (status = 200, description = "Every row is kept.", body = ImportAnswer),
        (status = 207, description = "Some rows, or all, were rejected; `errors` says which and why. The others are kept.",
         body = ImportAnswer),
        OfFile,
        OfAnswer,
        OfKeeping
    )
)]
pub(super) async fn import(
    State(app): State<AppState>,
    request: Request,
) -> Result<(StatusCode, Json<ImportAnswer>), Problem> {
    let (parts, body) = request.into_parts();
    let admitted = kind(&parts.headers).and_then(|kind| Ok((kind, app.admission.import()?)));
    let (kind, _place) = match admitted {
        Ok(admitted) => admitted,
        Err(problem) => return Err(body::refuse_unread(&parts.headers, body, problem).await),
    };
    let limit = app.settings.server.max_import_bytes;
    let Collected { bytes, place: _large } =
        body::collect(&parts.headers, body, limit, "max_import_bytes", &app.admission).await?;
    let rows = import::read_from(kind, NAME, Cursor::new(bytes))
        .map_err(|error| Problem::because(Code::UnreadableImport, format!("{error}.")))?
        .kept_at(Timestamp::now());
    let mut answer = keep(&app, rows).await?;
    let status = if answer.rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    answer.errors.sort_by_key(|told| told.line);
    Ok((status, Json(answer)))
}

async fn keep(app: &AppState, rows: Reader) -> Result<ImportAnswer, Problem> {
    let answer = Arc::new(Mutex::new(ImportAnswer::default()));
    let skipped = rows.skipped();
    let good = GoodRows { rows, answer: Arc::clone(&answer) };
    let kept = Mutex::new(0);
    let progress = |articles: usize| *kept.lock().unwrap_or_else(PoisonError::into_inner) = articles;
    let report = app.now().knowledge.import(good, &progress).await.map_err(|error| {
        let kept = *kept.lock().unwrap_or_else(PoisonError::into_inner);
        Problem::from(error).saying(format!("The first {kept} good rows are kept, the rest is not."))
    })?;
    let mut answer = std::mem::take(&mut *answer.lock().unwrap_or_else(PoisonError::into_inner));
    answer.accepted = report.articles;
    answer.passages = report.passages;
    answer.skipped = skipped.counts();
    for warning in report.warnings {
        answer.warn(None, None, warning);
    }
    Ok(answer)
}

fn kind(headers: &HeaderMap) -> Result<Kind, Problem> {
    match body::media_type(headers, KINDS)?.as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
            Ok(Kind::JsonLines)
        }
        "application/json" => Ok(Kind::JsonArray),
        "text/csv" | "text/tab-separated-values" => Ok(Kind::Csv),
        "application/xml" | "text/xml" => Ok(Kind::MediaWiki),
        _ => Err(Problem::because(Code::UnsupportedMediaType, format!("This address reads {KINDS}."))),
    }
}
