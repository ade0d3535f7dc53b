//! What is kept of a requester or an organization.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::sql::{self, FromRow, Row};
use super::timeline::COLUMNS;
use super::{RatingScale, Store, StoreError, Subject, SubjectKind, TicketTimeline, column};

/// Most tickets of one account that are read, the newest first.
const TICKETS: u32 = 20_000;
/// Most surveys, likewise.
const SURVEYS: u32 = 5_000;

/// A survey of an account, without its comment.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountSurvey {
    /// The survey.
    pub id: String,
    /// The ticket that it is about.
    pub ticket_id: Option<String>,
    /// When it was answered.
    pub answered_at: Timestamp,
    /// Whether the score is low.
    pub low: bool,
    /// The rating with its scale.
    pub rating: Option<(f64, RatingScale)>,
    /// How the comment reads.
    pub sentiment: Option<String>,
}

/// The column that names an account of this kind; `None` of what is no account.
fn column_of(kind: SubjectKind) -> Option<&'static str> {
    match kind {
        SubjectKind::Requester => Some("requester_id"),
        SubjectKind::Organization => Some("organization_id"),
        SubjectKind::Ticket | SubjectKind::Incident => None,
    }
}

impl Store {
    /// The tickets of an account that came in from `since` on, by time; of a requester also those from before
    /// that nobody has said to be solved. At most the newest 20,000.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn account_tickets(
        &self,
        account: &Subject,
        since: Timestamp,
    ) -> Result<Vec<TicketTimeline>, StoreError> {
        let Some(column) = column_of(account.kind) else { return Ok(Vec::new()) };
        let unsolved =
            if account.kind == SubjectKind::Requester { "OR t.status IS DISTINCT FROM 'solved'" } else { "" };
        let tickets = sql::query_as(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM tickets t LEFT JOIN findings f ON f.ticket_id = t.id
             WHERE t.{column} = $1 AND t.created_at IS NOT NULL AND (t.created_at >= $2 {unsolved})
             ORDER BY t.created_at DESC, t.id DESC LIMIT {TICKETS}"
        )))
        .bind(&account.id)
        .bind(column::time_text(since))
        .fetch_all(self.readers())
        .await;
        let mut tickets: Vec<TicketTimeline> = tickets.map_err(|error| self.failed(error))?;
        tickets.reverse();
        Ok(tickets)
    }

    /// The surveys of an account that were answered from `since` on, by time: those that name it, and those
    /// that do not and are about one of its tickets from `tickets_since` on. At most the newest 5,000.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn account_surveys(
        &self,
        account: &Subject,
        since: Timestamp,
        tickets_since: Timestamp,
    ) -> Result<Vec<AccountSurvey>, StoreError> {
        let Some(column) = column_of(account.kind) else { return Ok(Vec::new()) };
        let columns = "s.id, s.ticket_id, s.answered_at, s.low, s.rating, s.rating_scale, s.sentiment";
        let surveys = sql::query_as(AssertSqlSafe(format!(
            "SELECT {columns} FROM surveys s WHERE s.{column} = $1 AND s.answered_at >= $2
             UNION ALL
             SELECT {columns} FROM tickets t CROSS JOIN surveys s
             WHERE s.ticket_id = t.id AND t.{column} = $1 AND t.created_at >= $3 AND s.{column} IS NULL AND s.answered_at >= $2
             ORDER BY 3 DESC, 1 DESC LIMIT {SURVEYS}"
        )))
        .bind(&account.id)
        .bind(column::time_text(since))
        .bind(column::time_text(tickets_since))
        .fetch_all(self.readers())
        .await;
        let mut surveys: Vec<AccountSurvey> = surveys.map_err(|error| self.failed(error))?;
        surveys.reverse();
        Ok(surveys)
    }

    /// Whether anything is known of an account: a ticket or a survey, whenever it was.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn account_exists(&self, account: &Subject) -> Result<bool, StoreError> {
        let Some(column) = column_of(account.kind) else { return Ok(false) };
        sql::query_scalar(AssertSqlSafe(format!(
            "SELECT EXISTS (SELECT 1 FROM tickets WHERE {column} = $1)
                 OR EXISTS (SELECT 1 FROM surveys WHERE {column} = $1)"
        )))
        .bind(&account.id)
        .fetch_one(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// How many minutes people worked on the `limit` newest tickets of this final category of which it is
    /// known.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn handling_minutes(&self, category: &str, limit: u32) -> Result<Vec<u32>, StoreError> {
        sql::query_scalar(
            "SELECT handling_minutes FROM tickets
             WHERE final_category = $1 AND handling_minutes IS NOT NULL ORDER BY created_at DESC NULLS LAST LIMIT $2",
        )
        .bind(category)
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

impl FromRow for AccountSurvey {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let rating: Option<f64> = row.try_get("rating")?;
        Ok(Self {
            id: row.try_get("id")?,
            ticket_id: row.try_get("ticket_id")?,
            answered_at: column::time(row, "answered_at")?,
            low: row.try_get("low")?,
            rating: rating.zip(column::optional_word(row, "rating_scale")?),
            sentiment: row.try_get("sentiment")?,
        })
    }
}
