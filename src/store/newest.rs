//! When something was written last.

use jiff::Timestamp;

use super::{Store, StoreError, column, sql};

impl Store {
    /// The latest time that stands in the trail, a job, an answer or a training; `None` of an empty store. What lies
    /// after the present was written under another clock.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn written_last(&self) -> Result<Option<Timestamp>, StoreError> {
        // Ids of answers sort by time.
        let row = sql::query(
            "SELECT max(at) AS at FROM (
                 SELECT max(at) AS at FROM trail
                 UNION ALL SELECT max(created_at) AS at FROM jobs
                 UNION ALL SELECT max(began_at) AS at FROM trainings
                 UNION ALL SELECT created_at AS at FROM predictions
                     WHERE id = (SELECT max(id) FROM predictions)) AS times",
        )
        .fetch_one(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        column::optional_time(&row, "at").map_err(|error| self.failed(error))
    }
}
