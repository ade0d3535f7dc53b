//! What other instances on the same store changed, taken into the index and into memory.

use std::sync::Arc;

use super::error::KnowledgeError;
use super::{Knowledge, Shared, sync};
use crate::store::{News, VoiceChange};

/// Tickets that are taken in at a time.
const BATCH: usize = 500;

impl Knowledge {
    /// Takes in what another instance changed, so that the next search sees it.
    ///
    /// # Errors
    /// Those of the store and the index; what was not taken in is with the next news of everything.
    pub async fn follow(&self, news: &News) -> Result<(), KnowledgeError> {
        let shared = Arc::clone(&self.shared);
        let news = news.clone();
        // To its end: half of it would be missing until everything is read again.
        let task = tokio::spawn(async move { shared.follow(&news).await });
        task.await.map_err(|e| KnowledgeError::Failed(e.to_string()))?
    }

    /// Takes in the articles that another instance changed, in case a word of it was missed.
    ///
    /// # Errors
    /// Those of the store and the index.
    pub async fn follow_articles(&self) -> Result<(), KnowledgeError> {
        if self.shared.store.change_seq().await? == self.shared.index().seq() {
            return Ok(());
        }
        self.follow(&News { articles: true, ..News::default() }).await
    }
}

impl Shared {
    async fn follow(&self, news: &News) -> Result<(), KnowledgeError> {
        if news.everything || news.articles {
            let _alone = self.changing.lock().await;
            self.catch_up().await?;
        }
        if news.everything {
            self.count_again().await?;
            return self.remember_all().await;
        }
        for article_id in &news.voices {
            self.count_of(article_id).await?;
        }
        for batch in news.tickets.chunks(BATCH) {
            self.remember(batch).await?;
        }
        Ok(())
    }

    /// Counts what counts otherwise now. Where others write too, what is counted is read from the store: a
    /// difference could be counted twice, once by itself and once with theirs.
    pub(super) async fn count(&self, voices: Vec<VoiceChange>) -> Result<(), KnowledgeError> {
        if !self.store.is_shared() {
            self.usefulness.apply(voices);
            return Ok(());
        }
        for voice in voices {
            self.count_of(&voice.article_id).await?;
        }
        Ok(())
    }

    async fn count_of(&self, article_id: &str) -> Result<(), KnowledgeError> {
        // Between reading and counting, nobody else may count something newer.
        let _alone = self.counting.lock().await;
        let voices = self.store.voices_of(article_id).await?;
        self.usefulness.replace(article_id, voices);
        Ok(())
    }

    async fn count_again(&self) -> Result<(), KnowledgeError> {
        let _alone = self.counting.lock().await;
        let counted = self.usefulness.afresh().filled(&self.store).await?;
        self.usefulness.replace_all(counted);
        Ok(())
    }

    async fn remember_all(&self) -> Result<(), KnowledgeError> {
        let _alone = self.remembering.lock().await;
        let now = self.current();
        sync::fill_tickets(&self.store, now.encoder_id(), &now.tickets).await
    }
}
