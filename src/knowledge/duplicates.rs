//! Articles that say the same, or nearly.
//!
//! Duplicates have the same words in the same order, whatever their markup, letters and punctuation. Near
//! duplicates share most of their words, and their passages lie close to one another: of each passage the
//! closest one of the other article is looked for, in both directions, and the mean cosine of the worse
//! direction counts. Words alone would join instructions from one mould for two products, meaning alone
//! would join articles about the same subject.

mod pairs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::cosine::dot;
use super::error::KnowledgeError;
use super::passages;
use crate::store::{Article, Store, StoredPassage};

/// From which share of common words (Jaccard), and which mutual cosine, articles are near duplicates.
///
/// A share of one half is where Broder and others draw the line ("Syntactic clustering of the Web", 1997).
/// The cosine stands about where the two meet with the shipped bundle: of 384 pairs of edited copies 1 % lie
/// below .732, of 32,256 pairs of other articles the closest has .736, with a third of the words in common
/// (`benches/duplicates.py`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// Share of words that both have among all that either has, 0 to 1.
    pub overlap: f32,
    /// Mean cosine of the passages to the closest ones of the other article, -1 to 1.
    pub cosine: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { overlap: 0.5, cosine: 0.75 }
    }
}

/// What was found in a knowledge base.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duplicates {
    /// Articles that were compared.
    pub articles: usize,
    /// Where near duplicates begin.
    pub thresholds: Thresholds,
    /// Articles with the same words, in groups of two or more.
    pub groups: Vec<Vec<Named>>,
    /// Pairs that nearly say the same, the closest first. Of a group of duplicates only the first is here.
    pub near: Vec<NearPair>,
}

/// An article by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// Two articles that nearly say the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearPair {
    /// The one.
    pub first: Named,
    /// The other.
    pub second: Named,
    /// Share of common words.
    pub overlap: f32,
    /// Mutual cosine of their passages.
    pub cosine: f32,
}

/// Articles read from the store at a time.
const PAGE: u32 = 128;

/// What is remembered of an article.
struct Seen {
    name: Named,
    /// Its distinct words, hashed and sorted.
    words: Box<[u32]>,
}

/// Looks through the whole base. Archived articles are passed over: they were taken back on purpose.
///
/// # Errors
/// Those of the store.
pub async fn duplicates(store: &Store, thresholds: Thresholds) -> Result<Duplicates, KnowledgeError> {
    let (seen, groups, articles) = read(store).await?;
    let mut near = Vec::new();
    // Pairs come with the first in order, so that its passages are read once.
    let mut first: Option<(usize, Vec<StoredPassage>)> = None;
    for (a, b, overlap) in pairs::overlapping(&seen, thresholds.overlap) {
        if first.as_ref().is_none_or(|(place, _)| *place != a) {
            first = Some((a, store.passages_of(&seen[a].name.id).await?));
        }
        let ours = first.as_ref().map_or(&[] as &[_], |(_, passages)| passages);
        let theirs = store.passages_of(&seen[b].name.id).await?;
        let cosine = mutual_cosine(ours, &theirs);
        if cosine >= thresholds.cosine {
            near.push(NearPair {
                first: seen[a].name.clone(),
                second: seen[b].name.clone(),
                overlap,
                cosine,
            });
        }
    }
    near.sort_by(|a, b| (b.overlap + b.cosine).total_cmp(&(a.overlap + a.cosine)));
    Ok(Duplicates { articles, thresholds, groups, near })
}

/// All articles but duplicates of earlier ones, the groups of duplicates, and how many articles there are.
async fn read(store: &Store) -> Result<(Vec<Seen>, Vec<Vec<Named>>, usize), KnowledgeError> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut by_text: HashMap<[u8; 32], usize> = HashMap::new();
    let mut groups: BTreeMap<usize, Vec<Named>> = BTreeMap::new();
    let (mut articles, mut after) = (0, None::<String>);
    loop {
        let page = store.articles_page(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        let compared = |article: &&Article| article.status != crate::store::ArticleStatus::Archived;
        for article in page.iter().filter(compared) {
            articles += 1;
            let words = words(article);
            if words.is_empty() {
                continue;
            }
            let name = Named { id: article.id.clone(), title: article.title.clone() };
            match by_text.entry(Sha256::digest(words.join(" ")).into()) {
                std::collections::hash_map::Entry::Occupied(place) => {
                    let first = *place.get();
                    groups.entry(first).or_insert_with(|| vec![seen[first].name.clone()]).push(name);
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(seen.len());
                    seen.push(Seen { name, words: pairs::distinct(&words) });
                }
            }
        }
    }
    Ok((seen, groups.into_values().collect(), articles))
}

/// The words of an article's text in order, in lower case; of an article without text those of its title.
fn words(article: &Article) -> Vec<String> {
    let (headings, body) = passages::body_text(article);
    let text = [headings, body].join("\n");
    let words = split(&text);
    if words.is_empty() { split(&article.title) } else { words }
}

fn split(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// How close the passages of two articles lie: the mean of each one's best, in the worse direction.
fn mutual_cosine(ours: &[StoredPassage], theirs: &[StoredPassage]) -> f32 {
    let one_way = |from: &[StoredPassage], to: &[StoredPassage]| {
        let best = |one: &StoredPassage| {
            let cosines =
                to.iter().filter(|other| other.passage.embedding.len() == one.passage.embedding.len());
            let cosines = cosines.map(|other| dot(&one.passage.embedding, &other.passage.embedding));
            cosines.max_by(f32::total_cmp).unwrap_or(0.0)
        };
        from.iter().map(best).sum::<f32>() / from.len().max(1) as f32
    };
    one_way(ours, theirs).min(one_way(theirs, ours)).clamp(-1.0, 1.0)
}
