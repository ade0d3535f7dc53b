//! `POST /v1/suggest`.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access;
use super::aside;
use super::docs::{OfAnswer, OfBody};
use super::elsewhere;
use super::error::Problem;
use super::json::Valid;
use super::state::AppState;
use crate::access::Caller;
use crate::config::Scope;
use crate::knowledge::{Query, Suggested};
use crate::model::{Input, Lane, ModelError, ModelName};
use crate::store::Audience;
use crate::triage::Ticket;

/// What is asked, and who asks. Give `text` or `ticket`, not both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[garde(custom(one_question))]
pub(super) struct SuggestRequest {
    /// A question or the words of a problem.
    text: Option<String>,
    /// A ticket; its quoted mail, signature and markup are set aside first. It is not kept.
    #[garde(dive)]
    ticket: Option<Ticket>,
    /// Who will see the articles. `customer` if it is not said: an article for agents is shown only
    /// where it is asked for.
    #[serde(default = "customer")]
    #[schema(default = "customer")]
    audience: Audience,
    /// Only articles of exactly this category.
    #[garde(inner(length(min = 1, max = 300)))]
    category: Option<String>,
    /// Only articles in this language (ISO 639-1), or in none that is known.
    #[garde(inner(length(min = 2, max = 35)))]
    language: Option<String>,
    /// Only articles about this product or brand, or about none in particular.
    #[garde(inner(length(min = 1, max = 300)))]
    product: Option<String>,
    /// Only articles with all of these labels, their `tags`.
    #[serde(default)]
    #[garde(length(max = 20), inner(length(min = 1, max = 100)))]
    labels: Vec<String>,
    /// Articles at most, 1 to 50.
    #[serde(default = "ten")]
    #[schema(default = 10, minimum = 1, maximum = 50)]
    #[garde(range(min = 1, max = 50))]
    top: usize,
}

fn customer() -> Audience {
    Audience::Customer
}

fn ten() -> usize {
    10
}

fn one_question(request: &SuggestRequest, (): &()) -> garde::Result {
    match (&request.text, &request.ticket) {
        (Some(_), Some(_)) => Err(garde::Error::new("text and ticket are both given; give one of them")),
        (None, None) => Err(garde::Error::new("neither text nor ticket is given; give one of them")),
        (Some(text), None) if text.trim().is_empty() => {
            Err(garde::Error::new("text is empty; it must have words"))
        }
        _ => Ok(()),
    }
}

/// Articles that may answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuggestAnswer {
    /// Which model gave it.
    model: ModelName,
    /// Whether the knowledge base seems to have the answer.
    answered: bool,
    /// How sure that is, 0..1.
    answer_confidence: f32,
    /// Articles, best first, each with the passage that fits best.
    articles: Vec<Suggested>,
    /// Whether words of the question were left out.
    truncated: bool,
    /// What was cut, skipped or not understood.
    warnings: Vec<String>,
}

/// Suggest articles
///
/// By their words and by their meaning, for a question or a ticket. Nothing is kept.
#[utoipa::path(
    post,
    path = "/v1/suggest",
    operation_id = "suggest",
    tag = "articles",
    request_body(content = SuggestRequest, examples(
        ("question" = (summary = "A customer asks", value = json!({"text": "How do I reset my password?"}))),
        ("ticket" = (summary = "An agent opens a ticket", value = json!({
            "ticket": {"subject": "VPN drops every hour", "body": "Since this morning, our whole team."},
            "audience": "agent", "language": "en", "top": 5
        })))
    )),
    responses((status = 200, description = "The articles.", body = SuggestAnswer), OfBody, OfAnswer)
)]
pub(super) async fn suggest(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Valid<SuggestRequest>,
) -> Result<Json<SuggestAnswer>, Problem> {
    let Valid { value, bytes, place: _place } = request;
    if value.audience == Audience::Agent && elsewhere::asks(&headers, &app.settings.ui) {
        return Err(Problem::field("/audience", "must be customer where a page of another site asks"));
    }
    if value.audience == Audience::Agent && caller.may(&[Scope::SuggestAgent]).is_none() {
        return Err(access::scope_missing(&[Scope::SuggestAgent]));
    }
    aside::run(bytes, move || async move { answer(&app, value).await }).await?.map(Json)
}

async fn answer(app: &AppState, request: SuggestRequest) -> Result<SuggestAnswer, Problem> {
    let now = app.now();
    let (text, mut warnings) = match (request.text, &request.ticket) {
        (Some(text), _) => (text, Vec::new()),
        (None, Some(ticket)) => {
            let words = now.triage.words(ticket);
            (words.text, words.warnings)
        }
        (None, None) => Default::default(),
    };
    let readings = now.model.read(&[Input::text(&text)], Lane::Interactive).await?;
    let reading = readings.first().ok_or(ModelError::Stopped)?;
    if reading.truncated {
        let read = reading.tokens;
        warnings.push(format!(
            "the text is longer than the model reads at once; {read} tokens of its beginning, its end and what stands out between them decided"
        ));
    }
    let query = Query {
        text: &text,
        embedding: &reading.embedding(),
        audience: request.audience,
        category: request.category.as_deref(),
        language: request.language.as_deref(),
        product: request.product.as_deref(),
        labels: &request.labels,
        now: Timestamp::now(),
        top: request.top,
    };
    let found = now.knowledge.suggest(&query).await?;
    Ok(SuggestAnswer {
        model: now.model.manifest().model_name(),
        answered: found.answered,
        answer_confidence: found.answer_confidence,
        articles: found.articles,
        truncated: reading.truncated,
        warnings,
    })
}
