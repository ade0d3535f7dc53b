//! The search index on disk: what the articles say, term by term.
//!
//! It is derived: whatever is wrong with it, it is built again from the store. Each commit names the
//! analysis it was made with and the last change of the store that it contains.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term};

use super::error::KnowledgeError;
use super::scope::Facets;
use super::seen::SeenSegments;
use super::{analysis, passages, speech};
use crate::faults;
use crate::store::{Article, Audience};

/// Raised whenever the fields, the analysis or the stop words change: indexes of another version are
/// built anew.
const VERSION: u32 = 2;

/// Memory in bytes for documents that are not written yet; more than that is written to disk early.
const WRITER_BYTES: usize = 50_000_000;

const ANALYZER: &str = "deskhand_en";

/// A change of one article: what it is now, `None` if it is gone.
#[derive(Debug)]
pub(super) struct IndexChange {
    /// Its id.
    pub(super) id: String,
    /// The article; drafts and archived ones are taken out of the index.
    pub(super) article: Option<Article>,
}

/// The fields of an indexed article.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Id, one term, and as a column.
    pub(super) id: Field,
    /// Title.
    pub(super) title: Field,
    /// Headings.
    pub(super) headings: Field,
    /// Everything else of the text.
    pub(super) body: Field,
    /// Keywords.
    pub(super) tags: Field,
    /// `customer` or `agent`.
    pub(super) audience: Field,
    /// Category, one term.
    pub(super) category: Field,
    /// Primary language, one term.
    pub(super) language: Field,
    /// The language by whose rules it was analysed, one term.
    pub(super) speech: Field,
    /// Product, one term; [`ANY_PRODUCT`] where the article is about all.
    pub(super) product: Field,
    /// Tags again, a term each.
    pub(super) labels: Field,
    /// When it expires, as a column.
    pub(super) expires_at: Field,
}

/// Name of the column of ids.
pub(super) const ID: &str = "id";
/// Name of the column of expiry.
pub(super) const EXPIRES_AT: &str = "expires_at";
/// Stands for no product in particular: no product has an empty name.
pub(super) const ANY_PRODUCT: &str = "";

impl Fields {
    fn schema() -> (Schema, Self) {
        let words = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(ANALYZER)
                .set_index_option(IndexRecordOption::WithFreqs),
        );
        let mut schema = SchemaBuilder::new();
        let fields = Self {
            id: schema.add_text_field(ID, STRING.set_fast("raw")),
            title: schema.add_text_field("title", words.clone()),
            headings: schema.add_text_field("headings", words.clone()),
            body: schema.add_text_field("body", words.clone()),
            tags: schema.add_text_field("tags", words),
            audience: schema.add_text_field("audience", STRING),
            category: schema.add_text_field("category", STRING),
            language: schema.add_text_field("language", STRING),
            speech: schema.add_text_field("speech", STRING),
            product: schema.add_text_field("product", STRING),
            labels: schema.add_text_field("labels", STRING),
            expires_at: schema.add_i64_field(EXPIRES_AT, FAST),
        };
        (schema.build(), fields)
    }

    fn document(self, article: &Article, facets: &Facets) -> TantivyDocument {
        let mut indexed = TantivyDocument::default();
        indexed.add_text(self.id, &article.id);
        let (headings, body) = passages::body_text(article);
        let all = [article.title.as_str(), &headings, &body].join("\n");
        let speech = speech::of_article(article.language.as_deref(), &all);
        indexed.add_text(self.speech, speech);
        let mut add = |field, text: &str| match speech {
            speech::ENGLISH => indexed.add_text(field, text),
            _ => indexed.add_pre_tokenized_text(field, speech::tokens(text, speech)),
        };
        add(self.title, &article.title);
        add(self.headings, &headings);
        add(self.body, &body);
        article.tags.iter().for_each(|tag| add(self.tags, tag));
        indexed.add_text(self.audience, audience_term(facets.audience));
        if let Some(category) = &facets.category {
            indexed.add_text(self.category, category);
        }
        indexed.add_text(self.language, &facets.language);
        indexed.add_text(self.product, facets.product.as_deref().unwrap_or(ANY_PRODUCT));
        for label in &facets.labels {
            indexed.add_text(self.labels, label);
        }
        if let Some(expires_at) = facets.expires_at {
            indexed.add_i64(self.expires_at, expires_at);
        }
        indexed
    }
}

/// How an audience is written in the index.
pub(super) fn audience_term(audience: Audience) -> &'static str {
    match audience {
        Audience::Customer => "customer",
        Audience::Agent => "agent",
    }
}

/// What a commit says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    version: u32,
    seq: u64,
}

/// Why an index on disk cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// There is none, or it is not readable.
    #[error(transparent)]
    Unreadable(#[from] TantivyError),
    /// Files do not have the checksums that were written with them.
    #[error("{0} of its files are damaged")]
    Damaged(usize),
    /// It does not say what it contains.
    #[error("its last commit does not say what it contains")]
    Unlabelled,
    /// It was made by another version of the program.
    #[error("it has version {found}, this program uses {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
}

/// An open index.
pub(super) struct SearchIndex {
    dir: PathBuf,
    index: Index,
    fields: Fields,
    reader: IndexReader,
    seen: SeenSegments,
    /// Made at the first change; dropped after a failed one, with everything that was not committed.
    writer: Mutex<Option<IndexWriter>>,
    seq: AtomicU64,
}

