//! What became of tickets, and what people said about articles: kept, and counted from the next search on.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::KnowledgeError;
use super::{Knowledge, Shared};
use crate::store::{Deflection, Feedback, FeedbackCounts, OutcomeRecord, TicketEvent};

/// What was said about an article, and what it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ArticleFeedback {
    /// On how many tickets (or other occasions) each was said, without what was taken back.
    #[serde(flatten)]
    pub counts: FeedbackCounts,
    /// How useful the article has proved, 0..1: 0.5 where nothing speaks for it or against it. The ranking
    /// counts it, within bounds.
    pub usefulness: f64,
}

impl Knowledge {
    /// Keeps what became of a ticket; `false` if there is no such ticket. When this returns it survives a
    /// crash, and the next answer counts it. `now` is when.
    ///
    /// # Errors
    /// Those of the store; then nothing is kept.
    pub async fn outcome(
        &self,
        ticket_id: &str,
        outcome: OutcomeRecord,
        now: Timestamp,
    ) -> Result<bool, KnowledgeError> {
        let id = ticket_id.to_owned();
        self.to_the_end(move |shared| async move {
            let Some(written) = shared.store.save_outcome(&id, &outcome, now).await? else {
                return Ok(false);
            };
            shared.count(written.voices).await?;
            shared.remember(&[id]).await?;
            Ok(true)
        })
        .await
    }

    /// Keeps what happened to a ticket; `None` if there is no such ticket, else whether anything of it was
    /// new. When this returns it survives a crash, and the next answer counts it. `now` is when it is told.
    ///
    /// # Errors
    /// Those of the store; then nothing is kept.
    pub async fn happened(
        &self,
        ticket_id: &str,
        events: Vec<TicketEvent>,
        now: Timestamp,
    ) -> Result<Option<bool>, KnowledgeError> {
        let id = ticket_id.to_owned();
        self.to_the_end(move |shared| async move {
            let Some(written) = shared.store.save_events(&id, &events, now).await? else {
                return Ok(None);
            };
            shared.count(written.voices).await?;
            shared.remember(&[id]).await?;
            Ok(Some(written.changed))
        })
        .await
    }

    /// Keeps a word of feedback; whether that changed anything. When this returns it survives a crash, and
    /// the next search counts it.
    ///
    /// # Errors
    /// Those of the store; then nothing is kept.
    pub async fn say(&self, feedback: Feedback) -> Result<bool, KnowledgeError> {
        self.to_the_end(move |shared| async move {
            let written = shared.store.say(&feedback).await?;
            shared.count(written.voices).await?;
            Ok(written.changed)
        })
        .await
    }

    /// Takes exactly this word of feedback back, at `feedback.at`; whether there was one to take back.
    ///
    /// # Errors
    /// Those of the store; then it still counts.
    pub async fn take_back(&self, feedback: Feedback) -> Result<bool, KnowledgeError> {
        self.to_the_end(move |shared| async move {
            let written = shared.store.take_back(&feedback).await?;
            shared.count(written.voices).await?;
            Ok(written.changed)
        })
        .await
    }

    /// Keeps what came of a customer's own search, and of the texts that found nothing the newest `keep`;
    /// whether that changed anything. When this returns it survives a crash, and the next search counts an
    /// article that solved it.
    ///
    /// # Errors
    /// Those of the store; then nothing is kept.
    pub async fn deflect(&self, deflection: Deflection, keep: u32) -> Result<bool, KnowledgeError> {
        self.to_the_end(move |shared| async move {
            let written = shared.store.save_deflection(&deflection, keep).await?;
            shared.count(written.voices).await?;
            Ok(written.changed)
        })
        .await
    }

    /// What was said about an article, and what it comes to at the time `now`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn feedback(
        &self,
        article_id: &str,
        now: Timestamp,
    ) -> Result<ArticleFeedback, KnowledgeError> {
        let counts = self.shared.store.feedback_counts(article_id).await?;
        Ok(ArticleFeedback { counts, usefulness: self.shared.usefulness.of(article_id, now) })
    }

    /// Does what goes from the store to memory, to its end even if the caller goes away: what was kept and
    /// not counted would be missing until the next start.
    async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<Shared>) -> F) -> Result<T, KnowledgeError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, KnowledgeError>> + Send + 'static,
    {
        let task = tokio::spawn(work(Arc::clone(&self.shared)));
        task.await.map_err(|e| KnowledgeError::Failed(e.to_string()))?
    }
}
