//! Reminders: an event for each customer who is to be called soon.

use jiff::Timestamp;

use super::events::EVENT;
use super::follow_ups::WAITING;
use super::sql::{FromRow, Row};
use super::{EventType, FollowUpRecord, NewJob, Store, StoreError, SurveyRecord, column, surveys};

/// Most that are told in one go; the rest is told at the next.
const AT_ONCE: u32 = 500;

impl Store {
    /// Tells of follow-ups that wait for a call and are due after `from` and by `until`, each once; how many were told.
    /// What was told is known as long as jobs that are over are kept.
    ///
    /// # Errors
    /// Those of any read and write; then nothing is told.
    pub async fn remind(
        &self,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        // As in a page of follow-ups, the index on the due time comes first.
        let mut query = surveys::selected("FROM follow_ups f CROSS JOIN surveys s");
        query.push(" WHERE s.id = f.survey_id AND ").push(WAITING);
        query.push(" AND f.due_at > ").push_bind(column::time_text(from));
        query.push(" AND f.due_at <= ").push_bind(column::time_text(until));
        query.push(" AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = ").push_bind(EVENT);
        query.push(" AND key = ").push_bind(format!("{}:", EventType::FollowUpDue.name()));
        query.push(" || f.survey_id) ORDER BY f.due_at, f.survey_id LIMIT ").push_bind(AT_ONCE);
        let rows = query.build().fetch_all(self.readers()).await.map_err(|error| self.failed(error))?;
        let jobs: Result<Vec<NewJob>, sqlx::Error> = rows.iter().map(|row| event(row, now)).collect();
        let jobs = jobs.map_err(|error| self.failed(error))?;
        if jobs.is_empty() {
            return Ok(0);
        }
        // Another instance may have told of some meanwhile.
        Ok(self.enqueue(jobs, now).await?.into_iter().filter(|new| *new).count())
    }
}

fn event(row: &Row, now: Timestamp) -> Result<NewJob, sqlx::Error> {
    let (survey, follow_up) = (SurveyRecord::from_row(row)?, FollowUpRecord::from_row(row)?);
    let data = surveys::to_call(&survey, follow_up.owner.as_deref(), follow_up.due_at);
    Ok(EventType::FollowUpDue.job(&survey.id, &data, now))
}
