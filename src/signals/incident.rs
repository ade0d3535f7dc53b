//! Many similar tickets at once: a possible major incident with its members.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::check::minutes_ago;
use super::rules::volume::chance;
use crate::config::IncidentRule;
use crate::store::{
    Evidence, RecentTicket, SignalFilter, SignalRecord, SignalRule, SignalState, Store, StoreError, Subject,
    SubjectKind,
};

/// Most tickets that are compared with one another, the newest: half a million products of embeddings.
const COMPARED: u32 = 1_000;
/// Minutes before whose tickets say what is usual: two weeks, so that every hour of the week is among them twice.
const USUAL_MINUTES: i64 = 14 * 24 * 60;
/// Most tickets of that time that are looked at, the newest.
const USUAL: u32 = 20_000;
/// Most incidents that are read, the newest; and members of one that are named.
const INCIDENTS: u32 = 100;
const MEMBERS: usize = 500;

/// What is usual of tickets like those of a group, per window.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Usual {
    /// Tickets near the group's core before it.
    before: usize,
    /// Windows of time that they are of.
    windows: f64,
    /// Most of them in any one window.
    busiest: usize,
}

/// What is said of an incident.
type Spoken = (SignalRule, Subject, Option<Evidence>);

/// Looks for incidents among the tickets of the last `rule.minutes`, and at those that stand: what is new, what
/// has grown, and what has ended because none of its tickets came in then.
pub(super) async fn look(
    store: &Store,
    rule: &IncidentRule,
    now: Timestamp,
) -> Result<Vec<Spoken>, StoreError> {
    let standing = standing(store).await?;
    let from = minutes_ago(now, rule.minutes.into());
    let recent = if rule.on { store.recent_tickets(from, now, COMPARED).await? } else { Vec::new() };
    let cosine = rule.cosine;
    let groups = tokio::task::spawn_blocking(move || groups(recent, cosine)).await.unwrap_or_default();
    let mut found = Vec::new();
    let mut grown: Vec<Vec<&RecentTicket>> = vec![Vec::new(); standing.len()];
    for group in &groups {
        if let Some(place) = continues(&standing, group) {
            grown[place].extend(group);
        } else if group.len() >= rule.min_tickets as usize {
            let usual = usual(store, group, rule, from).await?;
            let chance = chance(group.len(), usual.before, usual.windows);
            if chance <= rule.chance && group.len() > usual.busiest {
                found.push(begun(group, usual, chance));
            }
        }
    }
    for (signal, new) in standing.iter().zip(grown) {
        let evidence = (!new.is_empty()).then(|| grow(&signal.evidence, &new));
        if evidence.as_ref() != Some(&signal.evidence) {
            found.push((SignalRule::IncidentSuspected, signal.subject.clone(), evidence));
        }
    }
    Ok(found)
}

async fn standing(store: &Store) -> Result<Vec<SignalRecord>, StoreError> {
    incidents(store, vec![SignalState::Open, SignalState::Dismissed]).await
}

/// The newest incidents in these states, or in any.
async fn incidents(store: &Store, states: Vec<SignalState>) -> Result<Vec<SignalRecord>, StoreError> {
    let rule = Some(SignalRule::IncidentSuspected);
    store.signals(&SignalFilter { states, rule, limit: INCIDENTS, ..SignalFilter::default() }).await
}

