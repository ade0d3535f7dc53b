//! What is wrong with single articles.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::base::{ArticleFacts, Base};
use super::observations::{Failure, Observations};
use super::question::{Question, Rules};
use super::stats::{self, Share};
use super::tally::{OfArticle, Tally};
use crate::learn::metrics::wilson_interval;

/// Ticket ids that stand as evidence.
pub(super) const MOST_TICKETS: usize = 10;
/// Fewest decided occasions in each window on which a fall of usefulness is tested.
const FEWEST_OCCASIONS: u64 = 5;
/// Part of an article's tickets that have to name versions which it does not know.
const NOTABLE: f64 = 0.1;
/// Below this chance under equal shares, usefulness has fallen.
const FALLEN_BELOW: f64 = 0.05;

/// What can be wrong with a category or an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// Hardly any ticket has an adequate article, or many lie nearest to one that is archived or a draft.
    Missing,
    /// The articles that answer have expired, are due for review, have not changed for long, do not know the
    /// versions that tickets name, or help less than they did.
    Outdated,
    /// Tickets on which the article was used come back clearly more often than elsewhere.
    NotResolving,
}

impl FlagKind {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Outdated => "outdated",
            Self::NotResolving => "not resolving",
        }
    }
}

/// An article with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArticleFinding {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What kind of fault.
    pub kind: FlagKind,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// Tickets of the window on which it was used.
    pub uses: u64,
    /// Of `not_resolving`: how often tickets came back after it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Share>,
    /// Of `not_resolving`: how often they did after other articles, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<f64>,
    /// Tickets that show it, at most ten.
    pub tickets: Vec<String>,
    #[serde(skip)]
    pub(super) number: u32,
}

/// Faults of all articles that were used in the window, those with most uses first.
pub(super) fn findings(
    seen: &Observations,
    base: &Base,
    tally: &Tally,
    question: &Question,
    rules: &Rules,
) -> Vec<ArticleFinding> {
    let mut found = Vec::new();
    for (number, of) in &tally.articles {
        let id = seen.names.name(*number);
        let new = |kind| ArticleFinding {
            id: id.to_owned(),
            title: base.title(id),
            kind,
            reasons: Vec::new(),
            uses: of.uses,
            failed: None,
            elsewhere: None,
            tickets: Vec::new(),
            number: *number,
        };
        if let Some(facts) = base.articles.get(id)
            && of.uses > 0
        {
            let mut finding = new(FlagKind::Outdated);
            finding.reasons = by_date(facts, question.window.to, question.outdated_before(rules));
            by_version(&mut finding, of, seen, rules);
            finding.reasons.extend(by_use(of));
            if !finding.reasons.is_empty() {
                found.push(finding);
            }
        }
        found.extend(not_resolving(new(FlagKind::NotResolving), of, seen, tally, rules));
    }
    found.sort_by(|a, b| (b.uses, a.kind, &a.id).cmp(&(a.uses, b.kind, &b.id)));
    found
}

/// The reasons that dates give.
fn by_date(facts: &ArticleFacts, to: Timestamp, before: Option<Timestamp>) -> Vec<String> {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let mut reasons = Vec::new();
    if let Some(expires) = facts.expires_at.filter(|at| *at <= to) {
        reasons.push(format!("it expired on {}", day(expires)));
    }
    if let Some(review) = facts.review_at.filter(|at| *at <= to) {
        reasons.push(format!("its review was due on {}", day(review)));
    }
    if let Some((updated, before)) = facts.updated_at.zip(before).filter(|(updated, before)| updated < before)
    {
        reasons.push(format!("it last changed on {}, before {}", day(updated), day(before)));
    }
    reasons
}

/// Tickets that name versions which the article does not know.
fn by_version(finding: &mut ArticleFinding, of: &OfArticle, seen: &Observations, rules: &Rules) {
    let named: usize = of.versions.values().map(Vec::len).sum();
    let enough = named >= rules.settings.min_uses as usize;
    if !enough || (named as f64) < NOTABLE * of.uses as f64 {
        return;
    }
    let mut versions: Vec<(&str, &Vec<u32>)> =
        of.versions.iter().map(|(name, rows)| (seen.names.name(*name), rows)).collect();
    versions.sort_by_key(|(name, rows)| (std::cmp::Reverse(rows.len()), *name));
    let listed: Vec<String> =
        versions.iter().take(3).map(|(name, rows)| format!("{name} ({})", rows.len())).collect();
    finding.reasons.push(format!(
        "{named} of {} tickets name a version that it does not know: {}",
        of.uses,
        listed.join(", ")
    ));
    let rows = versions.iter().flat_map(|(_, rows)| rows.iter());
    finding.tickets = rows.take(MOST_TICKETS).map(|row| seen.rows[*row as usize].id.to_string()).collect();
}

/// Whether it helps less than in the window before.
fn by_use(of: &OfArticle) -> Option<String> {
    let (now, before) = (of.now, of.before);
    let enough = now.1 >= FEWEST_OCCASIONS && before.1 >= FEWEST_OCCASIONS;
    (enough && stats::fallen(now, before) < FALLEN_BELOW).then(|| {
        format!(
            "it helped on {} of {} tickets, and on {} of {} in the window before",
            now.0, now.1, before.0, before.1
        )
    })
}

/// Whether tickets come back after it more often than after others: the lower bound of its share (one-sided,
/// at the certainty of the settings) has to lie above theirs by the margin.
fn not_resolving(
    mut finding: ArticleFinding,
    of: &OfArticle,
    seen: &Observations,
    tally: &Tally,
    rules: &Rules,
) -> Option<ArticleFinding> {
    let failed = of.failures.len() as u64;
    if of.uses < u64::from(rules.settings.min_uses) || failed < 2 {
        return None;
    }
    let (uses, failures) = (tally.uses - of.uses, tally.failures - failed);
    let elsewhere = if uses == 0 { 0.0 } else { failures as f64 / uses as f64 };
    if !clearly_more(failed, of.uses, elsewhere, rules) {
        return None;
    }
    finding.failed = Share::of(failed, of.uses);
    finding.elsewhere = Some(elsewhere);
    finding.reasons.push(format!(
        "{failed} of {} tickets came back after it ({}), {:.0} % after other articles",
        of.uses,
        kinds(of),
        100.0 * elsewhere
    ));
    let rows = of.failures.iter().take(MOST_TICKETS);
    finding.tickets = rows.map(|(row, _)| seen.rows[*row as usize].id.to_string()).collect();
    Some(finding)
}

/// Whether `failed` of `of` is clearly more than the share `elsewhere`: the lower bound (Wilson, one-sided, at
/// the certainty of the settings) lies above it by the margin.
pub(super) fn clearly_more(failed: u64, of: u64, elsewhere: f64, rules: &Rules) -> bool {
    let z = stats::quantile(rules.settings.certainty);
    let low = wilson_interval(failed, of, z).low;
    low > elsewhere + rules.settings.resolving_margin
}

/// How often which way.
fn kinds(of: &OfArticle) -> String {
    let count = |kind| of.failures.iter().filter(|(_, failure)| *failure == kind).count();
    let named = [
        (Failure::Reopened, "opened again"),
        (Failure::Escalated, "handed up"),
        (Failure::Dismissed, "dismissed as no help"),
        (Failure::LowScored, "rated low"),
    ];
    let named = named.into_iter().map(|(kind, name)| (count(kind), name)).filter(|(count, _)| *count > 0);
    named.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
