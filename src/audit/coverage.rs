//! The coverage report: by category, what share of the tickets has an adequate article, and what is wrong.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::base::Base;
use super::error::AuditError;
use super::findings::{ArticleFinding, FlagKind, findings};
use super::flags::{Level, flags};
use super::observations::Observations;
use super::pareto::{Pareto, pareto};
use super::question::{Chosen, Filter, Question, Rules, Window};
use super::stats::{Mean, Share};
use super::tally::{OfCategory, Tally};

/// Findings about articles in a report.
const MOST_FINDINGS: usize = 100;

/// What the knowledge base covers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Coverage {
    /// The tickets' time.
    pub window: Window,
    /// Which of them.
    pub filter: Filter,
    /// When the tickets were read.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// How many there are.
    pub tickets: u64,
    /// How many there were in the window of the same length before; absent where the window has no beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_tickets: Option<u64>,
    /// Share with an adequate article: the mean of the calibrated answer confidence. Absent where no ticket
    /// has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adequate: Option<Share>,
    /// The categories with most tickets, the largest first.
    pub categories: Vec<CategoryCoverage>,
    /// Categories that are not shown.
    pub more_categories: usize,
    /// Their tickets.
    pub more_tickets: u64,
    /// Which categories make up most of what is not answered; of all, not only those shown.
    pub pareto: Pareto,
    /// Articles with faults, those most used first, at most a hundred; judged by all tickets of the window.
    pub articles: Vec<ArticleFinding>,
    /// What a reader must know before trusting the figures.
    pub warnings: Vec<String>,
}

/// One category.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CategoryCoverage {
    /// Its name.
    pub category: String,
    /// Its tickets in the window.
    pub tickets: u64,
    /// Its tickets in the window before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_tickets: Option<u64>,
    /// Change against the window before, as a part of it: 0.5 is half as many again. Absent where there were
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<f64>,
    /// Share with an adequate article: the mean m of the calibrated answer confidence, with the
    /// interval m ± t · s / √n.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adequate: Option<Share>,
    /// Tickets without one, by expectation: the sum of 1 - confidence.
    pub unanswered: f64,
    /// The articles that answer it, the most used first, at most three.
    pub best_articles: Vec<UsedArticle>,
    /// What is wrong; empty where nothing is.
    pub flags: Vec<Flag>,
}

/// An article that answers tickets of a category.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsedArticle {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Tickets of the category on which it was best, sent or refused.
    pub tickets: u64,
    /// Its mean score where it was found as the best, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// When it was deleted, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
}

impl UsedArticle {
    /// What reports add to its tickets, each part after a comma: its score, and when it was deleted.
    pub(crate) fn remarks(&self) -> String {
        let score = self.score.map_or_else(String::new, |score| format!(", score {score:.2}"));
        let deleted = |at: Timestamp| format!(", deleted on {}", at.strftime("%Y-%m-%d"));
        score + &self.deleted_at.map_or_else(String::new, deleted)
    }
}

/// What is wrong with a category, and what shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Flag {
    /// What.
    pub kind: FlagKind,
    /// Why, in a sentence.
    pub reason: String,
    /// The share that it stands on: of `missing` the tickets with an adequate article, of the others those
    /// on which articles in fault were used.
    pub rate: Share,
    /// The articles in question: of `missing` the best that was found, of the others those in fault.
    pub articles: Vec<UsedArticle>,
    /// Tickets that show it, at most ten.
    pub tickets: Vec<String>,
}

