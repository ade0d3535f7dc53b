//! The mismatch ledger: whose labels are wrong, how often, and what that costs; the worst first.
//!
//! In come the labels of tickets, one by one: what the submitter chose, what the model said, what agents
//! settled on. A submitted label is wrong where the settled one is another. Where none is settled yet, it is
//! *suspected* where the model is sure of another label (a guess accuses nobody), and counts half.

mod count;
mod table;
mod weights;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Matrix;
use crate::store::{Store, StoreError};

pub use count::{Evidence, TaskCounts, WrongPair};
use count::{Judge, Tally};
pub use table::csv;
pub use weights::{CATEGORY, PRIORITY, SUSPECTED};

/// Groups that are shown if nothing else is said.
pub const DEFAULT_LIMIT: usize = 100;
/// Most groups that are shown.
pub const MAX_LIMIT: usize = 10_000;

/// By whom or what mismatches are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MismatchBy)]
pub enum By {
    /// Who asked (`requester_id`).
    #[default]
    Submitter,
    /// The form that they filled in.
    Form,
    /// How it came in.
    Channel,
}

/// Which label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MismatchTask)]
pub enum Task {
    /// Category.
    Category,
    /// Priority.
    Priority,
}

/// What a ledger is asked about.
#[derive(Debug, Clone)]
pub struct Question {
    /// Tickets from this time on; `None`: from the first.
    pub from: Option<Timestamp>,
    /// Tickets before this time; `None`: to the last.
    pub to: Option<Timestamp>,
    /// By whom or what.
    pub by: By,
    /// Only this label; `None`: both.
    pub task: Option<Task>,
    /// Groups to show at most, the worst first.
    pub limit: usize,
    /// The categories that a submitter could have chosen rightly. Another one is of another set of labels and
    /// is not compared, only counted. Empty: every category is compared.
    pub categories: BTreeSet<String>,
    /// Which priority follows from settled impact and urgency, where no priority is settled.
    pub matrix: Matrix,
}

/// Tickets that have a submitter, a form or a channel in common.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MismatchGroup)]
pub struct LedgerGroup {
    /// Its id or name; null for tickets of which it is not known.
    pub name: Option<String>,
    /// What its wrong labels cost, by the weights.
    pub cost: f64,
    /// Tickets of which a submitted label could be compared.
    pub tickets: u64,
    /// Categories; null where another task was asked for.
    pub category: Option<TaskCounts>,
    /// Priorities; null where another task was asked for.
    pub priority: Option<TaskCounts>,
    /// The worst of its tickets, at most ten.
    pub evidence: Vec<Evidence>,
}

/// What a mismatch costs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MismatchWeights)]
pub struct Weights {
    /// Of a priority: rows are submitted P1 to P4, columns settled P1 to P4.
    pub priority: [[f64; 4]; 4],
    /// Of a category.
    pub category: f64,
    /// What a suspected mismatch counts beside a settled one.
    pub suspected: f64,
}

/// Whose labels are wrong.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MismatchLedger)]
pub struct Ledger {
    /// Beginning of the window; null: from the first ticket.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Its end, not part of it; null: to the last ticket.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// By whom or what the groups are.
    pub by: By,
    /// All tickets together.
    pub total: LedgerGroup,
    /// The most frequent settled mistakes, at most twenty for each label.
    pub pairs: Vec<WrongPair>,
    /// The groups, the most costly first; those without a mismatch last.
    pub groups: Vec<LedgerGroup>,
    /// How many groups there are.
    pub groups_total: usize,
    /// What a mismatch costs.
    pub weights: Weights,
    /// What is to be said of it.
    pub warnings: Vec<String>,
}

/// Why there is no ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The window holds no time.
    #[error("to must be later than from; the window holds no time")]
    EmptyWindow,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the labels of the window's tickets from the store, and sums up what was wrong. Memory grows with the
/// number of groups, not of tickets; `progress` hears how many tickets were read.
///
/// # Errors
/// [`LedgerError`].
pub async fn ledger(
    store: &Store,
    question: &Question,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Ledger, LedgerError> {
    if let (Some(from), Some(to)) = (question.from, question.to)
        && from >= to
    {
        return Err(LedgerError::EmptyWindow);
    }
    let judge = Judge::new(question);
    let mut total = Tally::default();
    let mut groups: HashMap<Option<String>, Tally> = HashMap::new();
    let mut pairs = count::Pairs::default();
    let mut read = 0;
    store
        .each_ticket_labels(question.from, question.to, |labels| {
            read += 1;
            if read % 1_000 == 0 {
                progress(read);
            }
            let (verdicts, id) = (judge.verdicts(&labels), labels.id);
            let name = match question.by {
                By::Submitter => labels.requester_id,
                By::Form => labels.form,
                By::Channel => labels.channel,
            };
            let group = groups.entry(name).or_default();
            for tally in [&mut total, group] {
                tally.add(&id, &verdicts);
            }
            pairs.add(&verdicts);
        })
        .await?;
    Ok(summed(question, total, pairs, groups))
}

fn summed(
    question: &Question,
    total: Tally,
    pairs: count::Pairs,
    groups: HashMap<Option<String>, Tally>,
) -> Ledger {
    let mut groups: Vec<(Option<String>, Tally)> =
        groups.into_iter().filter(|(_, tally)| tally.tickets > 0).collect();
    let groups_total = groups.len();
    groups.sort_by(|(name, one), (other_name, other)| {
        other.cost.total_cmp(&one.cost).then_with(|| (other.tickets, name).cmp(&(one.tickets, other_name)))
    });
    groups.truncate(question.limit.min(MAX_LIMIT));
    let shown = groups.into_iter().map(|(name, tally)| tally.told(name, question.task)).collect();
    let mut warnings = Vec::new();
    if total.tickets == 0 {
        warnings.push(
            "no ticket of this window has a submitted label beside a settled or predicted one: there is \
             nothing to compare"
                .to_owned(),
        );
    }
    let strange = total.counts[0].not_comparable;
    if strange > 0 {
        warnings.push(format!(
            "{strange} tickets came with a category that is not a label of this bundle's taxonomy; it was not \
             compared"
        ));
    }
    Ledger {
        from: question.from,
        to: question.to,
        by: question.by,
        total: total.told(None, question.task),
        pairs: pairs.told(),
        groups: shown,
        groups_total,
        weights: Weights { priority: PRIORITY, category: CATEGORY, suspected: SUSPECTED },
        warnings,
    }
}
