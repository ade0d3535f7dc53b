//! What happened to tickets: first signs, replies, and how they were solved and opened again.
//!
//! One rule keeps the timeline and the outcome from contradicting each other. What an event says of the status
//! holds as of when it happened, what an outcome says as of when it was told, and the later one decides. An
//! outcome may know of more reopenings than the timeline, but never of fewer, and never denies that a ticket
//! was escalated. When a ticket was solved is the first `solved` or `closed` since it was opened last; an
//! outcome told later may correct it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::feedback::FeedbackWritten;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{OutcomeRecord, Store, StoreError, TicketStatus, column, outcomes};

/// What happened to a ticket. Of events at the same instant the order is the one that stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The requester got a first sign, from a person or automatically.
    Acknowledged,
    /// An agent answered so that the requester could read it.
    AgentReply,
    /// The requester wrote again.
    RequesterReply,
    /// It was handed up.
    Escalated,
    /// It was opened again after it had been solved.
    Reopened,
    /// It was solved.
    Solved,
    /// It was closed for good.
    Closed,
}

impl EventKind {
    /// Whether it says where the ticket stands.
    fn turns(self) -> bool {
        self == Self::Reopened || self.solves()
    }

    /// Whether it says that the ticket is solved.
    fn solves(self) -> bool {
        matches!(self, Self::Solved | Self::Closed)
    }
}

/// One thing that happened to a ticket. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct TicketEvent {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// A ticket without its words, and what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketTimeline {
    /// The ticket.
    pub id: String,
    /// When it came in; `None` if the source does not say.
    pub created_at: Option<Timestamp>,
    /// Who asked.
    pub requester_id: Option<String>,
    /// For whom they work.
    pub organization_id: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// Who works on it.
    pub agent_group: Option<String>,
    /// The category that agents settled on, else the one predicted last.
    pub category: Option<String>,
    /// The priority that agents settled on, else the one predicted last.
    pub priority: Option<String>,
    /// Where it stands.
    pub status: Option<TicketStatus>,
    /// When it was solved last.
    pub solved_at: Option<Timestamp>,
    /// How often it was opened again.
    pub reopened: u32,
    /// Whether it was handed up.
    pub escalated: bool,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// Until when it has to be solved.
    pub due_at: Option<Timestamp>,
    /// Until when an agent has to have answered.
    pub first_response_due_at: Option<Timestamp>,
    /// What happened to it, by time.
    pub events: Vec<TicketEvent>,
}

/// Where a page of tickets by time ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPlace {
    /// When the last ticket of the page came in.
    pub created_at: Timestamp,
    /// Its id.
    pub id: String,
}

/// The columns of a [`TicketTimeline`], from `tickets t` with `findings f`.
pub(super) const COLUMNS: &str =
    "t.id, t.created_at, t.requester_id, t.organization_id, t.channel, t.agent_group,
    coalesce(t.final_category, f.category) AS category, coalesce(t.final_priority, f.priority) AS priority,
    t.status, t.solved_at, t.reopened, t.escalated, t.handling_minutes, t.due_at, t.first_response_due_at,
    (SELECT '[' || coalesce(string_agg('[\"' || e.at || '\",\"' || e.kind || '\"]', ','), '') || ']'
        FROM ticket_events e WHERE e.ticket_id = t.id) AS events";

impl Store {
    /// Keeps what happened to a ticket, all or none, and brings its status, `solved_at` and number of
    /// reopenings in step; `None` if there is no such ticket, else whether anything of it was new, with what
    /// counts otherwise as feedback. `now` is when it is told.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_events(
        &self,
        ticket_id: &str,
        events: &[TicketEvent],
        now: Timestamp,
    ) -> Result<Option<FeedbackWritten>, StoreError> {
        let write = Write::SaveEvents(Box::new((ticket_id.to_owned(), events.to_vec(), now)));
        let Written { feedback, found, .. } = self.writer().write(write).await?;
        Ok(found.then_some(feedback))
    }

    /// What happened to a ticket, by time; nothing if there is no such ticket.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn events_of(&self, ticket_id: &str) -> Result<Vec<TicketEvent>, StoreError> {
        let events = sql::query_as("SELECT at, kind FROM ticket_events WHERE ticket_id = $1")
            .bind(ticket_id)
            .fetch_all(self.readers())
            .await;
        let mut events: Vec<TicketEvent> = events.map_err(|error| self.failed(error))?;
        events.sort_unstable();
        Ok(events)
    }

    /// The timelines of these tickets, in order of `ids`; those that are not there are left out.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn timelines(&self, ids: &[String]) -> Result<Vec<TicketTimeline>, StoreError> {
        let wanted = column::json_text(ids).map_err(|error| self.failed(error))?;
        sql::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM json_each($1) AS wanted
             CROSS JOIN tickets t LEFT JOIN findings f ON f.ticket_id = t.id
             WHERE t.id = wanted.value ORDER BY wanted.key"
        )))
        .bind(wanted)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// Up to `limit` tickets that came in from `from` on and before `to`, each with all that happened to it,
    /// in order of time and id, from the first after `after` or from the start. Ask again with the place of
    /// the last one until none is left: so a million are read without holding them.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn timelines_page(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<&TicketPlace>,
        limit: u32,
    ) -> Result<Vec<TicketTimeline>, StoreError> {
        // No id is empty, so that everything of an instant comes after the empty one.
        let (at, id) = after.map_or((from, ""), |place| (place.created_at, place.id.as_str()));
        sql::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM tickets t LEFT JOIN findings f ON f.ticket_id = t.id
             WHERE (t.created_at, t.id) > ($1, $2) AND t.created_at < $3
             ORDER BY t.created_at, t.id LIMIT $4"
        )))
        .bind(column::time_text(at))
        .bind(id)
        .bind(column::time_text(to))
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