/// Tickets that are near one of them, the core of the group: the largest group first, then the largest of what
/// is left. Single tickets are groups, too; a chain of tickets of which each is near the next only is none.
/// Each group is in order of time.
fn groups(mut tickets: Vec<RecentTicket>, cosine: f32) -> Vec<Vec<RecentTicket>> {
    // Those of another encoder cannot be compared; the newest says which counts.
    if let Some(encoder) = tickets.first().map(|ticket| ticket.embedding.encoder.clone()) {
        tickets.retain(|ticket| ticket.embedding.encoder == encoder);
    }
    tickets.reverse();
    let mut near: Vec<BTreeSet<usize>> = (0..tickets.len()).map(|place| BTreeSet::from([place])).collect();
    for (place, one) in tickets.iter().enumerate() {
        for (other, ticket) in tickets.iter().enumerate().skip(place + 1) {
            if dot(&one.embedding.vector, &ticket.embedding.vector) >= cosine {
                near[place].insert(other);
                near[other].insert(place);
            }
        }
    }
    let mut left: BTreeSet<usize> = (0..tickets.len()).collect();
    let mut groups = Vec::new();
    // Of several as large the one whose core came in first.
    while let Some(core) = left.iter().copied().max_by_key(|place| (near[*place].len(), usize::MAX - place)) {
        let members = std::mem::take(&mut near[core]);
        for member in &members {
            left.remove(member);
        }
        for place in &left {
            near[*place].retain(|other| !members.contains(other));
        }
        groups.push(members.into_iter().map(|place| tickets[place].clone()).collect());
    }
    groups
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The standing incident of which most tickets are in the group; of several the oldest.
fn continues(standing: &[SignalRecord], group: &[RecentTicket]) -> Option<usize> {
    let shared = |signal: &SignalRecord| {
        group.iter().filter(|ticket| signal.evidence.ticket_ids.contains(&ticket.id)).count()
    };
    let counted = standing.iter().enumerate().map(|(place, signal)| (shared(signal), place));
    // The newest come first in the list.
    counted.filter(|(shared, _)| *shared > 0).max().map(|(_, place)| place)
}

/// What is usual: tickets near the group's middle in the two weeks before `to`, without those of incidents, so
/// that one does not hide the next.
async fn usual(
    store: &Store,
    group: &[RecentTicket],
    rule: &IncidentRule,
    to: Timestamp,
) -> Result<Usual, StoreError> {
    let before = store.recent_tickets(minutes_ago(to, USUAL_MINUTES), to, USUAL).await?;
    let (Some(first), Some(oldest)) = (group.first(), before.last()) else {
        return Ok(Usual { before: 0, windows: 0.0, busiest: 0 });
    };
    let former = incidents(store, Vec::new()).await?;
    let known: HashSet<&str> =
        former.iter().flat_map(|signal| &signal.evidence.ticket_ids).map(String::as_str).collect();
    let minutes = to.duration_since(oldest.created_at).as_mins();
    let windows = minutes as f64 / f64::from(rule.minutes);
    let middle = middle(group);
    let alike = |ticket: &&RecentTicket| {
        ticket.embedding.encoder == first.embedding.encoder
            && !known.contains(ticket.id.as_str())
            && dot(&ticket.embedding.vector, &middle) >= rule.cosine
    };
    // The newest first, so from the back they are in order of time.
    let times: Vec<Timestamp> = before.iter().rev().filter(alike).map(|ticket| ticket.created_at).collect();
    Ok(Usual { before: times.len(), windows, busiest: busiest(&times, rule.minutes.into()) })
}

/// Most of these times, which are in order, within so many minutes.
fn busiest(times: &[Timestamp], minutes: i64) -> usize {
    let mut first = 0;
    let within = |(last, at): (usize, &Timestamp)| {
        while times[first] <= minutes_ago(*at, minutes) {
            first += 1;
        }
        last + 1 - first
    };
    times.iter().enumerate().map(within).max().unwrap_or(0)
}

/// The mean of the embeddings, at unit length.
fn middle(group: &[RecentTicket]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; group.first().map_or(0, |ticket| ticket.embedding.vector.len())];
    for ticket in group {
        sum.iter_mut().zip(&ticket.embedding.vector).for_each(|(sum, x)| *sum += x);
    }
    let length = dot(&sum, &sum).sqrt().max(f32::MIN_POSITIVE);
    sum.iter().map(|x| x / length).collect()
}

/// A new incident, named after the ticket that it began with.
fn begun(group: &[RecentTicket], usual: Usual, chance: f64) -> Spoken {
    let id = group.first().map(|ticket| ticket.id.clone()).unwrap_or_default();
    let mean = if usual.windows > 0.0 { usual.before as f64 / usual.windows } else { 0.0 };
    let evidence = Evidence::default().number("usual", mean).number("chance", chance);
    let members: Vec<&RecentTicket> = group.iter().collect();
    let subject = Subject { kind: SubjectKind::Incident, id };
    (SignalRule::IncidentSuspected, subject, Some(grow(&evidence, &members)))
}

/// The evidence with these tickets as well.
fn grow(evidence: &Evidence, tickets: &[&RecentTicket]) -> Evidence {
    let mut grown = evidence.clone();
    for ticket in tickets {
        if grown.ticket_ids.len() < MEMBERS && !grown.ticket_ids.contains(&ticket.id) {
            grown.ticket_ids.push(ticket.id.clone());
        }
        let (first, last) = (grown.times.get("first_at"), grown.times.get("last_at"));
        let first = first.map_or(ticket.created_at, |at| ticket.created_at.min(*at));
        let last = last.map_or(ticket.created_at, |at| ticket.created_at.max(*at));
        grown = grown.time("first_at", first).time("last_at", last);
    }
    let count = grown.ticket_ids.len() as f64;
    grown.number("tickets", count)
}

#[cfg(test)]
mod tests;
