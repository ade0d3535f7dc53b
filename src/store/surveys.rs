//! Surveys with their follow-ups: kept, listed, and told to trends one by one.
//!
//! What a survey does not say of its ticket is joined when it is read: a category that is settled weeks
//! later counts from then on.

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::follow_ups::{self, FollowUpClock, FollowUpRecord, FollowUpState, NewFollowUp};
use super::sql::{self, Connection, FromRow, QueryBuilder, Row};
use super::survey::{SurveyFigures, SurveyFilter, SurveyGroup, SurveyReading, SurveyRecord, SurveyTicket};
use super::writer::{Write, Written};
use super::{EventType, Store, StoreError, column, jobs};

/// The columns of a survey that its ticket may fill, and how.
const REQUESTER: &str = "coalesce(s.requester_id, t.requester_id)";
const ORGANIZATION: &str = "coalesce(s.organization_id, t.organization_id)";
const AGENT_GROUP: &str = "coalesce(s.agent_group, t.agent_group)";
const CHANNEL: &str = "coalesce(s.channel, t.channel)";
const CATEGORY: &str = "coalesce(s.category, t.final_category, g.category)";
/// The tables that they need.
const WITH_TICKET: &str =
    " LEFT JOIN tickets t ON t.id = s.ticket_id LEFT JOIN findings g ON g.ticket_id = t.id ";

/// Where a list goes on: behind the survey `id`, which has this time in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyPlace {
    /// When it was answered, or its follow-up is due.
    pub at: Timestamp,
    /// The survey.
    pub id: String,
}

/// What a survey that is kept asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptSurvey {
    /// The survey.
    pub survey: SurveyRecord,
    /// The follow-up to open, if it has none yet.
    pub follow_up: Option<NewFollowUp>,
}

impl Store {
    /// Keeps the surveys of `batch`, all or none, in place of those with the same ids, whose follow-ups stay.
    /// `now` is when.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn keep_surveys(&self, batch: Vec<KeptSurvey>, now: Timestamp) -> Result<(), StoreError> {
        let batch = batch.into_iter().map(|survey| self.masked_survey(survey)).collect();
        self.writer().write(Write::KeepSurveys { batch, now }).await.map(drop)
    }

    /// Forgets a survey and its follow-up; false if there is none.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and the like; then it is still there.
    pub async fn delete_survey(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.writer().write(Write::DeleteSurvey { id: id.to_owned() }).await?.found)
    }

    /// The survey with this id, and its follow-up if it has one.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn survey(
        &self,
        id: &str,
    ) -> Result<Option<(SurveyRecord, Option<FollowUpRecord>)>, StoreError> {
        let mut query = selected(WITH_FOLLOW_UP);
        query.push(" WHERE s.id = ").push_bind(id.to_owned());
        let row = query.build().fetch_optional(self.readers()).await.map_err(|error| self.failed(error))?;
        row.as_ref().map(both).transpose().map_err(|error| self.failed(error))
    }

    /// What the ticket with this id says of the surveys about it; `None` if it is not kept.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn survey_ticket(&self, id: &str) -> Result<Option<SurveyTicket>, StoreError> {
        let row = sql::query(
            "SELECT t.organization_id, t.agent_group, coalesce(t.final_category, g.category) AS category
             FROM tickets t LEFT JOIN findings g ON g.ticket_id = t.id WHERE t.id = $1",
        )
        .bind(id)
        .fetch_optional(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        let read = |row: &Row| {
            Ok(SurveyTicket {
                organization_id: row.try_get("organization_id")?,
                category: row.try_get("category")?,
                agent_group: row.try_get("agent_group")?,
            })
        };
        row.as_ref().map(read).transpose().map_err(|error| self.failed(error))
    }

    /// Up to `limit` surveys, the latest answer first, from the first behind `after` or from the start. With
    /// `states`, only those with a follow-up in one of them.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn surveys_page(
        &self,
        filter: &SurveyFilter,
        states: Option<(&[FollowUpState], FollowUpClock)>,
        after: Option<&SurveyPlace>,
        limit: u32,
    ) -> Result<Vec<(SurveyRecord, Option<FollowUpRecord>)>, StoreError> {
        let mut query = selected(WITH_FOLLOW_UP);
        wanted(&mut query, filter);
        if let Some((states, clock)) = states {
            query.push(" AND ");
            follow_ups::in_states(&mut query, states, clock);
        }
        if let Some(place) = after {
            query.push(" AND (s.answered_at, s.id) < (").push_bind(column::time_text(place.at));
            query.push(", ").push_bind(place.id.clone()).push(")");
        }
        query.push(" ORDER BY s.answered_at DESC, s.id DESC LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(self.readers()).await.map_err(|error| self.failed(error))?;
        rows.iter().map(|row| both(row).map_err(|error| self.failed(error))).collect()
    }

    /// Tells `each` the figures of every survey that is wanted, in no order, with its group. Memory does not
    /// grow with their number.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn each_survey(
        &self,
        filter: &SurveyFilter,
        by: SurveyGroup,
        mut each: impl FnMut(SurveyFigures),
    ) -> Result<(), StoreError> {
        let group = match by {
            SurveyGroup::Category => CATEGORY,
            SurveyGroup::AgentGroup => AGENT_GROUP,
            SurveyGroup::Organization => ORGANIZATION,
            SurveyGroup::Channel => CHANNEL,
        };
        let mut query =
            QueryBuilder::new("SELECT s.answered_at, s.rating, s.rating_scale, s.satisfaction, s.score, ");
        query.push(group).push(" AS grouped FROM surveys s").push(WITH_TICKET);
        wanted(&mut query, filter);
        let mut rows = query.build_query_as::<SurveyFigures>().fetch(self.readers());
        while let Some(figures) = rows.try_next().await.map_err(|error| self.failed(error))? {
            each(figures);
        }
        Ok(())
    }
}

