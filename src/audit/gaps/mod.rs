//! Gap groups: tickets that no article answers, put together by what they mean.
//!
//! In come unanswered tickets with their embeddings and the groups that are known from before; out come
//! groups with a name, a typical ticket, what they cost, and the outline of an article that would answer them.
//! A group keeps its id from run to run.

mod closure;
mod cluster;
mod identity;
mod naming;
mod outline;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub use closure::Closure;
pub(super) use closure::closure;
pub(super) use cluster::draw;
pub use identity::KnownGap;
pub use outline::Outline;

/// Most tickets that are looked at; of more, those whose ids have the smallest hashes, so that each run
/// looks at the same ones.
pub const MOST_TICKETS: usize = 20_000;
/// What the id of a visit to a portal begins with, among those of tickets.
pub const VISIT: &str = "visit:";
/// Fewest tickets that make a group.
pub const FEWEST: usize = 3;
/// Minutes that a ticket is taken to cost where no ticket says.
const UNKNOWN_MINUTES: f64 = 1.0;

/// An unanswered ticket.
#[derive(Debug, Clone, Default)]
pub struct GapTicket {
    /// The ticket system's id.
    pub id: String,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// Its category.
    pub category: Option<String>,
    /// Subject.
    pub subject: String,
    /// Subject and body, cleaned.
    pub text: String,
    /// Its embedding, unit length; all of one encoder.
    pub embedding: Vec<f32>,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// How its requester felt, -1 to 1, where that is known.
    pub sentiment: Option<f32>,
    /// What solved it.
    pub resolution: Option<String>,
    /// How likely it is that an article answers it, 0 to 1.
    pub answer_confidence: f32,
}

/// A group of unanswered tickets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Gap {
    /// The same from run to run.
    pub id: String,
    /// Its telling words.
    pub name: String,
    /// The ticket nearest to its middle.
    pub typical: TypicalTicket,
    /// The category of most of its tickets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its tickets in the window, with the visits.
    pub tickets: usize,
    /// Those of them that were never written: what a customer typed in the portal and found no answer to.
    pub visits: usize,
    /// What they cost, in minutes: tickets × handling minutes × the factor of the sentiment.
    pub cost: f64,
    /// Handling minutes of a ticket, the median of those that say; else of the house; else 1.
    pub minutes: f64,
    /// 1 plus half the mean dissatisfaction (0 to 1) of those whose sentiment is known: 1 to 1.5.
    pub sentiment_factor: f64,
    /// Part of all unanswered tickets that it and the costlier groups make up, 0 to 1.
    pub cumulative: f64,
    /// Mean answer confidence of its tickets, 0 to 1.
    pub answer_confidence: f64,
    /// What an article that answers them might say.
    pub outline: Outline,
    /// Ids of its tickets; of a visit `visit:` and its session.
    pub members: Vec<String>,
    #[serde(skip)]
    pub(super) centroid: Vec<f32>,
}

/// A ticket that stands for its group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TypicalTicket {
    /// Its id.
    pub id: String,
    /// Its subject, personal data masked.
    pub subject: String,
}

/// The groups among `tickets`, the costliest first. Those that continue a group of `known` have its id, the
/// others new ones.
pub fn groups(tickets: &[GapTicket], known: &[KnownGap]) -> Vec<Gap> {
    let clusters = cluster::clusters(tickets);
    let words = naming::Words::of(tickets);
    let house =
        median(tickets.iter().filter_map(|ticket| ticket.handling_minutes)).unwrap_or(UNKNOWN_MINUTES);
    let large = clusters.into_iter().filter(|cluster| cluster.members.len() >= FEWEST);
    let mut gaps: Vec<Gap> = large.map(|cluster| gap(tickets, &words, house, cluster)).collect();
    identity::keep(&mut gaps, known);
    gaps.sort_by(|a, b| b.cost.total_cmp(&a.cost).then_with(|| a.id.cmp(&b.id)));
    let mut together = 0;
    for gap in &mut gaps {
        together += gap.tickets;
        gap.cumulative = together as f64 / tickets.len() as f64;
    }
    gaps
}

fn gap(tickets: &[GapTicket], words: &naming::Words, house: f64, cluster: cluster::Cluster) -> Gap {
    let members: Vec<&GapTicket> = cluster.members.iter().map(|place| &tickets[*place]).collect();
    let minutes = median(members.iter().filter_map(|ticket| ticket.handling_minutes)).unwrap_or(house);
    let factor = sentiment_factor(&members);
    let typical = &tickets[cluster.typical];
    let telling = words.telling(&cluster.members);
    let count = members.len();
    Gap {
        id: String::new(),
        name: telling.join(", "),
        typical: TypicalTicket { id: typical.id.clone(), subject: outline::masked(&typical.subject, words) },
        category: commonest(&members),
        tickets: count,
        visits: members.iter().filter(|ticket| ticket.id.starts_with(VISIT)).count(),
        cost: count as f64 * minutes * factor,
        minutes,
        sentiment_factor: factor,
        cumulative: 0.0,
        answer_confidence: members.iter().map(|t| f64::from(t.answer_confidence)).sum::<f64>() / count as f64,
        outline: outline::outline(typical, &members, &telling, words),
        members: members.iter().map(|ticket| ticket.id.clone()).collect(),
        centroid: cluster.centroid,
    }
}

fn sentiment_factor(members: &[&GapTicket]) -> f64 {
    let known: Vec<f64> = members.iter().filter_map(|ticket| ticket.sentiment).map(f64::from).collect();
    if known.is_empty() {
        return 1.0;
    }
    let dissatisfied = known.iter().map(|score| (-score).clamp(0.0, 1.0)).sum::<f64>() / known.len() as f64;
    1.0 + 0.5 * dissatisfied
}

fn commonest(members: &[&GapTicket]) -> Option<String> {
    let mut counts = HashMap::<&str, usize>::new();
    for category in members.iter().filter_map(|ticket| ticket.category.as_deref()) {
        *counts.entry(category).or_default() += 1;
    }
    let best = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
    best.map(|(name, _)| name.to_owned())
}

fn median(minutes: impl Iterator<Item = u32>) -> Option<f64> {
    let mut all: Vec<u32> = minutes.collect();
    all.sort_unstable();
    let (low, high) = (all.get(all.len().saturating_sub(1) / 2)?, all.get(all.len() / 2)?);
    Some(f64::midpoint(f64::from(*low), f64::from(*high)))
}
