//! What has been kept for as long as the site wants is forgotten.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{BATCH, Forgetter, PrivacyError};
use crate::audit::gaps::VISIT;
use crate::config::RetentionSettings;
use crate::store::{Change, Retained, StoreError};

/// What would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Of this kind.
    pub kind: Retained,
    /// Days that it is kept.
    pub days: u32,
    /// Rows that are older.
    pub rows: u64,
    /// When the oldest of them is from.
    pub oldest: Option<Timestamp>,
}

/// What went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Of this kind.
    pub kind: Retained,
    /// So many rows.
    pub rows: u64,
}

impl Forgetter {
    /// What `sweep` would forget at the time `now`, for each kind that has a period.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn due(&self, settings: &RetentionSettings, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let mut all = Vec::new();
        for (kind, days) in periods(settings) {
            let (rows, oldest) = self.store.count_old(kind, before(now, days)).await?;
            all.push(Due { kind, days, rows, oldest });
        }
        Ok(all)
    }

    /// How many tickets have no date, so that no period ends for them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn undated_tickets(&self) -> Result<u64, StoreError> {
        self.store.undated_tickets().await
    }

    /// Forgets what is older at the time `now` than it is to be kept, part by part with `pause` between the parts, and
    /// tells in the trail how much of each kind went. A sweep that was cut off is made good by the next.
    ///
    /// # Errors
    /// Those of the store; then a part of it is gone, and the next sweep goes on.
    pub async fn sweep(
        &self,
        settings: &RetentionSettings,
        now: Timestamp,
        pause: Duration,
    ) -> Result<Vec<Swept>, PrivacyError> {
        let mut all = Vec::new();
        for (kind, days) in periods(settings) {
            let rows = self.sweep_kind(kind, before(now, days), pause).await?;
            all.push(Swept { kind, rows });
            if rows > 0 {
                let detail = json!({"rows": rows, "days": days, "before": before(now, days)});
                let change = Change { action: "retention.sweep", subject: kind.name().to_owned(), detail };
                self.store.record(change).await?;
            }
        }
        // Also where nothing went today: an earlier sweep may have been cut off before this.
        if settings.tickets.is_some() || settings.surveys.is_some() {
            self.store.forget_references(VISIT, false).await?;
        }
        if all.iter().any(|swept| swept.rows > 0) {
            self.store.empty_log().await?;
        }
        Ok(all)
    }

    async fn sweep_kind(
        &self,
        kind: Retained,
        before: Timestamp,
        pause: Duration,
    ) -> Result<u64, PrivacyError> {
        let mut rows = 0;
        loop {
            let gone = self.store.forget_old(kind, before, BATCH, &self.prefixes).await?;
            if gone.rows == 0 {
                return Ok(rows);
            }
            rows += gone.rows;
            if let Some(knowledge) = &self.knowledge {
                knowledge.forget(gone).await?;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// What is older than this has been kept for more than so many days.
fn before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

/// The kinds that have a period, with its days.
fn periods(settings: &RetentionSettings) -> impl Iterator<Item = (Retained, u32)> {
    let RetentionSettings { tickets, surveys, deflections, updates, sign_ins, deleted_articles } = *settings;
    let all = [
        (Retained::Tickets, tickets),
        (Retained::Surveys, surveys),
        (Retained::Deflections, deflections),
        (Retained::Updates, updates),
        (Retained::SignIns, sign_ins),
        (Retained::DeletedArticles, deleted_articles),
    ];
    all.into_iter().filter_map(|(kind, days)| Some((kind, days?)))
}
