//! Follow-ups: who calls a customer after a low score, until when, and what came of it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sql::{self, Connection, FromRow, QueryBuilder, Row};
use super::surveys::{self, SurveyPlace};
use super::writer::Write;
use super::{Store, StoreError, SurveyRecord, column};

/// What came of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactOutcome {
    /// The customer was spoken to.
    Reached,
    /// Nobody answered: another call is due.
    NotReached,
    /// The customer did not want to talk.
    Declined,
}

/// Why the score was low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RootCause {
    /// Something did not work.
    Technical,
    /// It was not said, or said badly.
    Communicative,
    /// The way things are done stood in the way.
    Process,
}

/// Where a follow-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpState {
    /// To be done, with time left.
    Open,
    /// To be done, with less time left than `surveys.reminder_hours`; the due time itself is part of it.
    DueSoon,
    /// To be done, and the due time has passed.
    Overdue,
    /// The customer was reached or declined; it is still to be closed.
    Contacted,
    /// Done.
    Closed,
}

impl FollowUpState {
    /// All that are not closed.
    pub const UNCLOSED: [Self; 4] = [Self::Open, Self::DueSoon, Self::Overdue, Self::Contacted];
}

/// The call that a low score asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpRecord {
    /// Who calls.
    pub owner: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when the customer is to be called.
    pub due_at: Timestamp,
    /// When the customer was called last.
    pub contacted_at: Option<Timestamp>,
    /// What came of the call.
    pub outcome: Option<ContactOutcome>,
    /// Why the score was low.
    pub root_cause: Option<RootCause>,
    /// Free words of the owner.
    pub note: Option<String>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl FollowUpRecord {
    /// Where it stands at `now`, if reminders begin `reminder` before it is due.
    pub fn state(&self, now: Timestamp, reminder: SignedDuration) -> FollowUpState {
        let spoken = matches!(self.outcome, Some(ContactOutcome::Reached | ContactOutcome::Declined));
        if self.closed_at.is_some() {
            FollowUpState::Closed
        } else if spoken {
            FollowUpState::Contacted
        } else if now > self.due_at {
            FollowUpState::Overdue
        } else if now >= reminder_at(self.due_at, reminder) {
            FollowUpState::DueSoon
        } else {
            FollowUpState::Open
        }
    }
}

fn reminder_at(due_at: Timestamp, reminder: SignedDuration) -> Timestamp {
    due_at.saturating_sub(reminder).unwrap_or(due_at)
}

/// What a new follow-up begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFollowUp {
    /// Who calls, by the site's rules.
    pub owner: Option<String>,
    /// Until when.
    pub due_at: Timestamp,
}

/// What changes in a follow-up: `None` stays as it is, `Some(None)` is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowUpChange {
    /// Who calls.
    pub owner: Option<Option<String>>,
    /// When the customer was called.
    pub contacted_at: Option<Option<Timestamp>>,
    /// What came of it.
    pub outcome: Option<Option<ContactOutcome>>,
    /// Why the score was low.
    pub root_cause: Option<Option<RootCause>>,
    /// Free words.
    pub note: Option<Option<String>>,
    /// Whether it is closed; true again keeps the first time, false takes it back.
    pub closed: Option<bool>,
}

impl FollowUpChange {
    /// Names of the fields that change.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let fields = [
            ("owner", self.owner.is_some()),
            ("contacted_at", self.contacted_at.is_some()),
            ("outcome", self.outcome.is_some()),
            ("root_cause", self.root_cause.is_some()),
            ("note", self.note.is_some()),
            ("closed", self.closed.is_some()),
        ];
        fields.into_iter().filter_map(|(name, changes)| changes.then_some(name)).collect()
    }

    fn apply(&self, record: &mut FollowUpRecord, now: Timestamp) {
        fn put<T: Clone>(to: &mut Option<T>, change: Option<&Option<T>>) {
            if let Some(change) = change {
                to.clone_from(change);
            }
        }
        put(&mut record.owner, self.owner.as_ref());
        put(&mut record.contacted_at, self.contacted_at.as_ref());
        put(&mut record.outcome, self.outcome.as_ref());
        put(&mut record.root_cause, self.root_cause.as_ref());
        put(&mut record.note, self.note.as_ref());
        // A call that is told without its time was just made.
        if self.outcome.is_some_and(|outcome| outcome.is_some()) && self.contacted_at.is_none() {
            record.contacted_at = Some(now);
        }
        match self.closed {
            Some(true) => record.closed_at = record.closed_at.or(Some(now)),
            Some(false) => record.closed_at = None,
            None => {}
        }
    }
}

/// At what time follow-ups are looked at, and how long before the due time reminders begin.
#[derive(Debug, Clone, Copy)]
pub struct FollowUpClock {
    /// Now.
    pub now: Timestamp,
    /// How long before.
    pub reminder: SignedDuration,
}

