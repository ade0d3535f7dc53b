//! Which articles have the words of a query: BM25 over the search index.
//!
//! The index's own scorer takes word statistics over everything that it holds, deleted articles and
//! articles for agents included, so that a secret article could be felt in a customer's scores. Here
//! everything is counted over the articles that the asker may see, and over nothing else; the same
//! articles always give the same scores, whatever happened to the index before.

use std::sync::Arc;

use tantivy::columnar::StrColumn;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED};

use super::analysis::Word;
use super::index::{self, SearchIndex};
use super::scope::{Scope, UNKNOWN_LANGUAGE};
use super::speech;
use super::terms::{self, Term};
use super::vectors::best_first;
use crate::store::Audience;

/// Saturation and length normalisation of BM25 (Robertson and Zaragoza 2009). Lucene's 1.2 and .75 are for
/// short queries; for tickets, of which many words meet a long article by chance, full normalisation was
/// better on the tickets of `models/recipes/default/search` (nDCG@10 .745 to .760 over real documentation,
/// the same on small bases).
const K1: f32 = 2.0;
/// See [`K1`].
const B: f32 = 1.0;
/// A word in the title counts as often as two in the text.
const TITLE_WEIGHT: f32 = 2.0;
/// Terms of a long ticket that are searched for, the most telling ones. Fewer than 64: see `Hit`.
const MAX_TERMS: usize = 40;

/// What the words of one query found.
pub(super) struct Lexical {
    segments: Vec<Segment>,
    id: Field,
    /// The terms that were searched for, the most telling first.
    terms: Vec<Sought>,
}

/// A term that some article has.
pub(super) struct Sought {
    /// The term.
    pub(super) term: Term,
    /// How telling it is: its weight × inverse document frequency.
    pub(super) weight: f32,
    /// Of an exact code how rare it is: 1 if one article has it, less for more. 0 for other terms.
    pub(super) code_rarity: f32,
}

/// A segment of the index with the hits in it.
struct Segment {
    ids_by_term: Arc<InvertedIndexReader>,
    ids: Option<StrColumn>,
    /// By document; `None` for documents out of scope.
    hits: Vec<Option<Hit>>,
}

/// What was found in one article.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Hit {
    /// BM25 score, 0 if no term matches.
    pub(super) score: f32,
    /// Rarity of the rarest exact code that it shares with the query, 0 to 1.
    pub(super) code: f32,
    /// Bit i is set if the i-th term matches.
    matched: u64,
}

impl Lexical {
    /// Searches for the terms of `text` within `scope`.
    pub(super) fn search(index: &SearchIndex, text: &str, scope: &Scope) -> tantivy::Result<Self> {
        let (searcher, fields) = index.searcher();
        let views = searcher
            .segment_readers()
            .iter()
            .map(|reader| View::new(reader, fields, scope))
            .collect::<tantivy::Result<Vec<_>>>()?;
        let collection = Collection::of(&views);
        let speeches = speech::of_query(text, scope.language.as_deref(), || speeches(&views, fields))?;
        let mut found = Vec::new();
        for term in terms::terms(text, &speeches) {
            let postings = collection.postings(&term.stem)?;
            if !postings.is_empty() {
                let idf = collection.idf(postings.len());
                let code_rarity = if term.code { idf / collection.idf(1) } else { 0.0 };
                found.push((Sought { weight: term.weight * idf, code_rarity, term }, postings));
            }
        }
        found.sort_by(|(a, _), (b, _)| b.weight.total_cmp(&a.weight));
        found.truncate(MAX_TERMS);
        let mut hits: Vec<Vec<Option<Hit>>> =
            views.iter().map(|view| view.admitted.iter().map(|&a| a.then(Hit::default)).collect()).collect();
        for (place, (sought, postings)) in found.iter().enumerate() {
            for posting in postings {
                if let Some(hit) = &mut hits[posting.segment][posting.doc as usize] {
                    hit.score += sought.weight * collection.saturation(posting);
                    hit.code = hit.code.max(sought.code_rarity);
                    hit.matched |= 1 << place;
                }
            }
        }
        let segments = views.iter().zip(hits).map(|(view, hits)| view.segment(fields, hits));
        Ok(Self {
            segments: segments.collect::<tantivy::Result<_>>()?,
            id: fields.id,
            terms: found.into_iter().map(|(sought, _)| sought).collect(),
        })
    }

