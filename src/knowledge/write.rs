//! Changes: articles in and out.

use std::sync::Arc;

use jiff::Timestamp;

use super::error::KnowledgeError;
use super::import::{Row, RowError};
use super::{Knowledge, Shared, off_the_runtime, passages};
use crate::acting::Acting;
use crate::model::{Input, Lane, Model};
use crate::store::{Article, EmbeddedArticle, Embedding, Passage, Store, TicketRecord};
use crate::text::{mail, with_subject};

/// Articles that are embedded and kept together: bounds the memory of an import.
const BATCH: usize = 64;
/// Batches of an import between two commits of the index. A commit costs as much for one article as
/// for hundreds; after a crash the next start takes in what the store has more.
const BATCHES_PER_COMMIT: usize = 4;

/// What was kept of given articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutReport {
    /// Articles.
    pub articles: usize,
    /// Their passages.
    pub passages: usize,
    /// Passages that are longer than the encoder's window: what stands amid them is found by its words only.
    pub truncated: usize,
}

impl PutReport {
    fn add(&mut self, other: Self) {
        self.articles += other.articles;
        self.passages += other.passages;
        self.truncated += other.truncated;
    }
}

/// What became of the rows of an import.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Articles that were kept; of two with the same id both count.
    pub articles: usize,
    /// Their passages.
    pub passages: usize,
    /// What was mended, guessed or left out, each with its place.
    pub warnings: Vec<String>,
    /// Rows that are no articles, and why.
    pub rejected: Vec<RowError>,
}

impl Knowledge {
    /// Keeps articles, in place of those with the same ids. When this returns they survive a crash
    /// and the next search sees them.
    ///
    /// # Errors
    /// Those of the store, the model and the index. Articles of earlier batches of 64 are kept then;
    /// what the store has and the index has not is taken in by the next change or start.
    pub async fn put(&self, articles: Vec<Article>) -> Result<PutReport, KnowledgeError> {
        let mut report = PutReport::default();
        let mut articles = articles.into_iter();
        let mut batches = 0;
        loop {
            let batch: Vec<Article> = articles.by_ref().take(BATCH).collect();
            batches += 1;
            let last = articles.len() == 0;
            report.add(self.keep(batch, last || batches % BATCHES_PER_COMMIT == 0).await?);
            if last {
                return Ok(report);
            }
        }
    }