/// Makes the report.
///
/// # Errors
/// [`AuditError::NoTickets`] and [`AuditError::UnknownValue`].
pub fn coverage(
    seen: &Observations,
    base: &Base,
    question: &Question,
    rules: &Rules,
) -> Result<Coverage, AuditError> {
    check_not_empty(seen, &question.window)?;
    let chosen = Chosen::of(&question.filter, &question.window, seen)?;
    let tally = Tally::of(seen, question, rules, &chosen);
    if tally.tickets == 0 {
        return Err(AuditError::NoTickets("no ticket of the window fits all filters; leave one out".into()));
    }
    let articles = findings(seen, base, &tally, question, rules);
    let mut order: Vec<(&u32, &OfCategory)> =
        tally.categories.iter().filter(|(_, of)| !of.rows.is_empty()).collect();
    order.sort_by_key(|(number, of)| (std::cmp::Reverse(of.rows.len()), seen.names.name(**number)));
    let mut all: Vec<CategoryCoverage> =
        order.iter().map(|(number, of)| category(seen, seen.names.name(**number), of, question)).collect();
    let level = Level::of(&all, rules);
    for (category, (_, of)) in all.iter_mut().zip(&order) {
        flags(category, of, seen, base, &articles, (level, tally.with_article), rules);
    }
    let rows = order.iter().flat_map(|(_, of)| of.rows.iter());
    Ok(Coverage {
        window: question.window,
        filter: question.filter.clone(),
        as_of: seen.as_of,
        tickets: tally.tickets,
        previous_tickets: question.window.before().map(|_| tally.previous),
        adequate: adequate(seen, rows),
        pareto: pareto(&all),
        more_categories: all.len().saturating_sub(question.top),
        more_tickets: all.iter().skip(question.top).map(|category| category.tickets).sum(),
        categories: all.into_iter().take(question.top).collect(),
        warnings: warnings(seen, &tally, articles.len()),
        articles: articles.into_iter().take(MOST_FINDINGS).collect(),
    })
}

pub(super) fn check_not_empty(seen: &Observations, window: &Window) -> Result<(), AuditError> {
    if seen.rows.iter().any(|row| window.holds(row.at)) {
        return Ok(());
    }
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let times = || seen.rows.iter().filter_map(|row| row.at);
    let there = match (times().min(), times().max()) {
        (Some(first), Some(last)) => format!("tickets are from {} to {}", day(first), day(last)),
        _ if seen.is_empty() => "there are no tickets at all yet".to_owned(),
        _ => "none of the tickets says when it came in".to_owned(),
    };
    let from = window.from.map_or_else(String::new, |from| format!("from {} ", day(from)));
    Err(AuditError::NoTickets(format!("no ticket came in {from}before {}; {there}", day(window.to))))
}

fn category(seen: &Observations, name: &str, of: &OfCategory, question: &Question) -> CategoryCoverage {
    let tickets = of.rows.len() as u64;
    let previous = question.window.before().map(|_| of.previous);
    let confidences = of.rows.iter().map(|row| f64::from(seen.rows[*row as usize].confidence));
    CategoryCoverage {
        category: name.to_owned(),
        tickets,
        previous_tickets: previous,
        trend: previous.filter(|p| *p > 0).map(|p| (tickets as f64 - p as f64) / p as f64),
        adequate: adequate(seen, of.rows.iter()),
        unanswered: confidences.filter(|c| !c.is_nan()).map(|c| 1.0 - c).sum(),
        best_articles: Vec::new(),
        flags: Vec::new(),
    }
}

fn adequate<'a>(seen: &Observations, rows: impl Iterator<Item = &'a u32>) -> Option<Share> {
    let mut mean = Mean::default();
    let confidences = rows.map(|row| seen.rows[*row as usize].confidence);
    confidences.filter(|c| !c.is_nan()).for_each(|confidence| mean.add(confidence));
    mean.share()
}

fn warnings(seen: &Observations, tally: &Tally, findings: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    let rows = tally.categories.values().flat_map(|of| of.rows.iter());
    let unread = rows.filter(|row| seen.rows[**row as usize].confidence.is_nan()).count();
    if unread > 0 {
        warnings.push(format!(
            "{unread} of {} tickets were never searched for an article; they count in the volume and not in the shares",
            tally.tickets
        ));
    }
    if tally.undated > 0 {
        warnings.push(format!("{} tickets say no time and are left out of the window", tally.undated));
    }
    if findings > MOST_FINDINGS {
        warnings.push(format!(
            "{findings} faults of articles were found; the {MOST_FINDINGS} most used are listed"
        ));
    }
    warnings
}
