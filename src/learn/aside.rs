//! What an encoder is tuned on besides the rows of its own heads: rows of heads that do not ship, and
//! articles that hold its embedding where the base has it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::Path;

use serde::Deserialize;

use super::corpus::Corpus;
use super::recipe::{Hold, Recipe};
use super::train::{Event, TrainError};
use crate::text::{BlockKind, front_matter, markdown};

/// Words of a passage that is held. Shorter than those that are searched, since a tuning reads them many times.
const PASSAGE_WORDS: usize = 80;

/// Files that are not there are told and left out: what may train need not be at hand to train.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) auxiliary: Corpus,
    /// Passages, each with how often it is read in a pass.
    pub(super) held: Vec<(String, f64)>,
}

#[derive(Deserialize)]
struct Article {
    id: String,
    title: String,
    body: String,
}

impl Aside {
    pub(super) fn read(recipe: &Recipe, watch: &mut dyn FnMut(Event)) -> Result<Self, TrainError> {
        let mut aside = Self::default();
        if recipe.tune.is_none() {
            return Ok(aside);
        }
        let mut there = |path: &Path| {
            let there = path.exists();
            if !there {
                watch(Event::Note(format!("{} is not there; tuning goes on without it", path.display())));
            }
            there
        };
        for file in recipe.files.iter().filter(|file| file.auxiliary) {
            if let Some(train) = file.train.as_ref().filter(|train| there(train)) {
                aside.auxiliary.add(train, file, None)?;
            }
        }
        for hold in recipe.holds.iter().filter(|hold| there(&hold.articles)) {
            let passages =
                passages(hold).map_err(|source| TrainError::Hold { path: hold.articles.clone(), source })?;
            aside.held.extend(passages.into_iter().map(|passage| (passage, hold.times)));
        }
        Ok(aside)
    }
}

/// The passages of a file's articles, each with its article's title in front, as the search has them.
fn passages(hold: &Hold) -> std::io::Result<Vec<String>> {
    let mut passages = Vec::new();
    for (number, line) in BufReader::new(File::open(&hold.articles)?).lines().enumerate() {
        let article: Article = serde_json::from_str(&line?).map_err(|e| {
            std::io::Error::new(ErrorKind::InvalidData, format!("row {} is no article: {e}", number + 1))
        })?;
        let wanted = |prefix: &String| article.id.starts_with(prefix.as_str());
        if hold.ids.is_empty() || hold.ids.iter().any(wanted) {
            passages.extend(cut(&article));
        }
    }
    Ok(passages)
}

fn cut(article: &Article) -> Vec<String> {
    let body = front_matter::split(&article.body).body;
    let blocks = markdown::blocks(body).blocks;
    let text = blocks.iter().filter(|block| !matches!(block.kind, BlockKind::Heading(_)));
    let words: Vec<&str> = text.flat_map(|block| block.text.split_whitespace()).collect();
    words.chunks(PASSAGE_WORDS).map(|words| format!("{}\n{}", article.title, words.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::collections::BTreeMap;

    use super::*;
    use crate::learn::recipe::Source;
    use crate::learn::tuning::TuneSettings;
    use crate::model::Reads;

    #[test]
    fn what_is_not_at_hand_is_told_and_left_out() {
        let place = tempfile::tempdir().unwrap();
        let articles = place.path().join("articles.jsonl");
        std::fs::write(&articles, "{\"id\":\"a-1\",\"title\":\"One\",\"body\":\"Text.\"}\n{\"id\":\"b-1\",\"title\":\"Two\",\"body\":\"Text.\"}\n").unwrap();
        let hold =
            |articles: &Path| Hold { articles: articles.to_owned(), ids: vec!["a-".into()], times: 0.5 };
        let auxiliary = Source {
            reads: Reads::Survey,
            train: Some(place.path().join("none.jsonl")),
            dev: None,
            labels: BTreeMap::new(),
            descriptions: BTreeMap::new(),
            aspects: false,
            weight: 1.0,
            times: 1.0,
            auxiliary: true,
            counts: None,
            without: None,
        };
        let recipe = Recipe {
            name: "r".into(),
            version: "1".into(),
            languages: Vec::new(),
            taps: None,
            tune: Some(TuneSettings::default()),
            auto_precision: 0.97,
            remarks: Vec::new(),
            go_on: false,
            files: vec![auxiliary],
            holds: vec![hold(&articles), hold(&place.path().join("gone.jsonl"))],
        };
        let mut notes = Vec::new();
        let aside = Aside::read(&recipe, &mut |event| match event {
            Event::Note(note) => notes.push(note),
            other => panic!("{other:?}"),
        });
        assert_eq!(aside.unwrap().held, [("One\nText.".to_owned(), 0.5)]);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("none.jsonl") && notes[1].contains("gone.jsonl"), "{notes:?}");
    }

    #[test]
    fn a_row_that_is_no_article_is_named_by_its_number() {
        let place = tempfile::tempdir().unwrap();
        let articles = place.path().join("articles.jsonl");
        std::fs::write(&articles, "{\"id\":\"a\",\"title\":\"One\",\"body\":\"Text.\"}\n{\"id\":7}\n")
            .unwrap();
        let error = passages(&Hold { articles, ids: Vec::new(), times: 1.0 }).unwrap_err();
        assert!(error.to_string().contains("row 2 is no article"), "{error}");
    }

    #[test]
    fn passages_have_the_title_in_front_and_no_front_matter() {
        let body = format!("---\ntitle: x\n---\n# Reset\n\n{}", "word ".repeat(100));
        let article = Article { id: "a".into(), title: "Reset".into(), body };
        let passages = cut(&article);
        let lengths: Vec<usize> = passages.iter().map(|p| p.split_whitespace().count()).collect();
        assert_eq!(lengths, [81, 21]);
        assert!(passages.iter().all(|p| p.starts_with("Reset\nword")), "{passages:?}");
    }
}
