//! Triage: decisions about one ticket.
//!
//! In comes a ticket as the helpdesk sent it; out goes the answer: category, impact and urgency from
//! the model's heads, priority from the matrix, articles and similar tickets from the knowledge room.
//! This room knows nothing of HTTP or pages.

mod answer;
mod decision;
mod named;
mod observe;
mod original;
mod past;
mod priority;
mod reasons;
mod record;
mod replay;
mod rows;
mod suggest;
mod ticket;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

pub use answer::{Mismatch, Prediction, Raised, Ranked, TriageAnswer};
use decision::Rule;
pub use decision::{ConfidenceLevel, Decision};
pub use named::NamedItem;
pub use observe::{Also, AuditRow};
pub use reasons::{DeletionReport, DeletionTask, Field, Reason};
pub use rows::{HistoryRow, TicketRow};
pub use suggest::{TicketSuggestions, Wanted};
pub use ticket::{Options, Sla, Submitted, Ticket};

use crate::config::{Priority, TriageSettings};
use crate::inventory::Inventory;
use crate::knowledge::{Knowledge, KnowledgeError, Query};
use crate::model::{Distribution, Input, Lane, Model, ModelError, Reading, Reads};
use crate::store::{Audience, Store, StoreError, TicketRecord};
use crate::text::{language, mail, with_subject};

/// A ticket that could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum TriageError {
    /// The model could not read it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The articles could not be searched.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// The answer could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a site keeps: with it, answers carry articles and similar tickets and are recorded.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Tickets and predictions.
    pub store: Store,
    /// Articles and the memory of tickets.
    pub knowledge: Knowledge,
    /// Configuration items.
    pub inventory: Inventory,
}

/// The triage of tickets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Triage {
    model: Arc<Model>,
    settings: Arc<TriageSettings>,
    desk: Option<Desk>,
    lane: Lane,
    /// From which P(P1) on a ticket is P1, where the site has set a floor that the bundle can keep.
    p1_from: Option<f32>,
}

/// A ticket as the model reads it: the words that count, and what was noticed on the way.
#[derive(Debug, Clone)]
pub struct Words {
    /// Subject and body, without quoted mail, signature and markup.
    pub text: String,
    /// ISO 639-1 code of the language, where it could be told.
    pub language: Option<&'static str>,
    /// Whether the language is surely one that the bundle was not trained in.
    pub foreign: bool,
    /// What was set aside or not understood, for the answer.
    pub warnings: Vec<String>,
    /// Where the body's words begin in `text`, in bytes.
    body_at: usize,
    /// For each line of them, the part of the body that it was read from.
    sources: Vec<Range<usize>>,
}

impl Triage {
    /// Triage by `model`; without a desk there are predictions only.
    pub fn new(model: Arc<Model>, settings: TriageSettings, desk: Option<Desk>) -> Self {
        let floor = settings.p1_recall_floor;
        let point = floor.map(|floor| model.manifest().p1_from(floor, &settings.matrix)).transpose();
        let p1_from = point.unwrap_or_else(|no_floor| {
            tracing::warn!("{no_floor}");
            None
        });
        let p1_from = p1_from.map(|point| point.from);
        Self { model, settings: Arc::new(settings), desk, lane: Lane::Interactive, p1_from }
    }

    /// The same for files of tickets: waits for room in the model's queue instead of being refused.
    pub fn for_batches(model: Arc<Model>, settings: TriageSettings, desk: Option<Desk>) -> Self {
        Self { lane: Lane::Bulk, ..Self::new(model, settings, desk) }
    }

    /// The same for what no person waits for: it waits for room in the model's queue instead of being refused.
    #[must_use]
    pub fn in_bulk(&self) -> Self {
        Self { lane: Lane::Bulk, ..self.clone() }
    }

    /// Answers a ticket. `now` is when, in UTC. Nothing is kept; see [`Self::answer_and_record`].
    #[tracing::instrument(name = "triage.answer", target = "span", skip_all)]
    pub async fn answer(
        &self,
        ticket: &Ticket,
        options: &Options,
        now: Timestamp,
    ) -> Result<TriageAnswer, TriageError> {
        let (words, reading) = self.read(ticket).await?;
        self.assemble(ticket, options, words, &reading, now).await
    }

