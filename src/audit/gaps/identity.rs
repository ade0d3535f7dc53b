//! Ids of groups from run to run.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::Gap;
use super::cluster::dot;

/// Share of common tickets, over the smaller of both, from which a group is the one known from before.
const OVERLAP: f64 = 0.5;
/// Cosine of the middles from which it is where the tickets are all others, as in another window.
const COSINE: f32 = 0.9;

/// A group from a former run.
#[derive(Debug, Clone)]
pub struct KnownGap {
    /// Its id.
    pub id: String,
    /// Ids of its tickets then.
    pub members: Vec<String>,
    /// Middle of their embeddings, unit length; empty where another encoder made it.
    pub centroid: Vec<f32>,
}

/// Gives each group the id of the known one that it continues: the pairs that agree best first, each once.
/// Common tickets count before nearness. The others get ids from their first ticket.
pub(super) fn keep(gaps: &mut [Gap], known: &[KnownGap]) {
    let mut pairs = pairs(gaps, known);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let (mut done, mut taken) = (HashSet::new(), HashSet::new());
    for (_, gap, old) in pairs {
        if !done.contains(&gap) && taken.insert(old) {
            done.insert(gap);
            gaps[gap].id.clone_from(&known[old].id);
        }
    }
    let mut used: HashSet<String> = known.iter().map(|known| known.id.clone()).collect();
    for gap in gaps.iter_mut().filter(|gap| gap.id.is_empty()) {
        gap.id = new_id(gap, &used);
        used.insert(gap.id.clone());
    }
}

/// How well groups agree with known ones, those that agree at all.
fn pairs(gaps: &[Gap], known: &[KnownGap]) -> Vec<(f64, usize, usize)> {
    let mut of_ticket: HashMap<&str, Vec<usize>> = HashMap::new();
    for (old, known) in known.iter().enumerate() {
        for member in &known.members {
            of_ticket.entry(member).or_default().push(old);
        }
    }
    let mut pairs = Vec::new();
    for (place, gap) in gaps.iter().enumerate() {
        let mut common: HashMap<usize, usize> = HashMap::new();
        for old in gap.members.iter().filter_map(|member| of_ticket.get(member.as_str())).flatten() {
            *common.entry(*old).or_default() += 1;
        }
        for (old, count) in &common {
            let smaller = gap.members.len().min(known[*old].members.len());
            let share = *count as f64 / smaller as f64;
            if share >= OVERLAP {
                // Of two that have all of it the larger agrees better.
                let union = gap.members.len() + known[*old].members.len() - count;
                pairs.push((1.0 + share + *count as f64 / union as f64, place, *old));
            }
        }
        for (old, known) in known.iter().enumerate().filter(|(old, _)| !common.contains_key(old)) {
            let cosine = dot(&gap.centroid, &known.centroid);
            if known.centroid.len() == gap.centroid.len() && cosine >= COSINE {
                pairs.push((f64::from(cosine) - 1.0, place, old));
            }
        }
    }
    pairs
}

/// `gap-` and ten digits made of the smallest id among its tickets.
fn new_id(gap: &Gap, used: &HashSet<String>) -> String {
    let first = gap.members.iter().min().map_or("", String::as_str);
    let mut salt = 0_u32;
    loop {
        let digest = Sha256::digest(format!("{first}\n{salt}"));
        let digits: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let id = format!("gap-{digits}");
        if !used.contains(&id) {
            return id;
        }
        salt += 1;
    }
}
