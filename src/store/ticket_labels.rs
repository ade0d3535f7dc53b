//! What was said about tickets' labels: by the submitter, by the model, in the end.

use futures_util::TryStreamExt as _;
use jiff::Timestamp;

use super::sql::{FromRow, QueryBuilder, Row};
use super::{FinalLabels, Store, StoreError, column};

/// The labels of one ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketLabels {
    /// The ticket.
    pub id: String,
    /// Who asked.
    pub requester_id: Option<String>,
    /// The form that they filled in.
    pub form: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// What the submitter chose.
    pub submitted: LabelPair,
    /// What the model said last; both are `None` where it was never asked.
    pub predicted: LabelPair,
    /// Whether the model was sure of another label than the submitter's: category, then priority. Only told
    /// where agents have not settled the label and the two differ.
    pub flagged: [Option<bool>; 2],
    /// What agents settled on.
    pub settled: FinalLabels,
}

/// A category and a priority.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelPair {
    /// Category.
    pub category: Option<String>,
    /// Priority.
    pub priority: Option<String>,
}

impl Store {
    /// Tells `each` the labels of every ticket with a submitted label that came in from `from` on and before
    /// `to`, in no order; without both, also of tickets of which no time is known. Memory does not grow with
    /// their number.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn each_ticket_labels(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        mut each: impl FnMut(TicketLabels),
    ) -> Result<(), StoreError> {
        // An answer is a large text: it is looked into only where nothing else tells.
        let mut query = QueryBuilder::new(
            "SELECT t.id, t.requester_id, t.form, t.channel, t.submitted_category, t.submitted_priority,
                 t.final_category, t.final_impact, t.final_urgency, t.final_priority,
                 g.category AS predicted_category, g.priority AS predicted_priority,
                 CASE WHEN t.final_category IS NULL AND t.submitted_category <> g.category
                     THEN (SELECT json(p.answer) -> 'predictions' -> 'category' -> 'mismatch' ->> 'flagged' FROM predictions p
                         WHERE p.ticket_id = t.id ORDER BY p.created_at DESC, p.id DESC LIMIT 1)
                     END AS category_flagged,
                 CASE WHEN t.final_priority IS NULL AND t.submitted_priority <> g.priority
                     THEN (SELECT json(p.answer) -> 'predictions' -> 'priority' -> 'mismatch' ->> 'flagged' FROM predictions p
                         WHERE p.ticket_id = t.id ORDER BY p.created_at DESC, p.id DESC LIMIT 1)
                     END AS priority_flagged
             FROM tickets t LEFT JOIN findings g ON g.ticket_id = t.id
             WHERE (t.submitted_category IS NOT NULL OR t.submitted_priority IS NOT NULL)",
        );
        if let Some(from) = from {
            query.push(" AND t.created_at >= ").push_bind(column::time_text(from));
        }
        if let Some(to) = to {
            query.push(" AND t.created_at < ").push_bind(column::time_text(to));
        }
        let mut rows = query.build_query_as::<TicketLabels>().fetch(self.readers());
        while let Some(labels) = rows.try_next().await.map_err(|error| self.failed(error))? {
            each(labels);
        }
        Ok(())
    }
}

impl FromRow for TicketLabels {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let pair = |category: &str, priority: &str| {
            Ok::<_, sqlx::Error>(LabelPair {
                category: row.try_get(category)?,
                priority: row.try_get(priority)?,
            })
        };
        Ok(Self {
            id: row.try_get("id")?,
            requester_id: row.try_get("requester_id")?,
            form: row.try_get("form")?,
            channel: row.try_get("channel")?,
            submitted: pair("submitted_category", "submitted_priority")?,
            predicted: pair("predicted_category", "predicted_priority")?,
            flagged: [row.try_get("category_flagged")?, row.try_get("priority_flagged")?],
            settled: FinalLabels {
                category: row.try_get("final_category")?,
                impact: row.try_get("final_impact")?,
                urgency: row.try_get("final_urgency")?,
                priority: row.try_get("final_priority")?,
            },
        })
    }
}
