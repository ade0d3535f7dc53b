//! Proof of closure: whether an article that was published for a group answers its tickets.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::error::AuditError;
use crate::knowledge::{Knowledge, Query};
use crate::store::{Audience, GapRecord, Store};

/// Tickets of the group that are searched for again.
const SEARCHED: usize = 30;
const SECONDS_A_WEEK: f64 = 7.0 * 86_400.0;

/// What moved since the article came out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Closure {
    /// When it came out.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// Mean answer confidence of the group's tickets then, 0 to 1.
    pub confidence_then: f64,
    /// The same tickets searched for again now, at most thirty; absent where they are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_now: Option<f64>,
    /// On how many of them the article is found first now.
    pub found_first: usize,
    /// How many were searched for.
    pub searched: usize,
    /// Tickets to which the article was attached, or which it solved, whichever are more; of all times.
    pub attached: u64,
    /// Unanswered tickets of the group a week, until it came out.
    pub weekly_before: f64,
    /// Since; absent in the first week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly_after: Option<f64>,
}

/// Looks again at the tickets of a published group. `current` is when those came in that it has now.
pub(in crate::audit) async fn closure(
    store: &Store,
    knowledge: &Knowledge,
    gap: &GapRecord,
    current: &[Timestamp],
    now: Timestamp,
) -> Result<Option<Closure>, AuditError> {
    let Some(published_at) = gap.published_at else { return Ok(None) };
    let ids: Vec<String> = gap.members.iter().take(SEARCHED).cloned().collect();
    let tickets = store.tickets(&ids).await?;
    let (mut sum, mut searched, mut found_first) = (0.0, 0, 0);
    for ticket in tickets.into_iter().filter_map(super::super::unanswered::gap_ticket) {
        let query = Query::unfiltered(&ticket.text, &ticket.embedding, Audience::Agent, now, 1);
        let found = knowledge.suggest(&query).await?;
        sum += f64::from(found.answer_confidence);
        searched += 1;
        found_first += usize::from(found.articles.first().map(|a| &a.id) == gap.article_id.as_ref());
    }
    let attached = match &gap.article_id {
        Some(article) => {
            let counts = store.feedback_counts(article).await?;
            counts.attached.max(counts.solved)
        }
        None => 0,
    };
    let first = store.tickets(&gap.members).await?.into_iter().filter_map(|ticket| ticket.created_at).min();
    let before = weeks(first.unwrap_or(gap.first_seen_at), published_at);
    let since = weeks(published_at, now);
    Ok(Some(Closure {
        published_at,
        confidence_then: gap.confidence,
        confidence_now: (searched > 0).then(|| sum / searched as f64),
        found_first,
        searched,
        attached,
        weekly_before: gap.members.len() as f64 / before.max(1.0),
        weekly_after: (since >= 1.0)
            .then(|| current.iter().filter(|at| **at >= published_at).count() as f64 / since),
    }))
}

fn weeks(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).max(SignedDuration::ZERO).as_secs_f64() / SECONDS_A_WEEK
}