    /// Answers a ticket and keeps it with its prediction; returns when both are durable. A ticket
    /// without an id is answered but not kept, and a warning says so.
    #[tracing::instrument(name = "triage.answer", target = "span", skip_all)]
    pub async fn answer_and_record(
        &self,
        ticket: &Ticket,
        options: &Options,
        now: Timestamp,
    ) -> Result<TriageAnswer, TriageError> {
        let (words, reading) = self.read(ticket).await?;
        let mut answer = self.assemble(ticket, options, words, &reading, now).await?;
        let Some(desk) = &self.desk else { return Ok(answer) };
        if ticket.id.is_none() {
            answer.warnings.push("the ticket has no id, so it was answered but not kept".into());
            return Ok(answer);
        }
        let record = record::ticket(ticket, reading.embedding(), self.model.encoder_id(), now);
        let record = self.as_kept(desk, record).await?;
        let prediction = record::prediction(&answer, &record.id, now);
        desk.store.save_triage(&record, &prediction, &record::finding(&answer)).await?;
        desk.knowledge.remember(&[record.id]).await?;
        Ok(answer)
    }

    /// Past tickets as they are to be kept, with their embeddings.
    pub async fn history(
        &self,
        rows: &[HistoryRow],
        now: Timestamp,
    ) -> Result<Vec<TicketRecord>, TriageError> {
        let tickets: Vec<Ticket> = rows.iter().map(|row| row.ticket.clone().into()).collect();
        let words: Vec<Words> = tickets.iter().map(|ticket| self.words(ticket)).collect();
        let inputs: Vec<Input<'_>> = words.iter().map(|words| Input::text(&words.text)).collect();
        let readings = self.model.read(&inputs, Lane::Bulk).await?;
        let encoder = self.model.encoder_id();
        let mut records = Vec::with_capacity(rows.len());
        for ((row, ticket), reading) in rows.iter().zip(&tickets).zip(&readings) {
            let record = TicketRecord {
                labels: row.labels(),
                status: row.status,
                solved_at: row.solved_at,
                resolution: row.resolution.clone(),
                article_ids: row.article_ids.clone(),
                reopened: row.reopened,
                escalated: row.escalated,
                handling_minutes: row.handling_minutes,
                ..record::ticket(ticket, reading.embedding(), encoder, now)
            };
            records.push(match &self.desk {
                Some(desk) => self.as_kept(desk, record).await?,
                None => record,
            });
        }
        Ok(records)
    }

    /// What the model reads of a ticket.
    pub fn words(&self, ticket: &Ticket) -> Words {
        let cleaned = mail::clean(&ticket.body, ticket.body_format);
        let text = with_subject(&ticket.subject, &cleaned.text);
        let detected = language::detect(&text);
        let known = &self.model.manifest().languages;
        let foreign = detected.reliable && detected.code.is_some_and(|code| !known.iter().any(|k| k == code));
        let mut warnings: Vec<String> = cleaned.warnings.iter().map(ToString::to_string).collect();
        if foreign {
            warnings.push(format!(
                "the ticket seems to be written in {:?}, in which this bundle was not trained; all decisions abstain",
                detected.code.unwrap_or("another language"),
            ));
        }
        let body_at = text.len() - cleaned.text.trim().len();
        let sources = cleaned.sources;
        Words { text, language: detected.code, foreign, warnings, body_at, sources }
    }

    /// A ticket's words and what the encoder makes of them.
    pub async fn read(&self, ticket: &Ticket) -> Result<(Words, Reading), ModelError> {
        let words = self.words(ticket);
        let readings = self.model.read(&[Input::text(&words.text)], self.lane).await?;
        let reading = readings.into_iter().next().ok_or(ModelError::Stopped)?;
        Ok((words, reading))
    }