/// Keeps the events and brings the ticket's row in step.
pub(super) async fn save(
    connection: &mut Connection,
    ticket_id: &str,
    events: &[TicketEvent],
    now: Timestamp,
) -> Result<Written, sqlx::Error> {
    let standing =
        sql::query_as("SELECT status_at, solved_at, reopened, escalated FROM tickets WHERE id = $1")
            .bind(ticket_id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(standing): Option<Standing> = standing else {
        return Ok(Written::default());
    };
    let mut added = Vec::new();
    for event in events {
        let insert =
            "INSERT INTO ticket_events (ticket_id, at, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let written = sql::query(insert)
            .bind(ticket_id)
            .bind(column::time_text(event.at))
            .bind(column::word_text(&event.kind)?)
            .execute(&mut *connection)
            .await?;
        if written.rows_affected() > 0 {
            added.push(event.kind);
        }
    }
    if added.is_empty() {
        return Ok(Written { found: true, ..Written::default() });
    }
    let mut all: Vec<TicketEvent> = sql::query_as("SELECT at, kind FROM ticket_events WHERE ticket_id = $1")
        .bind(ticket_id)
        .fetch_all(&mut *connection)
        .await?;
    all.sort_unstable();
    let (outcome, status_at) = standing.brought_in_step(&all, &added);
    outcomes::save(connection, ticket_id, &outcome, now, status_at).await
}

/// What a ticket's row says of its status.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    status_at: Option<Timestamp>,
    solved_at: Option<Timestamp>,
    reopened: u32,
    escalated: bool,
}

impl Standing {
    /// What changes in it by all events of the ticket, of which some of the kinds `added` are new, and as of
    /// when the status then holds.
    fn brought_in_step(
        self,
        events: &[TicketEvent],
        added: &[EventKind],
    ) -> (OutcomeRecord, Option<Timestamp>) {
        // A reply says nothing of the status, which an import without times may have told since.
        let turn = Turn::last(events).filter(|_| added.iter().any(|kind| kind.turns()));
        let decides = turn.filter(|turn| self.status_at.is_none_or(|told| told <= turn.at));
        // A time that an outcome gave stays until an event solves the ticket anew.
        let told = |at: Timestamp| events.iter().any(|event| event.at == at && event.kind.solves());
        let by_outcome = self.solved_at.is_some_and(|at| !told(at));
        let anew = decides.is_some_and(|turn| turn.status == TicketStatus::Solved);
        let solved_at = turn.filter(|_| anew || !by_outcome).and_then(|turn| turn.solved_at);
        let reopened = events.iter().filter(|event| event.kind == EventKind::Reopened).count();
        let reopened = u32::try_from(reopened).unwrap_or(u32::MAX);
        let escalated = events.iter().any(|event| event.kind == EventKind::Escalated);
        let outcome = OutcomeRecord {
            status: decides.map(|turn| turn.status),
            solved_at,
            reopened: (reopened > self.reopened).then_some(reopened),
            escalated: (escalated && !self.escalated).then_some(true),
            ..OutcomeRecord::default()
        };
        (outcome, decides.map(|turn| turn.at))
    }
}

/// How a ticket stands by its events.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Turn {
    status: TicketStatus,
    at: Timestamp,
    solved_at: Option<Timestamp>,
}

impl Turn {
    /// By the last event that says so; `None` if none does. `events` are in order.
    fn last(events: &[TicketEvent]) -> Option<Self> {
        events.iter().fold(None, |before: Option<Self>, event| {
            let (at, solved_at) = (event.at, before.and_then(|turn| turn.solved_at));
            let is_solved = before.is_some_and(|turn| turn.status == TicketStatus::Solved);
            match event.kind {
                EventKind::Reopened => Some(Self { status: TicketStatus::Open, at, solved_at }),
                EventKind::Solved | EventKind::Closed => {
                    let solved_at = if is_solved { solved_at } else { Some(at) };
                    Some(Self { status: TicketStatus::Solved, at, solved_at })
                }
                _ => before,
            }
        })
    }
}

impl FromRow for Standing {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            status_at: column::optional_time(row, "status_at")?,
            solved_at: column::optional_time(row, "solved_at")?,
            reopened: row.try_get::<Option<u32>>("reopened")?.unwrap_or(0),
            escalated: row.try_get::<Option<bool>>("escalated")?.unwrap_or(false),
        })
    }
}

impl FromRow for TicketEvent {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { at: column::time(row, "at")?, kind: column::word(row, "kind")? })
    }
}

impl FromRow for TicketTimeline {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let events: Vec<(Timestamp, EventKind)> = column::json(row, "events")?;
        let mut events: Vec<_> = events.into_iter().map(|(at, kind)| TicketEvent { at, kind }).collect();
        events.sort_unstable();
        Ok(Self {
            id: row.try_get("id")?,
            created_at: column::optional_time(row, "created_at")?,
            requester_id: row.try_get("requester_id")?,
            organization_id: row.try_get("organization_id")?,
            channel: row.try_get("channel")?,
            agent_group: row.try_get("agent_group")?,
            category: row.try_get("category")?,
            priority: row.try_get("priority")?,
            status: column::optional_word(row, "status")?,
            solved_at: column::optional_time(row, "solved_at")?,
            reopened: row.try_get::<Option<u32>>("reopened")?.unwrap_or(0),
            escalated: row.try_get::<Option<bool>>("escalated")?.unwrap_or(false),
            handling_minutes: row.try_get("handling_minutes")?,
            due_at: column::optional_time(row, "due_at")?,
            first_response_due_at: column::optional_time(row, "first_response_due_at")?,
            events,
        })
    }
}
