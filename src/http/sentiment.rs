//! `POST /v1/sentiment`.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::aside;
use super::docs::{OfAnswer, OfBody, OfTask};
use super::error::{FieldError, Problem};
use super::json::Valid;
use super::state::AppState;
use crate::model::Lane;
use crate::survey::{Comment, CommentAnswer, Rating, RatingScale};

/// Most comments of one request: with the usual length they are about a quarter of what the queue holds.
const MAX_COMMENTS: usize = 256;

/// Either the fields of one comment, or `comments` and nothing else.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct SentimentRequest {
    /// Up to 256 comments; the answers come in the same order, all or none.
    #[schema(min_items = 1, max_items = 256)]
    #[garde(length(min = 1, max = MAX_COMMENTS), dive)]
    comments: Option<Vec<Comment>>,
    /// Of one comment: the survey's own id, given back in the answer.
    id: Option<String>,
    /// Of one comment: what the customer wrote.
    text: Option<String>,
    /// Of one comment: what they were asked, in words or as `why_score`, `improve`, `nps` or `anything_else`.
    question: Option<String>,
    /// Of one comment: their rating; compared with the words, never an input.
    rating: Option<Rating>,
    /// Of one comment: the scale of the rating. Absent: 0 to 10 where the question is `nps`, else 1 to 5.
    rating_scale: Option<RatingScale>,
}

impl SentimentRequest {
    /// The comments, and whether `comments` held them.
    fn comments(self) -> Result<(Vec<Comment>, bool), Problem> {
        let Self { comments, id, text, question, rating, rating_scale } = self;
        if let Some(comments) = comments {
            let beside = [
                ("/id", id.is_some()),
                ("/text", text.is_some()),
                ("/question", question.is_some()),
                ("/rating", rating.is_some()),
                ("/rating_scale", rating_scale.is_some()),
            ];
            let stray = beside.into_iter().filter(|(_, given)| *given).map(|(field, _)| FieldError {
                field: field.into(),
                message: "stands beside `comments`; put it into one of them".into(),
            });
            let stray: Vec<FieldError> = stray.collect();
            return if stray.is_empty() { Ok((comments, true)) } else { Err(Problem::fields(stray)) };
        }
        let Some(text) = text else {
            return Err(Problem::field("/text", "is missing; give it, or several comments in `comments`"));
        };
        let comment = Comment { id, text, question, rating, rating_scale };
        comment.validate()?;
        Ok((vec![comment], false))
    }
}

/// The answer to one comment, or to several in their order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SentimentAnswer {
    /// To one.
    One(CommentAnswer),
    /// To several.
    Several {
        /// One for each comment, in order.
        answers: Vec<CommentAnswer>,
    },
}

/// Read survey comments
///
/// How the customer feels, how strongly, and about what. Nothing is kept.
#[utoipa::path(
    post,
    path = "/v1/sentiment",
    operation_id = "sentiment",
    tag = "surveys",
    request_body(content = SentimentRequest, examples(
        ("one" = (summary = "One comment", value = json!({
            "id": "s-1", "text": "Friendly, but it took three days.", "question": "why_score", "rating": 3
        }))),
        ("several" = (summary = "Several comments", value = json!({
            "comments": [{"id": "s-1", "text": "Great help!"}, {"id": "s-2", "text": "Nothing", "question": "improve"}]
        })))
    )),
    responses(
        (status = 200, description = "The answer, or with `comments` an object with `answers`.", body = SentimentAnswer),
        OfBody,
        OfAnswer,
        OfTask
    )
)]
pub(super) async fn sentiment(
    State(app): State<AppState>,
    request: Valid<SentimentRequest>,
) -> Result<Json<SentimentAnswer>, Problem> {
    let Valid { value, bytes, place: _place } = request;
    let (comments, several) = value.comments()?;
    let surveys = app.now().surveys.clone();
    let mut answers =
        aside::run(bytes, move || async move { surveys.read(&comments, Lane::Interactive).await }).await??;
    Ok(Json(match answers.pop() {
        Some(answer) if !several => SentimentAnswer::One(answer),
        last => {
            answers.extend(last);
            SentimentAnswer::Several { answers }
        }
    }))
}