    async fn assemble(
        &self,
        ticket: &Ticket,
        options: &Options,
        words: Words,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<TriageAnswer, TriageError> {
        let mut answer = TriageAnswer::new(ticket, self.model.manifest(), now);
        let (predictions, mut warnings) = self.predictions(ticket, options, &words, reading);
        answer.predictions = predictions;
        answer.language = words.language;
        answer.truncated = reading.truncated;
        answer.warnings.clone_from(&words.warnings);
        answer.warnings.append(&mut warnings);
        if options.explain {
            let warning = self.explain(ticket, &words, reading, &mut answer.predictions).await?;
            answer.warnings.extend(warning);
        }
        if reading.truncated {
            answer.warnings.push(format!(
                "the ticket is longer than the model reads at once; {} tokens of its beginning, its end and what stands out between them decided",
                reading.tokens
            ));
        }
        if let Some(desk) = &self.desk {
            let embedding = reading.embedding();
            if options.articles > 0 {
                let query =
                    Query::unfiltered(&words.text, &embedding, options.audience, now, options.articles);
                let found = desk.knowledge.suggest(&query).await?;
                answer.answered = Some(found.answered);
                answer.answer_confidence = Some(found.answer_confidence);
                answer.articles = found.articles;
            }
            // Other people's tickets are nothing for a customer.
            if options.audience == Audience::Agent && options.similar > 0 {
                let at = ticket.created_at.unwrap_or(now);
                let similar =
                    desk.knowledge.similar(&embedding, ticket.id.as_deref(), options.similar, at).await?;
                (answer.similar_tickets, answer.open_tickets) = (similar.past, similar.open);
            }
            // Nor is what a house runs.
            if options.audience == Audience::Agent {
                answer.configuration_items = named::items(&desk.inventory, ticket, &words);
            }
        }
        Ok(answer)
    }

    /// One prediction for each ticket head, and the priority that follows; with warnings.
    fn predictions(
        &self,
        ticket: &Ticket,
        options: &Options,
        words: &Words,
        reading: &Reading,
    ) -> (BTreeMap<String, Prediction>, Vec<String>) {
        let mut warnings = Vec::new();
        let mut predictions = BTreeMap::new();
        for head in self.model.heads().iter().filter(|head| head.spec().reads == Reads::Ticket) {
            let spec = head.spec();
            let ranking = ranked(&head.distribution(&reading.features, &reading.terms));
            let rule = Rule {
                thresholds: &spec.thresholds,
                of_site: self.auto_threshold(&spec.task),
                foreign: words.foreign,
                in_scope: head.in_scope(&reading.features),
            };
            let mut prediction = Prediction::decide(ranking, options.top_n, rule);
            let submitted = ticket.submitted.as_ref().and_then(|s| s.category.as_deref());
            if let (Some(label), "category") = (submitted, spec.task.as_str()) {
                if spec.labels.iter().any(|known| known == label) {
                    prediction.mismatch = Some(Mismatch::of(label, &prediction));
                } else {
                    warnings.push(
                        "submitted.category is not a label of this bundle's taxonomy, so it was not compared"
                            .into(),
                    );
                }
            }
            predictions.insert(spec.task.clone(), prediction);
        }
        if let Some(priority) = self.priority(ticket, options, words, reading) {
            predictions.insert("priority".into(), priority);
        }
        (predictions, warnings)
    }

    fn priority(
        &self,
        ticket: &Ticket,
        options: &Options,
        words: &Words,
        reading: &Reading,
    ) -> Option<Prediction> {
        let heads = (self.model.head("impact")?, self.model.head("urgency")?);
        let impact = heads.0.distribution(&reading.features, &reading.terms);
        let urgency = heads.1.distribution(&reading.features, &reading.terms);
        let known = [heads.0, heads.1].map(|head| head.in_scope(&reading.features));
        let rule = Rule {
            thresholds: self.model.manifest().priority.as_ref()?,
            of_site: self.auto_threshold("priority"),
            foreign: words.foreign,
            in_scope: known.into_iter().flatten().reduce(|impact, urgency| impact && urgency),
        };
        let ranking: Vec<Ranked> = priority::distribution(&self.settings.matrix, &impact, &urgency)
            .into_iter()
            .map(|(priority, confidence)| Ranked { label: priority.label().into(), confidence })
            .collect();
        let p1 = ranking.iter().find(|ranked| ranked.label == Priority::P1.label()).cloned();
        let mut prediction = Prediction::decide(ranking, options.top_n, rule);
        if let (Some(p1), Some(at)) = (p1, self.p1_from)
            && p1.confidence >= at
        {
            prediction.raise(p1, at, rule);
        }
        if let Some(submitted) = ticket.submitted.as_ref().and_then(|s| s.priority) {
            prediction.mismatch = Some(Mismatch::of(Priority::label(submitted), &prediction));
        }
        Some(prediction)
    }

    /// What the site has set for a task.
    fn auto_threshold(&self, task: &str) -> Option<f32> {
        self.settings.auto_threshold.get(task).copied()
    }
}

fn ranked(distribution: &Distribution<'_>) -> Vec<Ranked> {
    distribution
        .ranking()
        .into_iter()
        .map(|(label, confidence)| Ranked { label: label.to_string(), confidence })
        .collect()
}
