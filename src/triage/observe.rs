//! Past tickets of a file as the audit looks at them: read by the model, searched in the articles of today.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Deserialize;

use super::{HistoryRow, Ticket, Triage, TriageError};
use crate::audit::Observed;
use crate::knowledge::{Query, Suggestions, Withdrawn};
use crate::model::{Input, Lane, Reading};
use crate::store::Audience;

/// A past ticket with what an audit needs beside its outcome.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuditRow {
    #[serde(flatten)]
    history: HistoryRow,
    /// Articles that were said to be no help with it.
    dismissed_article_ids: Vec<String>,
    /// Whether its requester gave a low rating.
    low_scored: Option<bool>,
    /// How its requester felt, -1 to 1.
    sentiment: Option<f32>,
}

/// Where else articles are looked for than among those that are out.
#[derive(Default)]
pub struct Also {
    /// Where none answers, among those that have expired.
    pub expired: bool,
    /// Among these, which are archived or drafts.
    pub withdrawn: Option<Arc<Withdrawn>>,
}

impl AuditRow {
    /// Whether there is anything to read.
    pub fn has_words(&self) -> bool {
        self.history.has_words()
    }
}

impl Triage {
    /// What the audit observes of the tickets, in the order of `rows`: the category that agents settled on or
    /// else the predicted one, and how likely it is that an article answers at the time `now`; and, as
    /// `also` says, whether one would that is not out.
    ///
    /// # Errors
    /// Those of the model and the search.
    pub async fn observe(
        &self,
        rows: &[AuditRow],
        now: Timestamp,
        also: &Also,
    ) -> Result<Vec<Observed>, TriageError> {
        let tickets: Vec<Ticket> = rows.iter().map(|row| row.history.ticket().into()).collect();
        let texts: Vec<String> = tickets.iter().map(|ticket| self.words(ticket).text).collect();
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
        let readings = self.model.read(&inputs, Lane::Bulk).await?;
        let nearer = match &also.withdrawn {
            Some(withdrawn) => withdrawn.nearer(readings.iter().map(Reading::embedding).collect()).await?,
            None => vec![None; rows.len()],
        };
        let all = rows.iter().zip(tickets).zip(texts.iter().zip(&readings));
        let all = all.map(|((row, ticket), (text, reading))| {
            self.observed(row, ticket, text, reading, now, also.expired)
        });
        let observed = join_all(all).await.into_iter().zip(nearer);
        observed.map(|(observed, withdrawn)| Ok(Observed { withdrawn, ..observed? })).collect()
    }

    async fn observed(
        &self,
        row: &AuditRow,
        ticket: Ticket,
        text: &str,
        reading: &Reading,
        now: Timestamp,
        expired: bool,
    ) -> Result<Observed, TriageError> {
        let found = self.searched(text, reading, now).await?;
        let answered = found.as_ref().is_none_or(|found| found.answered);
        let mut would = None;
        if expired && !answered {
            // At the beginning of time nothing has expired yet.
            would = self.searched(text, reading, Timestamp::UNIX_EPOCH).await?.filter(|found| found.answered);
        }
        let head = self.model.head("category");
        let predicted =
            head.map(|head| head.distribution(&reading.features, &reading.terms).top().0.to_owned());
        let best = |found: &Suggestions| found.articles.first().map(|a| (a.id.clone(), a.score));
        let outcome = &row.history;
        Ok(Observed {
            id: ticket.id.unwrap_or_default(),
            created_at: ticket.created_at,
            category: outcome.labels().category.or(predicted),
            channel: ticket.channel,
            organization: ticket.organization_id,
            agent_group: ticket.agent_group,
            subject: ticket.subject,
            text: text.to_owned(),
            embedding: reading.embedding(),
            answer_confidence: found.as_ref().map(|found| found.answer_confidence),
            best: found.as_ref().and_then(best),
            expired: would
                .and_then(|found| Some((found.articles.first()?.id.clone(), found.answer_confidence))),
            withdrawn: None,
            attached: outcome.article_ids.clone(),
            dismissed: row.dismissed_article_ids.clone(),
            reopened: outcome.reopened.is_some_and(|times| times > 0),
            escalated: outcome.escalated.unwrap_or(false),
            low_scored: row.low_scored.unwrap_or(false),
            handling_minutes: outcome.handling_minutes,
            sentiment: row.sentiment,
            resolution: outcome.resolution.clone(),
        })
    }

    async fn searched(
        &self,
        text: &str,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Option<Suggestions>, TriageError> {
        let Some(desk) = &self.desk else { return Ok(None) };
        let embedding = reading.embedding();
        let query = Query::unfiltered(text, &embedding, Audience::Agent, now, 1);
        Ok(Some(desk.knowledge.suggest(&query).await?))
    }
}
