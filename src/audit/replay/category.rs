//! Categories apart, the worst first.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Deed;
use super::count::Compared;
use crate::audit::stats::Share;

/// What would have happened to the tickets of one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryReplay {
    /// The category that people settled on.
    pub category: String,
    /// Its tickets.
    pub tickets: u64,
    /// Set automatically.
    pub auto: u64,
    /// Of these, set wrongly.
    pub wrong: u64,
    /// How often rightly.
    pub right: Option<Share>,
    /// Suggested.
    pub suggested: u64,
    /// Of these, those with the right one among the first three.
    pub in_top: u64,
    /// Left alone.
    pub abstained: u64,
    /// What it was taken for most often where that was wrong.
    pub taken_for: Option<String>,
}

/// By settled category: those with most wrongly set tickets first, then those least often right at all.
pub(super) fn categories(compared: &[Compared<'_>]) -> Vec<CategoryReplay> {
    let mut by_label: BTreeMap<&str, Vec<&Compared<'_>>> = BTreeMap::new();
    for one in compared {
        by_label.entry(one.settled).or_default().push(one);
    }
    let mut all: Vec<(f64, CategoryReplay)> = by_label
        .into_iter()
        .map(|(label, tickets)| (accuracy(&tickets), category(label, &tickets)))
        .collect();
    all.sort_by(|(right, a), (others_right, b)| b.wrong.cmp(&a.wrong).then(right.total_cmp(others_right)));
    all.into_iter().map(|(_, category)| category).collect()
}

fn accuracy(tickets: &[&Compared<'_>]) -> f64 {
    tickets.iter().filter(|one| one.is_right()).count() as f64 / tickets.len().max(1) as f64
}

fn category(label: &str, tickets: &[&Compared<'_>]) -> CategoryReplay {
    let count = |of: &dyn Fn(&Compared<'_>) -> bool| tickets.iter().filter(|one| of(one)).count() as u64;
    let auto = count(&|one| one.is(Deed::Auto));
    let right = count(&|one| one.is(Deed::Auto) && one.is_right());
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for one in tickets.iter().filter(|one| !one.is_right()) {
        *others.entry(one.guess.top.first().map_or("", String::as_str)).or_default() += 1;
    }
    // Of equals the first by name.
    let taken_for = others.into_iter().rev().max_by_key(|(_, times)| *times);
    CategoryReplay {
        category: label.to_owned(),
        tickets: tickets.len() as u64,
        auto,
        wrong: auto - right,
        right: Share::of(right, auto),
        suggested: count(&|one| one.is(Deed::Suggest)),
        in_top: count(&|one| one.is(Deed::Suggest) && one.is_in_top()),
        abstained: count(&|one| one.is(Deed::Abstain)),
        taken_for: taken_for.map(|(label, _)| label.to_owned()),
    }
}
