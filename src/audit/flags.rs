//! What is wrong with a category.

use std::collections::{HashMap, HashSet};

use super::base::Base;
use super::coverage::{CategoryCoverage, Flag, UsedArticle};
use super::findings::{ArticleFinding, FlagKind, MOST_TICKETS, clearly_more};
use super::observations::{NONE, Observations, Row};
use super::question::Rules;
use super::stats::{Mean, Share};
use super::tally::OfCategory;

/// Articles that are named with a category or a flag.
const MOST_ARTICLES: usize = 3;

/// Fewest categories from which the house's own level is taken.
const FEWEST_CATEGORIES: usize = 5;

/// However well others are covered, a share above this lacks nothing.
const HIGHEST_LIMIT: f64 = 0.75;

/// Below which share a category lacks articles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    limit: f64,
    /// What the better third of the categories reaches, where there are enough.
    good: Option<f64>,
}

impl Level {
    /// Of categories with enough tickets the upper third by their share; of few categories only the limit of
    /// the settings counts.
    pub(super) fn of(categories: &[CategoryCoverage], rules: &Rules) -> Self {
        let enough = |share: &Share| share.tickets >= u64::from(rules.settings.min_tickets);
        let shares = categories.iter().filter_map(|category| category.adequate).filter(enough);
        let mut shares: Vec<f64> = shares.map(|share| share.share).collect();
        shares.sort_by(f64::total_cmp);
        let good = (shares.len() >= FEWEST_CATEGORIES).then(|| shares[2 * (shares.len() - 1) / 3]);
        let relative = good.map_or(0.0, |good| good - rules.settings.missing_margin).min(HIGHEST_LIMIT);
        Self { limit: relative.max(rules.settings.missing_below), good }
    }
}

/// Uses of one article in a category.
#[derive(Default, Clone, Copy)]
struct Uses {
    tickets: u64,
    /// Sum and number of its scores.
    score: (f64, u64),
}

/// Finds the category's articles and its flags.
pub(super) fn flags(
    category: &mut CategoryCoverage,
    of: &OfCategory,
    seen: &Observations,
    base: &Base,
    findings: &[ArticleFinding],
    (level, with_article): (Level, (u64, u64)),
    rules: &Rules,
) {
    let rows = || of.rows.iter().map(|row| &seen.rows[*row as usize]);
    let uses = uses(rows(), rules);
    category.best_articles = named(seen, base, &uses, |_| true);
    if category.tickets < u64::from(rules.settings.min_tickets) {
        return;
    }
    let lacking = missing(rows(), seen, base, level, rules);
    category.flags.extend(joined(lacking, withdrawn(rows(), seen, base, rules)));
    category.flags.extend(expired(rows(), seen, base, rules));
    let has = |category: &CategoryCoverage, kind| category.flags.iter().any(|flag| flag.kind == kind);
    for kind in [FlagKind::Outdated, FlagKind::NotResolving] {
        // What is shown where nothing answers says nothing of the articles that should.
        if has(category, kind) || (kind == FlagKind::Outdated && has(category, FlagKind::Missing)) {
            continue;
        }
        let faulty: Vec<&ArticleFinding> =
            findings.iter().filter(|f| f.kind == kind && uses.contains_key(&f.number)).collect();
        category.flags.extend(by_articles(kind, &faulty, rows(), &uses, seen, base, rules));
    }
    if !has(category, FlagKind::NotResolving) {
        category.flags.extend(not_resolving(rows(), &uses, with_article, seen, base, rules));
    }
}

fn uses<'a>(rows: impl Iterator<Item = &'a Row>, rules: &Rules) -> HashMap<u32, Uses> {
    let mut uses: HashMap<u32, Uses> = HashMap::new();
    for row in rows {
        for article in row.used(rules.answer_threshold) {
            uses.entry(article).or_default().tickets += 1;
        }
        if row.is_answered(rules.answer_threshold)
            && let Some(of) = uses.get_mut(&row.best)
        {
            of.score.0 += f64::from(row.score);
            of.score.1 += 1;
        }
    }
    uses
}