    /// The `count` articles with the highest scores above 0, highest first, equal ones by id.
    pub(super) fn top(&self, count: usize) -> tantivy::Result<Vec<(String, f32)>> {
        let mut scored: Vec<((usize, DocId), f32)> = Vec::new();
        for (number, segment) in self.segments.iter().enumerate() {
            let hits = (0..).zip(&segment.hits).filter_map(|(doc, hit)| Some((doc, (*hit)?.score)));
            scored.extend(hits.filter(|(_, score)| *score > 0.0).map(|(doc, s)| ((number, doc), s)));
        }
        // Scores equal to the last one are kept too, so that ids and not segments decide between them.
        if let Some(last) = count.checked_sub(1).filter(|last| *last < scored.len()) {
            let (_, nth, _) = scored.select_nth_unstable_by(last, |a, b| b.1.total_cmp(&a.1));
            let lowest = nth.1;
            scored.retain(|(_, score)| *score >= lowest);
        }
        let mut named = Vec::with_capacity(scored.len());
        for ((segment, doc), score) in scored {
            if let Some(id) = self.segments[segment].id(doc)? {
                named.push((id, score));
            }
        }
        best_first(&mut named, count);
        Ok(named)
    }

    /// What was found in the article with this id; `None` if it is not there or out of scope.
    pub(super) fn of(&self, id: &str) -> tantivy::Result<Option<Hit>> {
        let term = tantivy::Term::from_field_text(self.id, id);
        for segment in &self.segments {
            let found = documents(&segment.ids_by_term, &term)?;
            let hit = found.into_iter().find_map(|doc| segment.hits.get(doc as usize).copied().flatten());
            if hit.is_some() {
                return Ok(hit);
            }
        }
        Ok(None)
    }

    /// The terms behind a hit, the most telling first.
    pub(super) fn matched(&self, hit: Hit) -> impl Iterator<Item = &Term> {
        let terms = self.terms.iter().enumerate();
        terms.filter(move |(place, _)| hit.matched & (1 << place) != 0).map(|(_, sought)| &sought.term)
    }

    /// Share of what the query's terms tell that the terms behind a hit have, 0 to 1.
    pub(super) fn coverage(&self, hit: Hit) -> f32 {
        let all: f32 = self.terms.iter().map(|sought| sought.weight).sum();
        let has = |place: usize| hit.matched & (1 << place) != 0;
        let found = self.terms.iter().enumerate().filter(|(place, _)| has(*place));
        if all > 0.0 { found.map(|(_, sought)| sought.weight).sum::<f32>() / all } else { 0.0 }
    }

    /// What a passage of these words would score if each counted once.
    pub(super) fn passage(&self, words: &[Word]) -> Hit {
        let mut hit = Hit::default();
        for (place, sought) in self.terms.iter().enumerate() {
            if words.iter().any(|word| word.stem == sought.term.stem) {
                hit.score += sought.weight;
                hit.code = hit.code.max(sought.code_rarity);
                hit.matched |= 1 << place;
            }
        }
        hit
    }
}

impl Segment {
    fn id(&self, doc: DocId) -> tantivy::Result<Option<String>> {
        let mut id = String::new();
        match self.ids.as_ref().and_then(|ids| Some((ids, ids.term_ords(doc).next()?))) {
            Some((ids, ord)) => Ok(ids.ord_to_str(ord, &mut id)?.then_some(id)),
            None => Ok(None),
        }
    }
}

/// A segment as one asker sees it.
struct View<'a> {
    reader: &'a SegmentReader,
    texts: Vec<TextField>,
    /// Documents that the asker's audience may see now.
    visible: Vec<bool>,
    /// Those of them that the other filters let through as well.
    admitted: Vec<bool>,
}

/// A searched field of a segment.
struct TextField {
    field: Field,
    weight: f32,
    terms: Arc<InvertedIndexReader>,
    lengths: FieldNormReader,
}

impl<'a> View<'a> {
    fn new(reader: &'a SegmentReader, fields: index::Fields, scope: &Scope) -> tantivy::Result<Self> {
        let weights =
            [(fields.title, TITLE_WEIGHT), (fields.headings, 1.0), (fields.body, 1.0), (fields.tags, 1.0)];
        let texts = weights
            .into_iter()
            .map(|(field, weight)| {
                let terms = reader.inverted_index(field)?;
                Ok(TextField { field, weight, terms, lengths: reader.get_fieldnorms_reader(field)? })
            })
            .collect::<tantivy::Result<_>>()?;
        let mut visible: Vec<bool> = (0..reader.max_doc()).map(|doc| !reader.is_deleted(doc)).collect();
        if scope.audience == Audience::Customer {
            let customer = index::audience_term(Audience::Customer);
            keep(&mut visible, reader, fields.audience, &[customer])?;
        }
        if let Some(expiry) = reader.fast_fields().column_opt::<i64>(index::EXPIRES_AT)? {
            let gone = |doc: DocId| expiry.first(doc).is_some_and(|expires| expires <= scope.now);
            (0..).zip(&mut visible).for_each(|(doc, flag)| *flag &= !gone(doc));
        }
        let mut admitted = visible.clone();
        if let Some(category) = &scope.category {
            keep(&mut admitted, reader, fields.category, &[category])?;
        }
        if let Some(language) = &scope.language {
            keep(&mut admitted, reader, fields.language, &[language, UNKNOWN_LANGUAGE])?;
        }
        if let Some(product) = &scope.product {
            keep(&mut admitted, reader, fields.product, &[product, index::ANY_PRODUCT])?;
        }
        for label in &scope.labels {
            keep(&mut admitted, reader, fields.labels, &[label])?;
        }
        Ok(Self { reader, texts, visible, admitted })
    }