const WITH_FOLLOW_UP: &str = "FROM surveys s LEFT JOIN follow_ups f ON f.survey_id = s.id";

/// Everything of surveys and their follow-ups from these tables, which are called `s` and `f`.
pub(super) fn selected(from: &'static str) -> QueryBuilder {
    let mut query = QueryBuilder::new(
        "SELECT s.id, s.ticket_id, s.answered_at, s.question, s.comment, s.rating, s.rating_scale,
             s.satisfaction, s.low, s.sentiment, s.score, s.confidence, s.intensity, s.aspects,
             s.rating_conflict, s.model_name, s.model_version, ",
    );
    for (column, name) in [
        (REQUESTER, "requester_id"),
        (ORGANIZATION, "organization_id"),
        (CATEGORY, "category"),
        (AGENT_GROUP, "agent_group"),
        (CHANNEL, "channel"),
    ] {
        query.push(column).push(" AS ").push(name).push(", ");
    }
    query.push(
        "f.owner, f.opened_at, f.due_at, f.contacted_at, f.outcome, f.root_cause, f.note, f.closed_at ",
    );
    query.push(from).push(WITH_TICKET);
    query
}

/// Adds the conditions of a filter.
fn wanted(query: &mut QueryBuilder, filter: &SurveyFilter) {
    query.push(" WHERE true");
    if let Some(from) = filter.from {
        query.push(" AND s.answered_at >= ").push_bind(column::time_text(from));
    }
    if let Some(to) = filter.to {
        query.push(" AND s.answered_at < ").push_bind(column::time_text(to));
    }
    if let Some(low) = filter.low {
        query.push(" AND s.low = ").push_bind(low);
    }
    if let Some(sentiment) = &filter.sentiment {
        query.push(" AND s.sentiment = ").push_bind(sentiment.clone());
    }
    if let Some(aspect) = &filter.aspect {
        query.push(" AND EXISTS (SELECT 1 FROM json_each(s.aspects) a WHERE json(a.value) ->> 'aspect' = ");
        query.push_bind(aspect.clone()).push(")");
    }
    if let Some(category) = &filter.category {
        query.push(" AND (").push(CATEGORY).push(" = ").push_bind(category.clone());
        let below = format!("{category}::");
        query.push(" OR substr(").push(CATEGORY).push(", 1, length(").push_bind(below.clone());
        query.push(")) = ").push_bind(below).push(")");
    }
    for (column, value) in
        [(AGENT_GROUP, &filter.agent_group), (ORGANIZATION, &filter.organization), (CHANNEL, &filter.channel)]
    {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(value.clone());
        }
    }
}

fn both(row: &Row) -> Result<(SurveyRecord, Option<FollowUpRecord>), sqlx::Error> {
    let due: Option<&str> = row.try_get("due_at")?;
    let follow_up = due.is_some().then(|| FollowUpRecord::from_row(row)).transpose()?;
    Ok((SurveyRecord::from_row(row)?, follow_up))
}

/// Keeps the batch, and opens the follow-ups that it asks for.
pub(super) async fn keep(
    connection: &mut Connection,
    batch: &[KeptSurvey],
    now: Timestamp,
) -> Result<Written, sqlx::Error> {
    let mut added = Vec::new();
    for KeptSurvey { survey, follow_up } in batch {
        put(connection, survey).await?;
        if let Some(opening) = follow_up
            && follow_ups::open(connection, &survey.id, opening, now).await?
        {
            let data = to_call(survey, opening.owner.as_deref(), opening.due_at);
            let low = EventType::SurveyLow.job(&survey.id, &data, now);
            added.extend(jobs::enqueue(connection, &[low], now).await?);
        }
    }
    Ok(Written { added, ..Written::default() })
}

