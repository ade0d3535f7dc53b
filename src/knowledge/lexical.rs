//! Which articles have the words of a query: BM25 over the search index.
//!
//! The index's own scorer takes word statistics over everything that it holds, deleted articles and
//! articles for agents included, so that a secret article could be felt in a customer's scores. Here
//! everything is counted over the articles that the asker may see, and over nothing else; the same
//! articles always give the same scores, whatever happened to the index before.

use std::collections::BTreeMap;
use std::sync::Arc;

use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED};

use super::analysis::Word;
use super::index::{self, SearchIndex};
use super::scope::{Scope, UNKNOWN_LANGUAGE};
use super::seen::{All, Ids, Seen};
use super::speech;
use super::terms::{self, Term};
use super::vectors::{best_first, floor_of_top};
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
/// Documents of which only the best is looked at when the best of all are sought.
const BLOCK: usize = 64;

/// What the words of one query found.
pub(super) struct Lexical {
    segments: Vec<Segment>,
    /// The terms that were searched for, the most telling first.
    terms: Vec<Sought>,
    /// Share of the query's words, counted by inverse document frequency, that no article has, 0 to 1.
    pub(super) unknown: f32,
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
    seen: Arc<Seen>,
    /// As in [`View`].
    admitted: Option<Vec<bool>>,
    /// By document; of documents out of scope nothing was found.
    hits: Vec<Hit>,
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
        let audience = scope.audience;
        let see = |reader: &SegmentReader, all| see(reader, fields, audience, all);
        let seen = index.seen().of(&searcher, audience, see)?;
        let views: Vec<View<'_>> = (searcher.segment_readers().iter().zip(seen))
            .map(|(reader, seen)| View::new(reader, seen, fields, scope))
            .collect::<tantivy::Result<Vec<_>>>()?;
        let collection = Collection::of(&views);
        let speeches = speech::of_query(text, scope.language.as_deref(), || speeches(&views, fields))?;
        let mut found = Vec::new();
        let mut written = Written::default();
        for term in terms::terms(text, &speeches) {
            let postings = collection.postings(&term.stem)?;
            let idf = collection.idf(postings.len());
            written.add(&term, idf, !postings.is_empty());
            if !postings.is_empty() {
                let code_rarity = if term.code { idf / collection.idf(1) } else { 0.0 };
                found.push((Sought { weight: term.weight * idf, code_rarity, term }, postings));
            }
        }
        found.sort_by(|(a, _), (b, _)| b.weight.total_cmp(&a.weight));
        found.truncate(MAX_TERMS);
        let mut hits: Vec<Vec<Hit>> =
            views.iter().map(|view| vec![Hit::default(); view.seen.visible.len()]).collect();
        for (place, (sought, postings)) in found.iter().enumerate() {
            for posting in postings {
                let hit = &mut hits[posting.segment][posting.doc as usize];
                if views[posting.segment].admits(posting.doc) {
                    hit.score += sought.weight * collection.saturation(posting);
                    hit.code = hit.code.max(sought.code_rarity);
                    hit.matched |= 1 << place;
                }
            }
        }
        let terms = found.into_iter().map(|(sought, _)| sought).collect();
        let segments = views.into_iter().zip(hits).map(|(view, hits)| view.segment(hits)).collect();
        Ok(Self { segments, terms, unknown: written.unknown() })
    }

    /// The `count` articles with the highest scores above 0, highest first, equal ones by id.
    pub(super) fn top(&self, count: usize) -> Vec<(String, f32)> {
        let blocks = || self.segments.iter().flat_map(|segment| segment.hits.chunks(BLOCK));
        let highest = |block: &[Hit]| block.iter().fold(0f32, |highest, hit| highest.max(hit.score));
        let floor = floor_of_top(&blocks().map(highest).collect::<Vec<_>>(), count);
        let mut scored: Vec<((usize, DocId), f32)> = Vec::new();
        for (number, segment) in self.segments.iter().enumerate() {
            let hits = (0..).zip(&segment.hits).map(|(doc, hit)| ((number, doc), hit.score));
            scored.extend(hits.filter(|(_, score)| *score > 0.0 && *score >= floor));
        }
        // Scores equal to the last one are kept too, so that ids and not segments decide between them.
        if let Some(last) = count.checked_sub(1).filter(|last| *last < scored.len()) {
            let (_, nth, _) = scored.select_nth_unstable_by(last, |a, b| b.1.total_cmp(&a.1));
            let lowest = nth.1;
            scored.retain(|(_, score)| *score >= lowest);
        }
        let id = |(segment, doc): (usize, DocId)| self.segments[segment].seen.all.ids.of(doc);
        let named = scored.into_iter().filter_map(|(place, score)| Some((id(place)?.to_owned(), score)));
        let mut named: Vec<(String, f32)> = named.collect();
        best_first(&mut named, count);
        named
    }

    /// What was found in the article with this id; `None` if it is not there or out of scope.
    pub(super) fn of(&self, id: &str) -> Option<Hit> {
        self.segments.iter().find_map(|segment| {
            let admitted = segment.admitted.as_ref().unwrap_or(&segment.seen.visible);
            let doc = segment.seen.all.ids.having(id).find(|doc| admitted[*doc as usize])?;
            segment.hits.get(doc as usize).copied()
        })
    }

    /// The terms behind a hit, the most telling first.
    pub(super) fn matched(&self, hit: Hit) -> impl Iterator<Item = &Term> {
        let terms = self.terms.iter().enumerate();
        terms.filter(move |(place, _)| hit.matched & (1 << place) != 0).map(|(_, sought)| &sought.term)
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

/// The words of a query where they stand, each with how telling it is and whether some article has it.
#[derive(Default)]
struct Written(BTreeMap<(usize, usize), (f32, bool)>);

impl Written {
    /// A word that has stems in several languages is known by any of them.
    fn add(&mut self, term: &Term, idf: f32, known: bool) {
        let Some(span) = &term.span else { return };
        let word = self.0.entry((span.start, span.end)).or_insert((idf, known));
        if known && !word.1 {
            *word = (idf, true);
        }
    }

    fn unknown(&self) -> f32 {
        let all: f32 = self.0.values().map(|(idf, _)| idf).sum();
        let unknown: f32 = self.0.values().filter(|(_, known)| !known).map(|(idf, _)| idf).sum();
        if all > 0.0 { unknown / all } else { 0.0 }
    }
}

/// A segment as one asker sees it.
struct View<'a> {
    reader: &'a SegmentReader,
    texts: Vec<TextField>,
    /// What the asker's audience may see.
    seen: Arc<Seen>,
    /// Those documents of it that the other filters let through as well; `None` for all.
    admitted: Option<Vec<bool>>,
}

