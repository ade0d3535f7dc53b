//! Tickets counted by category and by article.

use std::collections::{BTreeMap, HashMap};

use super::observations::{Failure, NONE, Observations, Row};
use super::question::{Chosen, Question, Rules};

/// The tickets of one category.
#[derive(Debug, Default)]
pub(super) struct OfCategory {
    /// Places of the window's tickets.
    pub(super) rows: Vec<u32>,
    /// Tickets in the window before.
    pub(super) previous: u64,
}

/// What became of the tickets on which one article was used.
#[derive(Debug, Default)]
pub(super) struct OfArticle {
    /// Tickets on which it was sent, or shown as the answer where none was sent, or refused.
    pub(super) uses: u64,
    /// Those on which something went wrong afterwards.
    pub(super) failures: Vec<(u32, Failure)>,
    /// Times that it was the best article and seemed to answer.
    pub(super) shown: u64,
    /// Times that it was sent.
    pub(super) attached: u64,
    /// Times that it was refused.
    pub(super) dismissed: u64,
    /// Tickets that name a version which it does not know, by that version.
    pub(super) versions: BTreeMap<u32, Vec<u32>>,
    /// Decided occasions in the window: how many helped, of how many.
    pub(super) now: (u64, u64),
    /// The same in the window before.
    pub(super) before: (u64, u64),
}

/// All counts that a report is made of.
pub(super) struct Tally {
    pub(super) categories: HashMap<u32, OfCategory>,
    pub(super) articles: HashMap<u32, OfArticle>,
    /// Uses of all articles.
    pub(super) uses: u64,
    /// Uses after which something went wrong.
    pub(super) failures: u64,
    /// Tickets of the window on which an article was used, and those of them that came back.
    pub(super) with_article: (u64, u64),
    /// Tickets in the window that fit the filter.
    pub(super) tickets: u64,
    /// The same in the window before.
    pub(super) previous: u64,
    /// Tickets of which no time is known and which the window therefore leaves out.
    pub(super) undated: u64,
}

impl Tally {
    /// Categories count the tickets that are chosen; articles are judged by all tickets of the window.
    pub(super) fn of(seen: &Observations, question: &Question, rules: &Rules, chosen: &Chosen) -> Self {
        let (window, before) = (question.window, question.window.before());
        let mut tally = Self {
            categories: HashMap::new(),
            articles: HashMap::new(),
            uses: 0,
            failures: 0,
            with_article: (0, 0),
            tickets: 0,
            previous: 0,
            undated: 0,
        };
        for (place, row) in seen.rows.iter().enumerate() {
            let earlier = before.is_some_and(|before| before.holds(row.at));
            if window.holds(row.at) {
                tally.count(place as u32, row, rules, chosen.holds(row));
            } else if earlier {
                tally.count_before(row, rules, chosen.holds(row));
            } else if row.at.is_none() {
                tally.undated += 1;
            }
        }
        for said in &seen.said {
            let of = tally.articles.entry(said.article).or_default();
            if window.holds(Some(said.at)) {
                add(&mut of.now, said.useful);
                of.dismissed += u64::from(!said.useful);
            } else if before.is_some_and(|before| before.holds(Some(said.at))) {
                add(&mut of.before, said.useful);
            }
        }
        tally
    }

    fn count(&mut self, place: u32, row: &Row, rules: &Rules, chosen: bool) {
        if chosen {
            self.tickets += 1;
            self.categories.entry(row.category).or_default().rows.push(place);
        }
        let threshold = rules.answer_threshold;
        if let Some(failed) = row.failed(threshold) {
            self.with_article.0 += 1;
            self.with_article.1 += u64::from(failed);
        }
        for article in row.used(threshold) {
            let of = self.articles.entry(article).or_default();
            of.uses += 1;
            self.uses += 1;
            if let Some(failure) = row.failure(article) {
                of.failures.push((place, failure));
                self.failures += 1;
            }
        }
        for article in &row.attached {
            self.articles.entry(*article).or_default().attached += 1;
        }
        for article in &row.dismissed {
            self.articles.entry(*article).or_default().dismissed += 1;
        }
        if row.is_answered(threshold) {
            self.articles.entry(row.best).or_default().shown += 1;
        }
        let used = row.attached.first().copied().or(row.is_answered(threshold).then_some(row.best));
        if row.unknown_version != NONE
            && let Some(article) = used
        {
            let of = self.articles.entry(article).or_default();
            of.versions.entry(row.unknown_version).or_default().push(place);
        }
        for (article, useful) in decided(row, threshold) {
            add(&mut self.articles.entry(article).or_default().now, useful);
        }
    }

    fn count_before(&mut self, row: &Row, rules: &Rules, chosen: bool) {
        if chosen {
            self.previous += 1;
            self.categories.entry(row.category).or_default().previous += 1;
        }
        for (article, useful) in decided(row, rules.answer_threshold) {
            add(&mut self.articles.entry(article).or_default().before, useful);
        }
    }
}

fn add(counts: &mut (u64, u64), useful: bool) {
    counts.0 += u64::from(useful);
    counts.1 += 1;
}

/// The articles that were shown, sent or refused on a ticket for which somebody sent or refused any, and
/// whether each was sent: only there has somebody decided.
fn decided(row: &Row, threshold: f32) -> impl Iterator<Item = (u32, bool)> {
    let any = !row.attached.is_empty() || !row.dismissed.is_empty();
    let shown = (any && row.is_answered(threshold) && !row.attached.contains(&row.best)).then_some(row.best);
    let refused = row.dismissed.iter().copied();
    let refused = refused.filter(move |id| !row.attached.contains(id) && shown != Some(*id));
    let sent = row.attached.iter().map(|id| (*id, !row.dismissed.contains(id)));
    sent.chain(shown.into_iter().chain(refused).map(|id| (id, false)))
}