/// The data of an event: what there is to call about, without what the customer wrote.
pub(super) fn to_call(survey: &SurveyRecord, owner: Option<&str>, due_at: Timestamp) -> Value {
    json!({
        "survey_id": survey.id,
        "ticket_id": survey.ticket_id,
        "requester_id": survey.requester_id,
        "organization_id": survey.organization_id,
        "category": survey.category,
        "agent_group": survey.agent_group,
        "answered_at": survey.answered_at,
        "rating": survey.rating.map(|(rating, _)| rating),
        "rating_scale": survey.rating.map(|(_, scale)| scale),
        "sentiment": survey.reading.as_ref().map(|reading| &reading.sentiment),
        "owner": owner,
        "due_at": due_at,
    })
}

async fn put(connection: &mut Connection, survey: &SurveyRecord) -> Result<(), sqlx::Error> {
    let reading = survey.reading.as_ref();
    sql::query(
        "INSERT INTO surveys (id, ticket_id, requester_id, organization_id, category, agent_group, channel,
             answered_at, question, comment, rating, rating_scale, satisfaction, low, sentiment, score,
             confidence, intensity, aspects, rating_conflict, model_name, model_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
             $21, $22)
         ON CONFLICT (id) DO UPDATE SET
             (ticket_id, requester_id, organization_id, category, agent_group, channel, answered_at, question,
              comment, rating, rating_scale, satisfaction, low, sentiment, score, confidence, intensity,
              aspects, rating_conflict, model_name, model_version)
             = (excluded.ticket_id, excluded.requester_id, excluded.organization_id, excluded.category,
                excluded.agent_group, excluded.channel, excluded.answered_at, excluded.question,
                excluded.comment, excluded.rating, excluded.rating_scale, excluded.satisfaction, excluded.low,
                excluded.sentiment, excluded.score, excluded.confidence, excluded.intensity, excluded.aspects,
                excluded.rating_conflict, excluded.model_name, excluded.model_version)",
    )
    .bind(&survey.id)
    .bind(&survey.ticket_id)
    .bind(&survey.requester_id)
    .bind(&survey.organization_id)
    .bind(&survey.category)
    .bind(&survey.agent_group)
    .bind(&survey.channel)
    .bind(column::time_text(survey.answered_at))
    .bind(&survey.question)
    .bind(&survey.comment)
    .bind(survey.rating.map(|(rating, _)| rating))
    .bind(survey.rating.as_ref().map(|(_, scale)| column::word_text(scale)).transpose()?)
    .bind(survey.satisfaction)
    .bind(survey.low)
    .bind(reading.map(|reading| &reading.sentiment))
    .bind(reading.map(|reading| reading.score))
    .bind(reading.map(|reading| reading.confidence))
    .bind(reading.and_then(|reading| reading.intensity))
    .bind(column::json_text(reading.map_or(&[][..], |reading| &reading.aspects))?)
    .bind(reading.map(|reading| reading.rating_conflict))
    .bind(reading.map(|reading| &reading.model_name))
    .bind(reading.map(|reading| &reading.model_version))
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the survey; whether there was one.
pub(super) async fn delete(connection: &mut Connection, id: &str) -> Result<bool, sqlx::Error> {
    let done = sql::query("DELETE FROM surveys WHERE id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

fn rating(row: &Row) -> Result<Option<(f64, super::RatingScale)>, sqlx::Error> {
    let rating: Option<f64> = row.try_get("rating")?;
    Ok(rating.zip(column::optional_word(row, "rating_scale")?))
}

impl FromRow for SurveyFigures {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            answered_at: column::time(row, "answered_at")?,
            group: row.try_get("grouped")?,
            rating: rating(row)?,
            satisfaction: row.try_get("satisfaction")?,
            score: row.try_get("score")?,
        })
    }
}

impl FromRow for SurveyRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let reading = match row.try_get::<Option<String>>("sentiment")? {
            None => None,
            Some(sentiment) => Some(SurveyReading {
                sentiment,
                score: row.try_get("score")?,
                confidence: row.try_get("confidence")?,
                intensity: row.try_get("intensity")?,
                aspects: column::json(row, "aspects")?,
                rating_conflict: row.try_get("rating_conflict")?,
                model_name: row.try_get("model_name")?,
                model_version: row.try_get("model_version")?,
            }),
        };
        Ok(Self {
            id: row.try_get("id")?,
            ticket_id: row.try_get("ticket_id")?,
            requester_id: row.try_get("requester_id")?,
            organization_id: row.try_get("organization_id")?,
            category: row.try_get("category")?,
            agent_group: row.try_get("agent_group")?,
            channel: row.try_get("channel")?,
            answered_at: column::time(row, "answered_at")?,
            question: row.try_get("question")?,
            comment: row.try_get("comment")?,
            rating: rating(row)?,
            satisfaction: row.try_get("satisfaction")?,
            low: row.try_get("low")?,
            reading,
        })
    }
}