/// The most used articles that `fits`.
fn named(
    seen: &Observations,
    base: &Base,
    uses: &HashMap<u32, Uses>,
    fits: impl Fn(u32) -> bool,
) -> Vec<UsedArticle> {
    let mut order: Vec<(&u32, &Uses)> = uses.iter().filter(|(number, _)| fits(**number)).collect();
    order.sort_by_key(|(number, uses)| (std::cmp::Reverse(uses.tickets), seen.names.name(**number)));
    let article = |(number, uses): (&u32, &Uses)| {
        let id = seen.names.name(*number);
        UsedArticle {
            id: id.to_owned(),
            title: base.title(id),
            deleted_at: base.deleted_at(id),
            tickets: uses.tickets,
            score: (uses.score.1 > 0).then(|| uses.score.0 / uses.score.1 as f64),
        }
    };
    order.into_iter().take(MOST_ARTICLES).map(article).collect()
}

/// Whether the share of tickets with an adequate article is surely low: its upper bound (one-sided, at the
/// certainty of the settings) lies below the limit. Where an expired article would answer, the category is
/// not missing but outdated.
fn missing<'a>(
    rows: impl Iterator<Item = &'a Row>,
    seen: &Observations,
    base: &Base,
    level: Level,
    rules: &Rules,
) -> Option<Flag> {
    let mut read: Vec<&Row> = rows.filter(|row| !row.confidence.is_nan()).collect();
    let mut mean = Mean::default();
    read.iter().for_each(|row| mean.add(row.confidence.max(row.expired_confidence)));
    let high = mean.at_most(rules.settings.certainty);
    if mean.count() < u64::from(rules.settings.min_tickets) || high >= level.limit {
        return None;
    }
    let rate = mean.share()?;
    read.sort_by(|a, b| a.confidence.total_cmp(&b.confidence).then_with(|| a.id.cmp(&b.id)));
    let mut nearest: HashMap<u32, Uses> = HashMap::new();
    for row in read.iter().filter(|row| row.best != NONE) {
        let of = nearest.entry(row.best).or_default();
        of.tickets += 1;
        of.score = (of.score.0 + f64::from(row.score), of.score.1 + 1);
    }
    Some(Flag {
        kind: FlagKind::Missing,
        reason: reason(rate.share, high, level, rules),
        rate,
        articles: named(seen, base, &nearest, |_| true),
        tickets: read.iter().take(MOST_TICKETS).map(|row| row.id.to_string()).collect(),
    })
}

fn reason(share: f64, high: f64, level: Level, rules: &Rules) -> String {
    let elsewhere = level.good.map_or_else(String::new, |good| {
        format!("; the better third of the categories reaches {:.0} %", 100.0 * good)
    });
    format!(
        "{:.0} % of its tickets have an adequate article, at most {:.0} % with {:.0} % certainty{elsewhere}",
        100.0 * share,
        100.0 * high,
        100.0 * rules.settings.certainty
    )
}

/// One flag where both are raised: what is lacking, and that it was taken away or never published.
fn joined(lacking: Option<Flag>, withdrawn: Option<Flag>) -> Option<Flag> {
    match (lacking, withdrawn) {
        (Some(lacking), Some(withdrawn)) => Some(Flag {
            reason: format!("{}; {}", lacking.reason, withdrawn.reason),
            articles: withdrawn.articles,
            ..lacking
        }),
        (lacking, withdrawn) => lacking.or(withdrawn),
    }
}

/// Tickets of a category for which an article speaks that is not suggested.
#[derive(Default)]
struct Elsewhere {
    count: u64,
    all: u64,
    uses: HashMap<u32, Uses>,
    tickets: Vec<String>,
}

impl Elsewhere {
    /// `of` gives the article of a ticket, and the score it would have where that is known.
    fn of<'a>(rows: impl Iterator<Item = &'a Row>, of: impl Fn(&Row) -> (u32, Option<f32>)) -> Self {
        let mut found = Self::default();
        for row in rows {
            found.all += 1;
            let (article, score) = of(row);
            if article == NONE {
                continue;
            }
            found.count += 1;
            let uses = found.uses.entry(article).or_default();
            uses.tickets += 1;
            if let Some(score) = score {
                uses.score = (uses.score.0 + f64::from(score), uses.score.1 + 1);
            }
            if found.tickets.len() < MOST_TICKETS {
                found.tickets.push(row.id.to_string());
            }
        }
        found
    }

    /// The flag, where that is enough tickets and at least the share `least` of all; `reason` says why from
    /// how many of how many.
    fn flag(
        self,
        (kind, least): (FlagKind, f64),
        (seen, base, rules): (&Observations, &Base, &Rules),
        reason: impl Fn(u64, u64) -> String,
    ) -> Option<Flag> {
        let rate = Share::of(self.count, self.all)?;
        let enough = self.count >= u64::from(rules.settings.min_uses) && rate.share >= least;
        enough.then(|| Flag {
            kind,
            reason: reason(self.count, self.all),
            rate,
            articles: named(seen, base, &self.uses, |_| true),
            tickets: self.tickets,
        })
    }
}