/// A searched field of a segment.
struct TextField {
    field: Field,
    weight: f32,
    terms: Arc<InvertedIndexReader>,
}

/// The searched fields, and how much a word in them counts.
fn weights(fields: index::Fields) -> [(Field, f32); 4] {
    [(fields.title, TITLE_WEIGHT), (fields.headings, 1.0), (fields.body, 1.0), (fields.tags, 1.0)]
}

/// What `audience` may see of a segment; `all` is known if somebody has seen it before.
fn see(
    reader: &SegmentReader,
    fields: index::Fields,
    audience: Audience,
    all: Option<Arc<All>>,
) -> tantivy::Result<Seen> {
    let mut visible: Vec<bool> = (0..reader.max_doc()).map(|doc| !reader.is_deleted(doc)).collect();
    if audience == Audience::Customer {
        keep(&mut visible, reader, fields.audience, &[index::audience_term(audience)])?;
    }
    let all = match all {
        Some(all) => all,
        None => {
            let mut lengths = vec![0.0; visible.len()];
            for (field, weight) in weights(fields) {
                let words = reader.get_fieldnorms_reader(field)?;
                let added = (0..).map(|doc| weight * words.fieldnorm(doc) as f32);
                lengths.iter_mut().zip(added).for_each(|(length, added)| *length += added);
            }
            let ids = Ids::read(reader.fast_fields().str(index::ID)?, reader.max_doc())?;
            let mut expiring = Vec::new();
            if let Some(expiry) = reader.fast_fields().column_opt::<i64>(index::EXPIRES_AT)? {
                expiring.extend((0..reader.max_doc()).filter_map(|doc| Some((doc, expiry.first(doc)?))));
            }
            Arc::new(All { ids, lengths, expiring })
        }
    };
    Ok(Seen::new(all, visible))
}

impl<'a> View<'a> {
    fn new(
        reader: &'a SegmentReader,
        seen: Arc<Seen>,
        fields: index::Fields,
        scope: &Scope,
    ) -> tantivy::Result<Self> {
        let texts = weights(fields)
            .into_iter()
            .map(|(field, weight)| Ok(TextField { field, weight, terms: reader.inverted_index(field)? }))
            .collect::<tantivy::Result<_>>()?;
        let seen = Seen::at(seen, scope.now);
        let mut admitted = None;
        if let Some(category) = &scope.category {
            keep(admitted.get_or_insert_with(|| seen.visible.clone()), reader, fields.category, &[category])?;
        }
        if let Some(language) = &scope.language {
            let languages: [&str; 2] = [language, UNKNOWN_LANGUAGE];
            keep(admitted.get_or_insert_with(|| seen.visible.clone()), reader, fields.language, &languages)?;
        }
        if let Some(product) = &scope.product {
            let products = [product.as_str(), index::ANY_PRODUCT];
            keep(admitted.get_or_insert_with(|| seen.visible.clone()), reader, fields.product, &products)?;
        }
        for label in &scope.labels {
            keep(admitted.get_or_insert_with(|| seen.visible.clone()), reader, fields.labels, &[label])?;
        }
        Ok(Self { reader, texts, seen, admitted })
    }

    fn admits(&self, doc: DocId) -> bool {
        self.admitted.as_ref().is_none_or(|admitted| admitted[doc as usize])
    }

    fn segment(self, hits: Vec<Hit>) -> Segment {
        Segment { seen: self.seen, admitted: self.admitted, hits }
    }
}

/// The languages by whose rules articles that the asker may see were analysed.
fn speeches(views: &[View<'_>], fields: index::Fields) -> tantivy::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for speech in speech::all() {
        let term = tantivy::Term::from_field_text(fields.speech, speech);
        for view in views {
            let terms = view.reader.inverted_index(fields.speech)?;
            if documents(&terms, &term)?.into_iter().any(|doc| view.seen.visible[doc as usize]) {
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
        let documents: usize = views.iter().map(|view| view.seen.documents).sum();
        let total: f64 = views.iter().map(|view| view.seen.total_length).sum();
        // At least one word, so that nothing is divided by zero where nothing is to be found.
        let average_length = (total / (documents as f64).max(1.0)).max(1.0) as f32;
        Self { views, documents, average_length }
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
                    if view.seen.visible[postings.doc() as usize] {
                        frequencies.push((postings.doc(), text.weight * postings.term_freq() as f32));
                    }
                    postings.advance();
                }
            }
            // A stable sort, because it finds the runs, which are the fields, and only merges them.
            frequencies.sort_by_key(|(doc, _)| *doc);
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
        let length = self.views[posting.segment].seen.all.lengths[posting.doc as usize] / self.average_length;
        posting.frequency * (K1 + 1.0) / (posting.frequency + K1 * (1.0 - B + B * length))
    }
}