    /// Keeps the articles that `rows` gives, as [`Knowledge::put`] does. The rows are read away from
    /// the async runtime, so that reading may block. `progress` hears how many articles are kept.
    ///
    /// # Errors
    /// As [`Knowledge::put`]. Rows that are no articles are in the report and stop nothing.
    pub async fn import<I>(
        &self,
        mut rows: I,
        progress: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<ImportReport, KnowledgeError>
    where
        I: Iterator<Item = Result<Row, RowError>> + Send + 'static,
    {
        let mut report = ImportReport::default();
        let mut batches = 0;
        loop {
            let (batch, rest) = off_the_runtime(move || (Batch::read(&mut rows), rows)).await?;
            rows = rest;
            batches += 1;
            report.warnings.extend(batch.warnings);
            report.rejected.extend(batch.rejected);
            let kept = self.keep(batch.articles, batch.last || batches % BATCHES_PER_COMMIT == 0).await?;
            report.articles += kept.articles;
            report.passages += kept.passages;
            if kept.truncated > 0 {
                report.warnings.push(format!(
                    "{} passages are longer than the model reads: what stands amid them is found by its words only",
                    kept.truncated
                ));
            }
            progress(report.articles);
            if batch.last {
                return Ok(report);
            }
        }
    }

    /// Embeds and keeps one batch, and brings the index in step if it is time to.
    async fn keep(&self, batch: Vec<Article>, commit: bool) -> Result<PutReport, KnowledgeError> {
        let view = self.shared.current();
        let (embedded, report) = embed(&view.model, batch).await?;
        self.change(move |shared| async move {
            let now = shared.current();
            let embedded = if now.encoder_id() == view.encoder_id() {
                embedded
            } else {
                // Another model has taken over while these were read.
                embed(&now.model, embedded.into_iter().map(|embedded| embedded.article).collect()).await?.0
            };
            shared.store.put_articles(&embedded, now.encoder_id()).await?;
            if commit { shared.catch_up().await } else { Ok(()) }
        })
        .await?;
        Ok(report)
    }

    /// Deletes an article at the time `now`; `false` if there was none. When this returns the next search does
    /// not find it.
    ///
    /// # Errors
    /// Those of the store and the index.
    pub async fn delete(&self, id: &str, now: Timestamp) -> Result<bool, KnowledgeError> {
        let id = id.to_owned();
        self.change(move |shared| async move {
            let deleted = shared.store.delete_article(&id, now).await?.is_some();
            shared.catch_up().await?;
            Ok(deleted)
        })
        .await
    }

    /// Makes a change while no other is made. It runs to its end even if the caller goes away, so
    /// that the index does not stay behind the store because a client hung up.
    async fn change<T, F>(
        &self,
        work: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> Result<T, KnowledgeError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, KnowledgeError>> + Send,
    {
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(Acting::carried(async move {
            let _alone = shared.changing.lock().await;
            work(Arc::clone(&shared)).await
        }));
        task.await.map_err(|e| KnowledgeError::Failed(e.to_string()))?
    }
}

/// The next rows of an import.
#[derive(Default)]
struct Batch {
    articles: Vec<Article>,
    warnings: Vec<String>,
    rejected: Vec<RowError>,
    /// Whether there are no more.
    last: bool,
}

impl Batch {
    fn read(rows: &mut impl Iterator<Item = Result<Row, RowError>>) -> Self {
        let mut batch = Self::default();
        while batch.articles.len() < BATCH {
            match rows.next() {
                Some(Ok(Row { article, warnings, place })) => {
                    batch.warnings.extend(warnings.into_iter().map(|warning| format!("{place}: {warning}")));
                    batch.articles.push(article);
                }
                Some(Err(error)) => batch.rejected.push(error),
                None => {
                    batch.last = true;
                    break;
                }
            }
        }
        batch
    }
}

/// Embeds again what another encoder embedded; `progress` hears how many articles are done, and how
/// many there are at most.
pub(super) async fn embed_again(
    store: &Store,
    model: &Model,
    progress: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<(), KnowledgeError> {
    let total = usize::try_from(store.article_count().await?).unwrap_or(usize::MAX);
    let mut done = 0;
    loop {
        let stale = store.stale_articles(model.encoder_id(), BATCH as u32).await?;
        if stale.is_empty() {
            return Ok(());
        }
        let (embedded, report) = embed(model, stale).await?;
        store.put_articles(&embedded, model.encoder_id()).await?;
        done += report.articles;
        progress(done, total);
    }
}

/// Embeds the kept tickets that another encoder embedded, or none, so that they are found as similar;
/// `done` hears of each batch.
pub(super) async fn embed_tickets_again(
    store: &Store,
    model: &Model,
    mut done: impl FnMut(Vec<TicketRecord>),
) -> Result<(), KnowledgeError> {
    loop {
        let mut stale = store.stale_tickets(model.encoder_id(), BATCH as u32).await?;
        if stale.is_empty() {
            return Ok(());
        }
        let words: Vec<String> = stale
            .iter()
            .map(|ticket| with_subject(&ticket.subject, &mail::clean(&ticket.body, ticket.body_format).text))
            .collect();
        let inputs: Vec<Input<'_>> = words.iter().map(|words| Input::text(words)).collect();
        let readings = model.read(&inputs, Lane::Bulk).await?;
        for (ticket, reading) in stale.iter_mut().zip(readings) {
            let encoder = model.encoder_id().to_string();
            ticket.embedding = Some(Embedding { encoder, vector: reading.embedding() });
        }
        store.embed_tickets(&stale).await?;
        done(stale);
    }
}

/// Cuts articles into passages and embeds these, behind every request that waits for the model.
async fn embed(
    model: &Model,
    articles: Vec<Article>,
) -> Result<(Vec<EmbeddedArticle>, PutReport), KnowledgeError> {
    let cut = off_the_runtime(move || {
        let cut = |article: Article| {
            let passages = passages::split(&article);
            let texts: Vec<String> =
                passages.iter().map(|p| passages::embedding_text(&article.title, p)).collect();
            (article, passages, texts)
        };
        articles.into_iter().map(cut).collect::<Vec<_>>()
    })
    .await?;
    let inputs: Vec<Input<'_>> =
        cut.iter().flat_map(|(_, _, texts)| texts.iter().map(|text| Input::text(text))).collect();
    let readings = model.read(&inputs, Lane::Bulk).await?;
    let report = PutReport {
        articles: cut.len(),
        passages: readings.len(),
        truncated: readings.iter().filter(|reading| reading.truncated).count(),
    };
    let mut readings = readings.into_iter();
    let embedded =
        cut.into_iter()
            .map(|(article, passages, _)| {
                let passages = passages.into_iter().zip(readings.by_ref()).map(|(passage, reading)| {
                    Passage { heading: passage.heading, text: passage.text, embedding: reading.embedding() }
                });
                EmbeddedArticle { passages: passages.collect(), article }
            })
            .collect();
    Ok((embedded, report))
}
