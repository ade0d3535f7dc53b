//! Plain BM25, beside which the search is measured: what any toolbox gives for an afternoon's work.
//!
//! Title and body in one field, lower case, runs of letters and digits, a short list of English stop
//! words, no stemming. Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond" (2009), with Lucene's idf, k1 1.5 and b 0.75.

use std::collections::{HashMap, HashSet};

const K1: f32 = 1.5;
const B: f32 = 0.75;

/// The stop words of Lucene's English analyzer.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// An index in memory.
#[derive(Debug, Default)]
pub(super) struct PlainBm25 {
    ids: Vec<String>,
    lengths: Vec<f32>,
    /// Word → article and how often.
    postings: HashMap<String, Vec<(usize, f32)>>,
}

impl PlainBm25 {
    pub(super) fn add(&mut self, id: &str, text: &str) {
        let mut counts: HashMap<String, f32> = HashMap::new();
        for word in words(text) {
            *counts.entry(word).or_default() += 1.0;
        }
        let article = self.ids.len();
        self.ids.push(id.to_string());
        self.lengths.push(counts.values().sum());
        for (word, count) in counts {
            self.postings.entry(word).or_default().push((article, count));
        }
    }

    /// Ids and scores, best first; of equals the first added.
    pub(super) fn search(&self, query: &str, top: usize) -> Vec<(String, f32)> {
        let articles = self.ids.len() as f32;
        let mean = self.lengths.iter().sum::<f32>() / articles.max(1.0);
        let mut scores: HashMap<usize, f32> = HashMap::new();
        for word in words(query).collect::<HashSet<_>>() {
            let Some(postings) = self.postings.get(&word) else { continue };
            let found = postings.len() as f32;
            let idf = (1.0 + (articles - found + 0.5) / (found + 0.5)).ln();
            for &(article, count) in postings {
                let length = K1 * (1.0 - B + B * self.lengths[article] / mean.max(1.0));
                *scores.entry(article).or_default() += idf * count / (count + length);
            }
        }
        let mut ranked: Vec<(usize, f32)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.into_iter().take(top).map(|(article, score)| (self.ids[article].clone(), score)).collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_with_the_rarer_word_comes_first() {
        let mut index = PlainBm25::default();
        index.add("printer", "the printer jams when the paper is damp");
        index.add("vpn", "the vpn drops when the printer is used over it");
        index.add("mail", "mail bounces");
        let found: Vec<String> =
            index.search("the vpn and the printer", 10).into_iter().map(|f| f.0).collect();
        assert_eq!(found, ["vpn", "printer"]);
        assert!(index.search("the of and", 10).is_empty());
    }
}
