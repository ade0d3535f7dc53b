//! The articles that answer a ticket, without predictions.

use jiff::Timestamp;

use super::{Ticket, Triage, TriageError};
use crate::knowledge::{Query, Suggestions};
use crate::store::Audience;

/// Which articles are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Who will see them.
    pub audience: Audience,
    /// Only articles of exactly this category.
    pub category: Option<String>,
    /// Only articles in this language (ISO 639-1), or in none that is known.
    pub language: Option<String>,
    /// Only articles about this product or brand, or about none in particular.
    pub product: Option<String>,
    /// Only articles with all of these labels.
    pub labels: Vec<String>,
    /// So many at most.
    pub top: usize,
}

/// The articles that answer a ticket.
#[derive(Debug, Clone)]
pub struct TicketSuggestions {
    /// Articles, best first, and how likely it is that one answers.
    pub suggestions: Suggestions,
    /// Whether words of the ticket were left out.
    pub truncated: bool,
    /// What was cut, skipped or not understood.
    pub warnings: Vec<String>,
}

impl Triage {
    /// The articles that answer a ticket, without predictions. `now` is when it is asked.
    pub async fn suggest(
        &self,
        ticket: &Ticket,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<TicketSuggestions, TriageError> {
        let (words, reading) = self.read(ticket).await?;
        let embedding = reading.embedding();
        let suggestions = match &self.desk {
            None => Suggestions { answered: false, answer_confidence: 0.0, articles: Vec::new() },
            Some(desk) => {
                let query = Query {
                    text: &words.text,
                    embedding: &embedding,
                    audience: wanted.audience,
                    category: wanted.category.as_deref(),
                    language: wanted.language.as_deref(),
                    product: wanted.product.as_deref(),
                    labels: &wanted.labels,
                    now,
                    top: wanted.top,
                };
                desk.knowledge.suggest(&query).await?
            }
        };
        Ok(TicketSuggestions { suggestions, truncated: reading.truncated, warnings: words.warnings })
    }
}
