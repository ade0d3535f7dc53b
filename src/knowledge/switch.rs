//! Another model takes over while the knowledge base is in use.
//!
//! A model with the same encoder sees the same vectors, turned by its own projection where it has one, so that
//! there is little to do. Else everything is
//! embedded again beside, from the store into memory, while searches go on over the vectors of before; at
//! the end the new vectors are kept and the views are exchanged. Whoever holds the old view may finish
//! searches on it; changes go to the new one from then on.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::error::KnowledgeError;
use super::passages::{PassageText, embedding_text};
use super::projected::Passages;
use super::scope::Facets;
use super::{Knowledge, Shared, View, sync, write};
use crate::model::{Input, Lane, Model};
use crate::store::{Article, PassageVectors, Store};

/// Articles that are read and embedded at a time.
const BATCH: u32 = 64;

impl Knowledge {
    /// The same knowledge base as `model` sees it. When this returns, changes are made for `model`, and
    /// what it sees has been kept, so that the next start finds it. Only one switch may be made at a time.
    ///
    /// Tickets that are answered by the former model meanwhile, or by requests that still hold it, are found
    /// as similar only after [`Knowledge::catch_up_tickets`].
    ///
    /// # Errors
    /// Those of the store and the model; then everything is as before.
    pub async fn switch(&self, model: Arc<Model>) -> Result<Self, KnowledgeError> {
        let shared = Arc::clone(&self.shared);
        let before = shared.current();
        if before.encoder_id() == model.encoder_id() {
            let tickets = Arc::clone(&before.tickets);
            if !before.passages.are_seen_by(&model) {
                let alone = shared.changing.lock().await;
                let passages = Arc::new(sync::load_passages(&shared.store, &model).await?);
                let switched = Self::exchanged(Arc::clone(&shared), View { model, passages, tickets });
                drop(alone);
                return Ok(switched);
            }
            let passages = Arc::clone(&before.passages);
            return Ok(Self::exchanged(shared, View { model, passages, tickets }));
        }
        let mut beside = Beside::new(&shared.store, &model);
        // Before the first article is read: changes made meanwhile are taken in afterwards.
        let mut seq = shared.store.change_seq().await?;
        beside.embed_all().await?;
        seq = beside.embed_changes(seq).await?;
        write::embed_tickets_again(&shared.store, &model, |_| ()).await?;
        let alone = shared.changing.lock().await;
        beside.embed_changes(seq).await?;
        let passages = beside.finish().await?;
        // Until the exchange, so that no ticket is taken into what goes.
        let remembering = shared.remembering.lock().await;
        let dimension = model.manifest().encoder.hidden_size;
        let tickets = sync::load_tickets(&shared.store, model.encoder_id(), dimension).await?;
        let view = View { passages: Arc::new(passages), tickets: Arc::new(tickets), model };
        let switched = Self::exchanged(Arc::clone(&shared), view);
        drop((remembering, alone));
        Ok(switched)
    }

    /// Embeds the tickets that a former model has embedded, so that they are found as similar.
    ///
    /// # Errors
    /// Those of the store and the model.
    pub async fn catch_up_tickets(&self) -> Result<(), KnowledgeError> {
        let now = self.shared.current();
        let mut ids = Vec::new();
        let embedded = write::embed_tickets_again(&self.shared.store, &now.model, |batch| {
            ids.extend(batch.into_iter().map(|ticket| ticket.id));
        })
        .await;
        for batch in ids.chunks(BATCH as usize) {
            self.shared.remember(batch).await?;
        }
        embedded
    }

    fn exchanged(shared: Arc<Shared>, view: View) -> Self {
        let view = Arc::new(view);
        *shared.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&view);
        Self { shared, view }
    }
}

/// The articles as another model sees them, while they are not in use.
struct Beside<'a> {
    store: &'a Store,
    model: &'a Model,
    /// By article, one vector for each passage.
    vectors: BTreeMap<String, Vec<Vec<f32>>>,
    /// What may be suggested.
    passages: Passages,
}

impl<'a> Beside<'a> {
    fn new(store: &'a Store, model: &'a Model) -> Self {
        let passages = Passages::new(model);
        Self { store, model, vectors: BTreeMap::new(), passages }
    }

    async fn embed_all(&mut self) -> Result<(), KnowledgeError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.store.articles_page(after.as_deref(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            self.embed(&page).await?;
        }
    }

    /// Takes in what was changed after the change numbered `seq`; the number of the last one.
    async fn embed_changes(&mut self, mut seq: u64) -> Result<u64, KnowledgeError> {
        loop {
            let changes = self.store.changes_since(seq, BATCH).await?;
            let Some(last) = changes.last() else { return Ok(seq) };
            seq = last.seq;
            let ids: Vec<String> = changes.into_iter().map(|change| change.article_id).collect();
            for id in &ids {
                self.vectors.remove(id);
                self.passages.update([(id.clone(), None)]);
            }
            self.embed(&self.store.articles(&ids).await?).await?;
        }
    }

    async fn embed(&mut self, articles: &[Article]) -> Result<(), KnowledgeError> {
        let mut texts = Vec::new();
        let mut counts = Vec::with_capacity(articles.len());
        for article in articles {
            let stored = self.store.passages_of(&article.id).await?;
            counts.push(stored.len());
            texts.extend(stored.into_iter().map(|stored| {
                let (heading, text) = (stored.passage.heading, stored.passage.text);
                embedding_text(&article.title, &PassageText { heading, text })
            }));
        }
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
        let mut readings = self.model.read(&inputs, Lane::Bulk).await?.into_iter();
        for (article, count) in articles.iter().zip(counts) {
            let vectors: Vec<Vec<f32>> =
                readings.by_ref().take(count).map(|reading| reading.embedding()).collect();
            let rows = Facets::of(article).map(|facets| (facets, vectors.concat()));
            self.passages.update([(article.id.clone(), rows)]);
            self.vectors.insert(article.id.clone(), vectors);
        }
        Ok(())
    }

    /// Keeps the vectors in the store. Nobody may change an article meanwhile.
    async fn finish(self) -> Result<Passages, KnowledgeError> {
        let mut rest = self.vectors.into_iter();
        loop {
            let batch = rest.by_ref().take(BATCH as usize);
            let batch: Vec<PassageVectors> =
                batch.map(|(article_id, vectors)| PassageVectors { article_id, vectors }).collect();
            if batch.is_empty() {
                return Ok(self.passages);
            }
            self.store.embed_articles(&batch, self.model.encoder_id()).await?;
        }
    }
}