/// Whether a notable share of the tickets lies nearer to articles that are not out than to any that is: then
/// neighbours seem to answer, while what answered was taken away, or never published.
fn withdrawn<'a>(
    rows: impl Iterator<Item = &'a Row>,
    seen: &Observations,
    base: &Base,
    rules: &Rules,
) -> Option<Flag> {
    let kind = (FlagKind::Missing, rules.settings.withdrawn_share);
    Elsewhere::of(rows, |row| (row.withdrawn, None)).flag(kind, (seen, base, rules), |count, all| {
        format!(
            "{count} of {all} tickets are nearer to an article that is archived, deleted or a draft than to any that is \
             published"
        )
    })
}

/// Whether articles that have expired would answer a notable share of the tickets.
fn expired<'a>(
    rows: impl Iterator<Item = &'a Row>,
    seen: &Observations,
    base: &Base,
    rules: &Rules,
) -> Option<Flag> {
    let kind = (FlagKind::Outdated, rules.settings.article_share);
    let searched = rows.filter(|row| !row.confidence.is_nan());
    let would = Elsewhere::of(searched, |row| (row.expired, Some(row.expired_confidence)));
    would.flag(kind, (seen, base, rules), |count, all| {
        format!("{count} of {all} tickets would be answered by an article that has expired")
    })
}

/// Whether articles in fault carry a notable share of the category's tickets that have an article.
fn by_articles<'a>(
    kind: FlagKind,
    faulty: &[&ArticleFinding],
    rows: impl Iterator<Item = &'a Row>,
    uses: &HashMap<u32, Uses>,
    seen: &Observations,
    base: &Base,
    rules: &Rules,
) -> Option<Flag> {
    let numbers: HashSet<u32> = faulty.iter().map(|finding| finding.number).collect();
    let (mut with, mut on, mut tickets) = (0_u64, 0_u64, Vec::new());
    for row in rows {
        let mut used = row.used(rules.answer_threshold).peekable();
        if used.peek().is_none() {
            continue;
        }
        with += 1;
        if let Some(article) = used.find(|article| numbers.contains(article)) {
            on += 1;
            let shows = kind != FlagKind::NotResolving || row.failure(article).is_some();
            if shows && tickets.len() < MOST_TICKETS {
                tickets.push(row.id.to_string());
            }
        }
    }
    let rate = Share::of(on, with)?;
    if on < u64::from(rules.settings.min_uses) || rate.share < rules.settings.article_share {
        return None;
    }
    let articles = named(seen, base, uses, |number| numbers.contains(&number));
    let first = articles.first()?;
    let why = faulty.iter().find(|finding| finding.id == first.id).and_then(|f| f.reasons.first())?;
    Some(Flag {
        kind,
        reason: format!(
            "{on} of its {with} tickets with an article rest on such ones; {}: {why}",
            first.title
        ),
        rate,
        articles,
        tickets,
    })
}

/// Whether the category's tickets come back after articles clearly more often than those of other categories,
/// though no single article stands out. `with_article` are all tickets of the window that had an article, and
/// those of them that came back.
fn not_resolving<'a>(
    rows: impl Iterator<Item = &'a Row>,
    uses: &HashMap<u32, Uses>,
    with_article: (u64, u64),
    seen: &Observations,
    base: &Base,
    rules: &Rules,
) -> Option<Flag> {
    let (mut with, mut back, mut tickets) = (0_u64, 0_u64, Vec::new());
    for row in rows {
        let Some(failed) = row.failed(rules.answer_threshold) else { continue };
        with += 1;
        back += u64::from(failed);
        if failed && tickets.len() < MOST_TICKETS {
            tickets.push(row.id.to_string());
        }
    }
    let others = (with_article.0 - with, with_article.1 - back);
    let elsewhere = if others.0 == 0 { 0.0 } else { others.1 as f64 / others.0 as f64 };
    let enough = back >= 2 && with >= u64::from(rules.settings.min_uses);
    if !enough || !clearly_more(back, with, elsewhere, rules) {
        return None;
    }
    Some(Flag {
        kind: FlagKind::NotResolving,
        reason: format!(
            "{back} of its {with} tickets with an article came back, {:.0} % in other categories",
            100.0 * elsewhere
        ),
        rate: Share::of(back, with)?,
        articles: named(seen, base, uses, |_| true),
        tickets,
    })
}