    /// Length of a document in words, those of the title counted by their weight.
    fn length(&self, doc: DocId) -> f32 {
        self.texts.iter().map(|text| text.weight * text.lengths.fieldnorm(doc) as f32).sum()
    }

    fn segment(&self, fields: index::Fields, hits: Vec<Option<Hit>>) -> tantivy::Result<Segment> {
        Ok(Segment {
            ids_by_term: self.reader.inverted_index(fields.id)?,
            ids: self.reader.fast_fields().str(index::ID)?,
            hits,
        })
    }
}

/// The languages by whose rules articles that the asker may see were analysed.
fn speeches(views: &[View<'_>], fields: index::Fields) -> tantivy::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for speech in speech::all() {
        let term = tantivy::Term::from_field_text(fields.speech, speech);
        for view in views {
            let terms = view.reader.inverted_index(fields.speech)?;
            if documents(&terms, &term)?.into_iter().any(|doc| view.visible[doc as usize]) {
                found.push(speech);
                break;
            }
        }
    }
    Ok(found)
}

/// Clears the flags of documents that have none of `values` in `field`.
fn keep(flags: &mut [bool], reader: &SegmentReader, field: Field, values: &[&str]) -> tantivy::Result<()> {
    let terms = reader.inverted_index(field)?;
    let mut having = vec![false; flags.len()];
    for value in values {
        for doc in documents(&terms, &tantivy::Term::from_field_text(field, value))? {
            having[doc as usize] = true;
        }
    }
    flags.iter_mut().zip(having).for_each(|(flag, has)| *flag &= has);
    Ok(())
}

/// The documents that have a term, deleted ones included.
fn documents(terms: &InvertedIndexReader, term: &tantivy::Term) -> tantivy::Result<Vec<DocId>> {
    let mut found = Vec::new();
    if let Some(mut postings) = terms.read_postings(term, IndexRecordOption::Basic)? {
        while postings.doc() != TERMINATED {
            found.push(postings.doc());
            postings.advance();
        }
    }
    Ok(found)
}

/// All that the asker may see.
struct Collection<'a> {
    views: &'a [View<'a>],
    documents: usize,
    average_length: f32,
}

/// An article with a term.
struct Posting {
    segment: usize,
    doc: DocId,
    /// How often it has the term, weighted by field.
    frequency: f32,
}

impl<'a> Collection<'a> {
    fn of(views: &'a [View<'a>]) -> Self {
        let lengths = views.iter().flat_map(|view| {
            let visible = (0..).zip(&view.visible).filter(|(_, visible)| **visible);
            visible.map(|(doc, _)| f64::from(view.length(doc)))
        });
        let (documents, total) = lengths.fold((0, 0.0), |(count, total), length| (count + 1, total + length));
        // At least one word, so that nothing is divided by zero where nothing is to be found.
        let average_length = (total / f64::from(documents).max(1.0)).max(1.0) as f32;
        Self { views, documents: documents as usize, average_length }
    }

    /// Inverse document frequency as Lucene has it: ln(1 + (N - n + 0.5) / (n + 0.5)).
    fn idf(&self, having: usize) -> f32 {
        let (all, having) = (self.documents as f32, having as f32);
        ((all - having + 0.5) / (having + 0.5)).ln_1p()
    }

    /// The articles that have a term, in any field.
    fn postings(&self, stem: &str) -> tantivy::Result<Vec<Posting>> {
        let mut found = Vec::new();
        for (segment, view) in self.views.iter().enumerate() {
            let mut frequencies: Vec<(DocId, f32)> = Vec::new();
            for text in &view.texts {
                let term = tantivy::Term::from_field_text(text.field, stem);
                let Some(mut postings) = text.terms.read_postings(&term, IndexRecordOption::WithFreqs)?
                else {
                    continue;
                };
                while postings.doc() != TERMINATED {
                    if view.visible[postings.doc() as usize] {
                        frequencies.push((postings.doc(), text.weight * postings.term_freq() as f32));
                    }
                    postings.advance();
                }
            }
            frequencies.sort_unstable_by_key(|(doc, _)| *doc);
            for same in frequencies.chunk_by(|a, b| a.0 == b.0) {
                let frequency = same.iter().map(|(_, frequency)| frequency).sum();
                found.push(Posting { segment, doc: same[0].0, frequency });
            }
        }
        Ok(found)
    }

    /// BM25 without its idf, 0 to `K1` + 1, of a document whose fields are read as one text with the
    /// title repeated (BM25F with one length; Robertson, Zaragoza and Taylor 2004).
    fn saturation(&self, posting: &Posting) -> f32 {
        let length = self.views[posting.segment].length(posting.doc) / self.average_length;
        posting.frequency * (K1 + 1.0) / (posting.frequency + K1 * (1.0 - B + B * length))
    }
}
