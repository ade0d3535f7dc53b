//! Which tickets mean the same.
//!
//! Average linkage over the cosine of embeddings from which the mean of all is taken: what every ticket has in
//! common would make all of them look alike. On 28 intents of BANKING77 and CLINC150 as planted themes an
//! adjusted Rand index of 0.87 was reached at this cut, 0.84 to 0.87 around it, and 0.79 without taking the
//! mean; joining TF-IDF terms to the embedding gained nothing (0.83 to 0.87).

use std::collections::BTreeMap;

use kodama::{Method, linkage};
use sha2::{Digest as _, Sha256};

use super::GapTicket;

/// Mean cosine distance below which groups are joined.
const CUT: f32 = 0.7;
/// Tickets that are linked with one another; the others go to the nearest group within the cut. The matrix
/// of their distances takes 8 MB.
const LINKED: usize = 2_000;

/// Tickets that belong together, by their places.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) members: Vec<usize>,
    /// The member nearest to the middle.
    pub(super) typical: usize,
    /// Middle of the plain embeddings, unit length.
    pub(super) centroid: Vec<f32>,
}

/// A number that orders ids the same way in each run, whatever they are.
pub(in crate::audit) fn draw(id: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(id).into();
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// All clusters, also those of one ticket. The order of `tickets` makes no difference.
pub(super) fn clusters(tickets: &[GapTicket]) -> Vec<Cluster> {
    let mut order: Vec<usize> = (0..tickets.len()).collect();
    order.sort_by_cached_key(|place| (draw(&tickets[*place].id), tickets[*place].id.clone()));
    let centred = centred(tickets, &order);
    let linked = order.len().min(LINKED);
    let mut groups = linked_groups(&centred[..linked]);
    assign(&centred, linked, &mut groups);
    groups.into_iter().map(|group| cluster(tickets, &order, &group)).collect()
}

/// The embeddings in this order, with their mean taken away, at unit length.
fn centred(tickets: &[GapTicket], order: &[usize]) -> Vec<Vec<f32>> {
    let all = || order.iter().map(|place| &tickets[*place].embedding);
    let mean = mean(all());
    // Of a handful the mean is mostly the tickets themselves.
    let mean = if order.len() < 2 * super::FEWEST { vec![0.0; mean.len()] } else { mean };
    all().map(|vector| unit(vector.iter().zip(&mean).map(|(x, m)| x - m).collect())).collect()
}

/// Groups of places in `vectors`.
fn linked_groups(vectors: &[Vec<f32>]) -> Vec<Vec<usize>> {
    let count = vectors.len();
    let mut distances = Vec::with_capacity(count * count.saturating_sub(1) / 2);
    for (place, one) in vectors.iter().enumerate() {
        distances.extend(vectors[place + 1..].iter().map(|other| 1.0 - dot(one, other)));
    }
    let tree = linkage(&mut distances, count, Method::Average);
    // Clusters by number: single tickets first, then one for each step of the tree.
    let mut groups: BTreeMap<usize, Vec<usize>> = (0..count).map(|place| (place, vec![place])).collect();
    for (step, joined) in tree.steps().iter().enumerate() {
        if joined.dissimilarity > CUT {
            break;
        }
        let mut group = groups.remove(&joined.cluster1).unwrap_or_default();
        group.extend(groups.remove(&joined.cluster2).unwrap_or_default());
        groups.insert(count + step, group);
    }
    groups.into_values().collect()
}

/// Puts those that were not linked to the nearest group; the mean cosine to a group's members is the product
/// with the mean of their vectors.
fn assign(vectors: &[Vec<f32>], linked: usize, groups: &mut Vec<Vec<usize>>) {
    let means: Vec<Vec<f32>> =
        groups.iter().map(|group| mean(group.iter().map(|place| &vectors[*place]))).collect();
    let mut alone = Vec::new();
    for (place, vector) in vectors.iter().enumerate().skip(linked) {
        let near = means.iter().map(|mean| dot(mean, vector)).enumerate();
        match near.max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((group, cosine)) if 1.0 - cosine <= CUT => groups[group].push(place),
            _ => alone.push(vec![place]),
        }
    }
    groups.extend(alone);
}

fn cluster(tickets: &[GapTicket], order: &[usize], group: &[usize]) -> Cluster {
    let mut members: Vec<usize> = group.iter().map(|place| order[*place]).collect();
    members.sort_by(|a, b| {
        (tickets[*a].created_at, &tickets[*a].id).cmp(&(tickets[*b].created_at, &tickets[*b].id))
    });
    let centroid = unit(mean(members.iter().map(|place| &tickets[*place].embedding)));
    let near = |place: &usize| dot(&tickets[*place].embedding, &centroid);
    let typical = members.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)).then_with(|| b.cmp(a)));
    Cluster { typical: typical.unwrap_or_default(), members, centroid }
}

fn mean<'a>(vectors: impl Iterator<Item = &'a Vec<f32>>) -> Vec<f32> {
    let (mut sum, mut count) = (Vec::new(), 0.0_f32);
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        count += 1.0;
    }
    sum.iter_mut().for_each(|x| *x /= count.max(1.0));
    sum
}

pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    if length > 1e-9 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
