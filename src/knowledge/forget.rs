//! Tickets that are gone from the store go from memory.

use super::{Knowledge, KnowledgeError};
use crate::store::Forgotten;

impl Knowledge {
    /// Lets tickets that the store has forgotten be found no more, and what was said on them count no more.
    ///
    /// # Errors
    /// Those of the store, where others write into it too.
    pub async fn forget(&self, gone: Forgotten) -> Result<(), KnowledgeError> {
        self.shared.count(gone.voices).await?;
        // Whoever has read one of them from the store takes it in before this, and nobody reads it any more.
        let _alone = self.shared.remembering.lock().await;
        self.shared.current().tickets.update(gone.tickets.into_iter().map(|id| (id, None)));
        Ok(())
    }
}
