//! `POST /v1/feedback` and `GET /v1/articles/{id}/feedback`.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfArticle, OfBody, OfKeeping};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use crate::knowledge::ArticleFeedback;
use crate::store::{Feedback, FeedbackKind, Occasion};

/// How far another computer's clock may run ahead of this one's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// One word about one article. Give `ticket_id` or `id`, not both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[garde(custom(one_occasion))]
pub(super) struct FeedbackBody {
    /// The ticket that it was about. It need not be one that is kept here.
    #[garde(inner(length(min = 1, max = 200)))]
    ticket_id: Option<String>,
    /// Where there is no ticket: the caller's own id of the visit or conversation, the same when a request is
    /// sent again.
    #[garde(inner(length(min = 1, max = 200)))]
    id: Option<String>,
    /// The article.
    #[garde(length(min = 1, max = 512))]
    article_id: String,
    /// What became of it.
    kind: FeedbackKind,
    /// Takes back what was said with the same ticket (or id), article and kind.
    #[serde(default)]
    undo: bool,
    /// When it was said; now, if it is not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

fn one_occasion(body: &FeedbackBody, (): &()) -> garde::Result {
    match (&body.ticket_id, &body.id) {
        (Some(_), Some(_)) => Err(garde::Error::new("ticket_id and id are both given; give one of them")),
        (None, None) => Err(garde::Error::new(
            "neither ticket_id nor id is given; give the ticket's, or without a ticket an id of your own",
        )),
        _ => Ok(()),
    }
}

/// What was said about the article, with this word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedbackKept {
    /// The article.
    #[schema(example = "vpn-drops")]
    article_id: String,
    /// What was said or taken back.
    kind: FeedbackKind,
    /// Whether this changed anything: not if it had been said (or taken back) before, or never said.
    changed: bool,
    /// What was said about the article, all in all.
    feedback: ArticleFeedback,
}

/// Say what became of a suggested article
///
/// `viewed`, `attached` (sent to the requester), `solved` or `dismissed` (no help). Said twice it counts once;
/// `undo` takes back exactly this word. In the ranking each ticket has one voice for an article (1 if it
/// solved, else 1/2 if it was attached) and one against it (if it was dismissed), which lose half their weight
/// in 180 days (`search.usefulness_half_life_days`); what all of them are worth stays within bounds
/// (`search.usefulness_weight`), and being suggested never counts.
#[utoipa::path(
    post,
    path = "/v1/feedback",
    operation_id = "sayFeedback",
    tag = "articles",
    request_body(content = FeedbackBody, examples(
        ("ticket" = (summary = "An article solved a ticket", value = json!({
            "ticket_id": "81", "article_id": "vpn-drops", "kind": "solved"
        }))),
        ("visit" = (summary = "A customer read one, without a ticket", value = json!({
            "id": "visit-7f3a", "article_id": "vpn-drops", "kind": "viewed", "at": "2026-11-21T09:40:00Z"
        }))),
        ("undo" = (summary = "It did not solve it after all", value = json!({
            "ticket_id": "81", "article_id": "vpn-drops", "kind": "solved", "undo": true
        })))
    )),
    responses((status = 200, description = "It is kept.", body = FeedbackKept), OfArticle, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn say(
    State(app): State<AppState>,
    request: Valid<FeedbackBody>,
) -> Result<Json<FeedbackKept>, Problem> {
    let Valid { value, place: _place, .. } = request;
    let FeedbackBody { ticket_id, id, article_id, kind, undo, at } = value;
    let (knowledge, now) = (app.now().knowledge.clone(), Timestamp::now());
    if at.is_some_and(|at| at.duration_since(now) > CLOCKS_DIFFER) {
        return Err(Problem::field("/at", "lies in the future; give when it was said, or nothing for now"));
    }
    if knowledge.article(&article_id).await?.is_none() {
        return Err(Problem::new(Code::ArticleNotFound));
    }
    let occasion = match ticket_id {
        Some(ticket_id) => Occasion::Ticket(ticket_id),
        None => Occasion::Own(id.unwrap_or_default()),
    };
    let word = Feedback { occasion, article_id: article_id.clone(), kind, at: at.unwrap_or(now).min(now) };
    let changed = if undo { knowledge.take_back(word).await? } else { knowledge.say(word).await? };
    let feedback = knowledge.feedback(&article_id, now).await?;
    Ok(Json(FeedbackKept { article_id, kind, changed, feedback }))
}

/// Read what was said about an article
///
/// On how many tickets (or other occasions) each kind, without what was taken back; and what that comes to.
#[utoipa::path(
    get,
    path = "/v1/articles/{id}/feedback",
    operation_id = "getFeedback",
    tag = "articles",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "vpn-drops")),
    responses((status = 200, description = "What was said.", body = ArticleFeedback), OfArticle, OfAnswer)
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<ArticleFeedback>, Problem> {
    let knowledge = app.now().knowledge.clone();
    if knowledge.article(&id).await?.is_none() {
        return Err(Problem::new(Code::ArticleNotFound));
    }
    Ok(Json(knowledge.feedback(&id, Timestamp::now()).await?))
}
