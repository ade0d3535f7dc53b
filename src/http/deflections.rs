//! `POST /v1/deflections` and `GET /v1/deflections/summary`: what came of customers' own searches.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfArticle, OfBody, OfKeeping};
use super::error::{Code, Problem};
use super::json::Valid;
use super::query::{Moment, Params};
use super::state::AppState;
use crate::store::{ArticleStatus, Audience, Deflection, DeflectionOutcome};

/// What a summary looks back on where nothing else is asked for.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What came of one visit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[garde(custom(fits))]
pub(super) struct DeflectionBody {
    /// The visit's own id, by chance, the same as long as somebody stays on the page.
    #[garde(length(min = 1, max = 200))]
    session_id: String,
    /// What came of it.
    #[serde(default)]
    outcome: VisitOutcome,
    /// The article that solved it.
    #[garde(inner(length(min = 1, max = 512)))]
    article_id: Option<String>,
    /// What was typed. It is kept only of a visit without an answer, and only where the site keeps such texts
    /// (`ui.keep_unanswered`).
    #[garde(inner(length(chars, max = 2_000)))]
    text: Option<String>,
}

/// What came of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum VisitOutcome {
    /// The article solved it: no ticket is needed.
    #[default]
    Solved,
    /// No article answered what was typed.
    Unanswered,
}

fn fits(body: &DeflectionBody, (): &()) -> garde::Result {
    match (body.outcome, &body.article_id) {
        (VisitOutcome::Solved, None) => Err(garde::Error::new(
            "outcome is solved, but article_id is not given; say which article solved it",
        )),
        (VisitOutcome::Unanswered, Some(_)) => Err(garde::Error::new(
            "outcome is unanswered, but article_id is given; leave it out, or say that it solved it",
        )),
        _ => Ok(()),
    }
}

/// What was kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeflectionKept {
    /// The visit.
    #[schema(example = "8f14e45f-ceea-467f-a0e6-18a1d3f7f1d2")]
    session_id: String,
    /// What came of it.
    outcome: VisitOutcome,
    /// Whether this changed anything: not if the visit has said it before.
    changed: bool,
    /// Whether the text is kept.
    text_kept: bool,
}

/// Say what came of a customer's search
///
/// For the widget. `solved` counts a deflected ticket, once for each visit, and says that the article solved
/// it, with the visit as its occasion. `unanswered` counts a visit in vain; what was typed is kept where the
/// site asks for it.
#[utoipa::path(
    post,
    path = "/v1/deflections",
    operation_id = "sayDeflection",
    tag = "articles",
    request_body(content = DeflectionBody, examples(
        ("solved" = (summary = "An article solved it", value = json!({
            "session_id": "8f14e45f-ceea-467f-a0e6-18a1d3f7f1d2", "article_id": "vpn-drops"
        }))),
        ("unanswered" = (summary = "Nothing answered", value = json!({
            "session_id": "1679091c-5a88-4faf-afb5-e6087eb1b2dc", "outcome": "unanswered",
            "text": "How do I order a standing desk?"
        })))
    )),
    responses((status = 200, description = "It is kept.", body = DeflectionKept), OfArticle, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn say(
    State(app): State<AppState>,
    request: Valid<DeflectionBody>,
) -> Result<Json<DeflectionKept>, Problem> {
    let Valid { value, place: _place, .. } = request;
    let DeflectionBody { session_id, outcome, article_id, text } = value;
    let (knowledge, keep) = (app.now().knowledge.clone(), app.settings.ui.keep_unanswered);
    let text = text.filter(|text| outcome == VisitOutcome::Unanswered && keep > 0 && !text.trim().is_empty());
    let text_kept = text.is_some();
    let came_of_it = match article_id {
        Some(article_id) => {
            let article = knowledge.article(&article_id).await?;
            // Of an article that customers may not see they are told no more than of one that is not there.
            let seen = article.is_some_and(|article| {
                article.audience == Audience::Customer && article.status == ArticleStatus::Published
            });
            if !seen {
                return Err(Problem::new(Code::ArticleNotFound));
            }
            DeflectionOutcome::Solved { article_id }
        }
        None => DeflectionOutcome::Unanswered { text },
    };
    let visit = Deflection { session_id: session_id.clone(), outcome: came_of_it, at: Timestamp::now() };
    let changed = knowledge.deflect(visit, keep).await?;
    Ok(Json(DeflectionKept { session_id, outcome, changed, text_kept }))
}

/// Which time a summary is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// From then on, a day or a time; 30 days before `to` where it is not given.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// To before then, a day or a time; now where it is not given.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
}

/// What came of customers' searches in a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeflectionsSummed {
    /// From then on.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// To before then.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Visits that an article solved: tickets that nobody had to write.
    deflected: u64,
    /// Visits in which no article answered.
    unanswered: u64,
    /// How many visits each article solved, those with most first.
    articles: Vec<ArticleDeflected>,
    /// By day; days without a visit are missing.
    days: Vec<DayDeflected>,
}

/// Visits that an article solved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleDeflected {
    /// The article.
    #[schema(example = "vpn-drops")]
    article_id: String,
    /// Visits.
    deflected: u64,
}

/// Visits of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayDeflected {
    /// The day, in UTC.
    #[schema(example = "2026-11-21")]
    day: String,
    /// Visits that an article solved.
    deflected: u64,
    /// Visits in which none answered.
    unanswered: u64,
}

/// Sum up what came of customers' searches
///
/// A visit belongs to the day on which an article first solved it, else to the day on which it first asked in
/// vain.
#[utoipa::path(
    get,
    path = "/v1/deflections/summary",
    operation_id = "getDeflections",
    tag = "articles",
    params(Stretch),
    responses((status = 200, description = "The sums.", body = DeflectionsSummed), OfBody, OfAnswer)
)]
pub(super) async fn summary(
    State(app): State<AppState>,
    Params(asked): Params<Stretch>,
) -> Result<Json<DeflectionsSummed>, Problem> {
    let to = asked.to.map_or_else(Timestamp::now, |Moment(at)| at);
    let before = || to.saturating_sub(LOOK_BACK).unwrap_or(to);
    let from = asked.from.map_or_else(before, |Moment(at)| at);
    if from >= to {
        return Err(Problem::field("from", "is not before `to`; give an earlier time"));
    }
    let sums = app.store.deflections(from, to).await?;
    let article = |(article_id, deflected)| ArticleDeflected { article_id, deflected };
    let day = |(day, deflected, unanswered)| DayDeflected { day, deflected, unanswered };
    Ok(Json(DeflectionsSummed {
        from,
        to,
        deflected: sums.deflected,
        unanswered: sums.unanswered,
        articles: sums.articles.into_iter().map(article).collect(),
        days: sums.days.into_iter().map(day).collect(),
    }))
}
