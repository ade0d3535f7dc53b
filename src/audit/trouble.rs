//! Articles in trouble: never suggested, often refused, expired or due for review, said twice, contradicting
//! each other.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::base::{ArticleFacts, Base};
use super::contradictions::{Contradiction, contradiction};
use super::error::AuditError;
use super::observations::Observations;
use super::question::{Chosen, Question, Rules, Window};
use super::service::Audits;
use super::stats::{self, Share};
use super::tally::Tally;
use crate::knowledge::duplicates::{self, Duplicates, NearPair};
use crate::learn::metrics::wilson_interval;
use crate::store::{Article, ArticleStatus, Store};

/// Fewest tickets in the window before an article counts as never suggested.
const FEWEST_TICKETS: u64 = 100;
/// An article is often refused where that share of its decided tickets is surely above this.
const OFTEN: f64 = 0.25;

/// The articles that their owners should look at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TroubleReport {
    /// The tickets' time.
    pub window: Window,
    /// Tickets that were looked at.
    pub tickets: u64,
    /// Articles that are out and were neither shown as the best nor sent on any ticket of the window; none
    /// where it has fewer than a hundred.
    pub never_suggested: Vec<Troubled>,
    /// Articles that were refused on surely more than a quarter of the tickets on which somebody decided.
    pub often_dismissed: Vec<Refused>,
    /// Articles that are out and have expired by the window's end.
    pub expired: Vec<Troubled>,
    /// Articles whose review was due by then.
    pub review_overdue: Vec<Troubled>,
    /// Articles with the same words, and pairs that nearly say the same.
    #[schema(value_type = Object)]
    pub duplicates: Duplicates,
    /// Pairs that nearly say the same but name other numbers or say the opposite.
    pub contradicting: Vec<Contradicting>,
}

/// An article with what is wrong in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Troubled {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why it is here; empty where the list says all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// An article that is often refused.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Refused {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How often, of the tickets on which somebody sent or refused it.
    pub share: Share,
}

/// Two articles that contradict each other.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contradicting {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// Where they differ, at most five.
    pub differences: Vec<Contradiction>,
}

impl Audits {
    /// The articles in trouble; `now` is when it is asked. The filter of the question means nothing here.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn articles(&self, window: Window, now: Timestamp) -> Result<TroubleReport, AuditError> {
        let held = self.held(now).await?;
        trouble(self.store(), &held.seen, &held.base, window, self.rules()).await
    }
}

/// Looks through the whole base.
///
/// # Errors
/// Those of the store.
async fn trouble(
    store: &Store,
    seen: &Observations,
    base: &Base,
    window: Window,
    rules: &Rules,
) -> Result<TroubleReport, AuditError> {
    let question = Question { window, filter: Default::default(), top: 0, reviewed_since: None };
    let chosen = Chosen::of(&question.filter, &window, seen)?;
    let tally = Tally::of(seen, &question, rules, &chosen);
    let found = duplicates::duplicates(store, duplicates::Thresholds::default()).await?;
    let contradicting = contradicting(store, &found.near).await?;
    Ok(TroubleReport {
        window,
        tickets: tally.tickets,
        never_suggested: never_suggested(seen, base, &tally, window.to),
        often_dismissed: often_dismissed(seen, base, &tally, rules),
        expired: dated(base, window.to, "it expired on", |facts| facts.expires_at),
        review_overdue: dated(base, window.to, "it was due on", |facts| facts.review_at),
        duplicates: found,
        contradicting,
    })
}

fn never_suggested(seen: &Observations, base: &Base, tally: &Tally, to: Timestamp) -> Vec<Troubled> {
    if tally.tickets < FEWEST_TICKETS {
        return Vec::new();
    }
    let silent = |id: &str| {
        let of = seen.names.known(id).and_then(|number| tally.articles.get(&number));
        of.is_none_or(|of| of.shown == 0 && of.attached == 0)
    };
    list(base, |id, facts| {
        let out = facts.status == ArticleStatus::Published && !base.has_expired(id, to);
        (out && silent(id)).then(String::new)
    })
}

fn often_dismissed(seen: &Observations, base: &Base, tally: &Tally, rules: &Rules) -> Vec<Refused> {
    let z = stats::quantile(rules.settings.certainty);
    let mut found: Vec<Refused> = Vec::new();
    for (number, of) in &tally.articles {
        let all = (of.attached + of.dismissed).max(of.now.1);
        let enough = of.dismissed >= 2 && all >= u64::from(rules.settings.min_uses);
        if enough && wilson_interval(of.dismissed, all, z).low > OFTEN {
            let id = seen.names.name(*number);
            let share = Share::of(of.dismissed, all);
            found.extend(share.map(|share| Refused { id: id.to_owned(), title: base.title(id), share }));
        }
    }
    found.sort_by(|a, b| (b.share.tickets, &a.id).cmp(&(a.share.tickets, &b.id)));
    found
}

/// Articles that are out and whose time has come.
fn dated(
    base: &Base,
    to: Timestamp,
    what: &str,
    time: impl Fn(&ArticleFacts) -> Option<Timestamp>,
) -> Vec<Troubled> {
    list(base, |_, facts| {
        let at = time(facts).filter(|at| *at <= to && facts.status == ArticleStatus::Published)?;
        Some(format!("{what} {}", at.strftime("%Y-%m-%d")))
    })
}

fn list(base: &Base, reason: impl Fn(&str, &ArticleFacts) -> Option<String>) -> Vec<Troubled> {
    let of = |(id, facts): (&String, &ArticleFacts)| {
        Some(Troubled { id: id.clone(), title: facts.title.clone(), reason: reason(id, facts)? })
    };
    let mut found: Vec<Troubled> = base.articles.iter().filter_map(of).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

async fn contradicting(store: &Store, near: &[NearPair]) -> Result<Vec<Contradicting>, AuditError> {
    let mut found = Vec::new();
    for pair in near {
        let ids = [pair.first.id.clone(), pair.second.id.clone()];
        let articles: Vec<Article> = store.articles(&ids).await?;
        let [first, second] = articles.as_slice() else { continue };
        let differences = contradiction(first, second);
        if !differences.is_empty() {
            let [first, second] = ids;
            found.push(Contradicting { first, second, differences });
        }
    }
    Ok(found)
}