impl Store {
    /// Changes the follow-up of a survey, all or nothing; where it has none, one is opened as `opening` says.
    /// Answers false if there is no such survey.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn change_follow_up(
        &self,
        survey_id: &str,
        opening: &NewFollowUp,
        change: &FollowUpChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = self.masked_follow_up(change.clone());
        let write = Write::ChangeFollowUp(Box::new((survey_id.to_owned(), opening.clone(), change, now)));
        Ok(self.writer().write(write).await?.found)
    }

    /// Up to `limit` follow-ups in one of `states` (and of `owner`, if given) with their surveys, those due
    /// soonest first, from the first after `after` or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn follow_ups_page(
        &self,
        states: &[FollowUpState],
        owner: Option<&str>,
        clock: FollowUpClock,
        after: Option<&SurveyPlace>,
        limit: u32,
    ) -> Result<Vec<(SurveyRecord, FollowUpRecord)>, StoreError> {
        // A cross join makes SQLite begin with the follow-ups, which an index has in this order.
        let mut query = surveys::selected("FROM follow_ups f CROSS JOIN surveys s");
        query.push(" WHERE s.id = f.survey_id AND ");
        in_states(&mut query, states, clock);
        if let Some(owner) = owner {
            query.push(" AND f.owner = ").push_bind(owner.to_owned());
        }
        if let Some(place) = after {
            query.push(" AND (f.due_at, f.survey_id) > (").push_bind(column::time_text(place.at));
            query.push(", ").push_bind(place.id.clone()).push(")");
        }
        query.push(" ORDER BY f.due_at, f.survey_id LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(self.readers()).await.map_err(|error| self.failed(error))?;
        let read = |row: &Row| Ok((SurveyRecord::from_row(row)?, FollowUpRecord::from_row(row)?));
        rows.iter().map(|row| read(row).map_err(|error| self.failed(error))).collect()
    }
}

/// A condition on `f`: the customer is still to be called.
pub(super) const WAITING: &str = "f.closed_at IS NULL AND (f.outcome IS NULL OR f.outcome = 'not_reached')";

/// Adds a condition on `f` that says what [`FollowUpRecord::state`] does.
pub(super) fn in_states(query: &mut QueryBuilder, states: &[FollowUpState], clock: FollowUpClock) {
    // A due time lies before `now + reminder` as the reminder's time lies before `now`.
    let soon = clock.now.saturating_add(clock.reminder).unwrap_or(clock.now);
    let (now, soon) = (column::time_text(clock.now), column::time_text(soon));
    // Neither true nor false where there is no follow-up: then it is in no state.
    query.push("(f.survey_id IS NOT NULL AND (false");
    for state in states {
        query.push(" OR (");
        match state {
            FollowUpState::Open => query.push(WAITING).push(" AND f.due_at > ").push_bind(soon.clone()),
            FollowUpState::DueSoon => query
                .push(WAITING)
                .push(" AND f.due_at >= ")
                .push_bind(now.clone())
                .push(" AND f.due_at <= ")
                .push_bind(soon.clone()),
            FollowUpState::Overdue => query.push(WAITING).push(" AND f.due_at < ").push_bind(now.clone()),
            FollowUpState::Contacted => {
                query.push("f.closed_at IS NULL AND f.outcome IN ('reached', 'declined')")
            }
            FollowUpState::Closed => query.push("f.closed_at IS NOT NULL"),
        };
        query.push(")");
    }
    query.push("))");
}

/// Opens a follow-up unless there is one.
pub(super) async fn open(
    connection: &mut Connection,
    survey_id: &str,
    opening: &NewFollowUp,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let opened = sql::query(
        "INSERT INTO follow_ups (survey_id, owner, opened_at, due_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (survey_id) DO NOTHING",
    )
    .bind(survey_id)
    .bind(&opening.owner)
    .bind(column::time_text(now))
    .bind(column::time_text(opening.due_at))
    .execute(connection)
    .await?;
    Ok(opened.rows_affected() > 0)
}

/// Changes the follow-up; false if there is no such survey.
pub(super) async fn change(
    connection: &mut Connection,
    survey_id: &str,
    opening: &NewFollowUp,
    change: &FollowUpChange,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let survey: Option<i64> = sql::query_scalar("SELECT 1 FROM surveys WHERE id = $1")
        .bind(survey_id)
        .fetch_optional(&mut *connection)
        .await?;
    if survey.is_none() {
        return Ok(false);
    }
    open(connection, survey_id, opening, now).await?;
    let mut record: FollowUpRecord = sql::query_as("SELECT * FROM follow_ups WHERE survey_id = $1")
        .bind(survey_id)
        .fetch_one(&mut *connection)
        .await?;
    change.apply(&mut record, now);
    sql::query(
        "UPDATE follow_ups SET owner = $2, contacted_at = $3, outcome = $4, root_cause = $5, note = $6,
             closed_at = $7
         WHERE survey_id = $1",
    )
    .bind(survey_id)
    .bind(&record.owner)
    .bind(record.contacted_at.map(column::time_text))
    .bind(record.outcome.as_ref().map(column::word_text).transpose()?)
    .bind(record.root_cause.as_ref().map(column::word_text).transpose()?)
    .bind(&record.note)
    .bind(record.closed_at.map(column::time_text))
    .execute(connection)
    .await?;
    Ok(true)
}

impl FromRow for FollowUpRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            owner: row.try_get("owner")?,
            opened_at: column::time(row, "opened_at")?,
            due_at: column::time(row, "due_at")?,
            contacted_at: column::optional_time(row, "contacted_at")?,
            outcome: column::optional_word(row, "outcome")?,
            root_cause: column::optional_word(row, "root_cause")?,
            note: row.try_get("note")?,
            closed_at: column::optional_time(row, "closed_at")?,
        })
    }
}