impl SearchIndex {
    /// Opens the index in `dir` and reads it through for damage.
    pub(super) fn open(dir: &Path) -> Result<Self, Unusable> {
        let index = Index::open_in_dir(dir)?;
        let payload = index.load_metas()?.payload.ok_or(Unusable::Unlabelled)?;
        let Payload { version, seq } = serde_json::from_str(&payload).map_err(|_| Unusable::Unlabelled)?;
        let (schema, fields) = Fields::schema();
        if version != VERSION {
            return Err(Unusable::Version { found: version });
        }
        if index.schema() != schema {
            return Err(Unusable::Unlabelled);
        }
        match index.validate_checksum()?.len() {
            0 => Ok(Self::with(dir, index, fields, seq)?),
            damaged => Err(Unusable::Damaged(damaged)),
        }
    }

    /// Makes an empty index in `dir`, which must be empty too.
    pub(super) fn create(dir: &Path) -> Result<Self, KnowledgeError> {
        fs::create_dir_all(dir).map_err(|source| KnowledgeError::Folder { path: dir.to_owned(), source })?;
        let (schema, fields) = Fields::schema();
        Index::create_in_dir(dir, schema)
            .and_then(|index| Self::with(dir, index, fields, 0))
            .map_err(|source| unusable(dir, source))
    }

    fn with(dir: &Path, index: Index, fields: Fields, seq: u64) -> tantivy::Result<Self> {
        index.tokenizers().register(ANALYZER, analysis::english());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let seq = AtomicU64::new(seq);
        let (dir, seen) = (dir.to_owned(), SeenSegments::default());
        Ok(Self { dir, index, fields, reader, seen, writer: Mutex::default(), seq })
    }

    /// Number of the last change of the store that the index contains.
    pub(super) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// What can be searched now, and its fields.
    pub(super) fn searcher(&self) -> (Searcher, Fields) {
        (self.reader.searcher(), self.fields)
    }

    /// What is known of the segments that were searched last.
    pub(super) fn seen(&self) -> &SeenSegments {
        &self.seen
    }

    /// Takes in changes up to the one numbered `seq`; when this returns they are on the disk and in
    /// the very next search. After a failure none of them is.
    pub(super) fn apply(&self, changes: &[IndexChange], seq: u64) -> Result<(), KnowledgeError> {
        self.write(|writer| {
            self.add(writer, changes)?;
            commit(writer, seq)?;
            self.reader.reload()
        })?;
        self.seq.store(seq, Ordering::Release);
        Ok(())
    }

    /// Adds to an index in the making; [`Self::finish`] makes it visible.
    pub(super) fn fill(&self, articles: Vec<Article>) -> Result<(), KnowledgeError> {
        let changes: Vec<IndexChange> = articles
            .into_iter()
            .map(|article| IndexChange { id: article.id.clone(), article: Some(article) })
            .collect();
        self.write(|writer| self.add(writer, &changes))
    }

    /// Commits an index in the making and waits until nothing is written to its folder any more.
    pub(super) fn finish(&self, seq: u64) -> Result<(), KnowledgeError> {
        self.write(|writer| commit(writer, seq))?;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        writer.map_or(Ok(()), IndexWriter::wait_merging_threads).map_err(|source| self.unusable(source))
    }

    /// Gives its folder free for another; what is searched stays as it was.
    pub(super) fn close(&self) {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// How many articles can be found.
    pub(super) fn articles(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// The error for what the index library reported.
    pub(super) fn unusable(&self, source: TantivyError) -> KnowledgeError {
        unusable(&self.dir, source)
    }

    fn write(
        &self,
        work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()>,
    ) -> Result<(), KnowledgeError> {
        let mut place = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match place.as_mut() {
            Some(writer) => work(writer),
            None => self.new_writer().and_then(|writer| work(place.insert(writer))),
        };
        written.map_err(|source| {
            *place = None;
            self.unusable(source)
        })
    }

    fn new_writer(&self) -> tantivy::Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        self.index.writer_with_options(options)
    }

    fn add(&self, writer: &IndexWriter, changes: &[IndexChange]) -> tantivy::Result<()> {
        for change in changes {
            writer.delete_term(Term::from_field_text(self.fields.id, &change.id));
            if let Some(article) = &change.article
                && let Some(facets) = Facets::of(article)
            {
                writer.add_document(self.fields.document(article, &facets))?;
            }
        }
        Ok(())
    }
}

fn commit(writer: &mut IndexWriter, seq: u64) -> tantivy::Result<()> {
    let payload = serde_json::to_string(&Payload { version: VERSION, seq })
        .map_err(|e| TantivyError::InternalError(e.to_string()))?;
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&payload);
    faults::at("index::before_commit")?;
    commit.commit()?;
    faults::at("index::after_commit")?;
    Ok(())
}

fn unusable(dir: &Path, source: TantivyError) -> KnowledgeError {
    KnowledgeError::Index { path: dir.to_owned(), source: Box::new(source) }
}

/// Puts the folder `new` in place of `dir`. A crash in between leaves no index, which is rebuilt.
pub(super) fn swap(new: &Path, dir: &Path) -> Result<(), KnowledgeError> {
    remove(dir)?;
    fs::rename(new, dir).map_err(|source| KnowledgeError::Folder { path: dir.to_owned(), source })
}

/// Removes a folder of an index, if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), KnowledgeError> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(KnowledgeError::Folder { path: dir.to_owned(), source: e })
        }
        _ => Ok(()),
    }
}
