#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const SIZE: usize = 16;

fn noise(rng: &mut StdRng, size: usize) -> Vec<f32> {
    (0..size).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= norm);
    vector
}

/// Articles whose first eight numbers say what they are about; the rest is noise that has nothing to do with
/// what answers a ticket, and is louder.
fn noisy(tickets: usize) -> Base {
    let mut rng = StdRng::seed_from_u64(7);
    let articles: Vec<Vec<f32>> = (0..40).map(|_| noise(&mut rng, 8)).collect();
    let written = |about: &[f32], rng: &mut StdRng| {
        let rest = noise(rng, SIZE - 8).into_iter().map(|x| 2.0 * x);
        unit(about.iter().copied().chain(rest).collect())
    };
    let mut base = Base::default();
    for (number, about) in articles.iter().enumerate() {
        for _ in 0..2 {
            base.passages.extend(written(about, &mut rng));
            base.article_of.push(number);
        }
    }
    for number in 0..tickets {
        let article = number % articles.len();
        let embedding = written(&articles[article], &mut rng);
        base.tickets.push(Asked { embedding, answers: vec![article], key: format!("a{article}") });
    }
    base
}

#[test]
fn what_tickets_and_their_articles_share_is_learnt_from_pairs() {
    let learnt = learn(&[noisy(200)], SIZE, &mut |_, _| ()).unwrap();
    assert!(learnt.after > learnt.before + 0.1, "{:?} {:?}", learnt.before, learnt.after);
    assert_eq!(learnt.tickets, 200);
}

#[test]
fn the_same_tickets_give_the_same_projection() {
    let base = noisy(80);
    let once = learn(std::slice::from_ref(&base), SIZE, &mut |_, _| ()).unwrap();
    let again = learn(&[base], SIZE, &mut |_, _| ()).unwrap();
    assert_eq!(once.projection, again.projection);
}

#[test]
fn a_projection_that_finds_no_more_is_refused() {
    let mut base = noisy(120);
    for (number, article) in (0..40).enumerate() {
        base.passages[number * 2 * SIZE..(number + 1) * 2 * SIZE].fill(0.0);
        base.passages[number * 2 * SIZE + article % SIZE] = 1.0;
        base.passages[(number * 2 + 1) * SIZE + article % SIZE] = 1.0;
    }
    base.tickets.iter_mut().for_each(|ticket| {
        let article = ticket.answers[0];
        ticket.embedding = vec![0.0; SIZE];
        ticket.embedding[article % SIZE] = 1.0;
    });
    // The plain embedding is right already as far as one can be.
    let refused = learn(&[base], SIZE, &mut |_, _| ());
    assert!(matches!(refused, Err(SearchLearnError::NoBetter { .. })), "{refused:?}");
}

#[test]
fn few_tickets_are_refused_with_how_many_there_are() {
    let refused = learn(&[noisy(20)], SIZE, &mut |_, _| ());
    assert!(matches!(refused, Err(SearchLearnError::TooFew { found: 20 })), "{refused:?}");
}
