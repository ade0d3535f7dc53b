//! `GET /v1/accounts/{kind}/{id}`: an account's last 90 days.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::docs::{OfAccount, OfAnswer};
use super::error::{Code, Problem};
use super::signals::SignalView;
use super::state::AppState;
use crate::signals::{AccountTicket, Week};
use crate::store::{AccountSurvey, RatingScale, Subject, SubjectKind};

/// An account's last 90 days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// Who.
    account: Subject,
    /// Since when: midnight of the site's time zone, 89 days before today.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Tickets that came in week by week, the oldest week first.
    weeks: Vec<Week>,
    /// Tickets by category, most first.
    categories: Vec<CategoryCount>,
    /// Tickets, the newest first; of a requester also older ones that nobody has said to be solved.
    tickets: Vec<AccountTicket>,
    /// Surveys that were answered, the newest first.
    surveys: Vec<SurveyView>,
    /// Signals about the account, the newest first, also older ones and those that no longer hold.
    signals: Vec<SignalView>,
}

/// How many tickets a category has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CategoryCount {
    /// The category.
    category: String,
    /// Tickets.
    tickets: u64,
}

/// A survey in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountSurvey)]
pub(super) struct SurveyView {
    /// The survey's id.
    id: String,
    /// The ticket that it is about.
    ticket_id: Option<String>,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    answered_at: Timestamp,
    /// Whether the score is low.
    low: bool,
    /// The rating.
    rating: Option<f64>,
    /// Its scale.
    rating_scale: Option<RatingScale>,
    /// How the comment reads.
    sentiment: Option<String>,
}

impl From<AccountSurvey> for SurveyView {
    fn from(survey: AccountSurvey) -> Self {
        Self {
            id: survey.id,
            ticket_id: survey.ticket_id,
            answered_at: survey.answered_at,
            low: survey.low,
            rating: survey.rating.map(|(rating, _)| rating),
            rating_scale: survey.rating.map(|(_, scale)| scale),
            sentiment: survey.sentiment,
        }
    }
}

/// Read an account
///
/// A requester's or an organization's last 90 days: tickets, volume by week, categories, surveys and signals.
#[utoipa::path(
    get,
    path = "/v1/accounts/{kind}/{id}",
    operation_id = "getAccount",
    tag = "signals",
    params(
        ("kind" = String, Path, description = "`requester` or `organization`.", example = "organization"),
        ("id" = String, Path, description = "The ticket system's id; a / in it is written as %2F.", example = "3")
    ),
    responses((status = 200, description = "The account.", body = Account), OfAccount, OfAnswer)
)]
pub(super) async fn get(
    State(app): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Account>, Problem> {
    let Path((kind, id)) =
        path.map_err(|_| Problem::field("id", "is not UTF-8 after decoding its % signs"))?;
    let kind = match kind.as_str() {
        "requester" => SubjectKind::Requester,
        "organization" => SubjectKind::Organization,
        _ => return Err(Problem::field("kind", "is not known; use `requester` or `organization`")),
    };
    let found = app.signals.account(&Subject { kind, id }, Timestamp::now()).await?;
    let view = found.ok_or_else(|| Problem::new(Code::AccountNotFound))?;
    let mut signals = Vec::with_capacity(view.signals.len());
    for signal in view.signals {
        signals.push(SignalView::of(signal, &app.signals).await?);
    }
    let categories = view.categories.into_iter();
    Ok(Json(Account {
        account: view.account,
        from: view.from,
        weeks: view.weeks,
        categories: categories.map(|(category, tickets)| CategoryCount { category, tickets }).collect(),
        tickets: view.tickets,
        surveys: view.surveys.into_iter().map(SurveyView::from).collect(),
        signals,
    }))
}
