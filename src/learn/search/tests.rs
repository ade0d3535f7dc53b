#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::model::AnswerProjections;

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

/// Numbers of an embedding in bases with gaps: what is to be learnt lies across all of them.
const WIDE: usize = 96;

/// A base whose tickets all lie near an article: four directions have the matter, which everybody tells in another
/// way, four others what is asked of it. Tickets without an answer ask something else.
fn with_gaps(seed: u64) -> Base {
    let mut of_all = StdRng::seed_from_u64(0);
    let directions: Vec<Vec<f32>> = (0..8).map(|_| unit(noise(&mut of_all, WIDE))).collect();
    let mut rng = StdRng::seed_from_u64(seed + 1);
    let written = |matter: &[f32], asked: &[f32], rng: &mut StdRng| {
        let along = matter.iter().map(|x| 2.0 * x).chain(asked.iter().copied());
        let mut embedding: Vec<f32> = noise(rng, WIDE).into_iter().map(|x| 0.05 * x).collect();
        for (share, direction) in along.zip(&directions) {
            embedding.iter_mut().zip(direction).for_each(|(sum, x)| *sum += share * x);
        }
        unit(embedding)
    };
    let mut base = Base::default();
    for article in 0..20 {
        let (matter, said, other) = (noise(&mut rng, 4), noise(&mut rng, 4), noise(&mut rng, 4));
        base.passages.extend(written(&matter, &said, &mut rng));
        base.article_of.push(article);
        for _ in 0..2 {
            let told =
                |rng: &mut StdRng| matter.iter().zip(noise(rng, 4)).map(|(a, b)| a + b).collect::<Vec<_>>();
            let embedding = written(&told(&mut rng), &said, &mut rng);
            base.tickets.push(Asked { embedding, answers: vec![article], key: format!("{seed} {article}") });
            base.gaps.push(written(&told(&mut rng), &other, &mut rng));
        }
    }
    base
}

#[test]
fn what_an_article_says_is_told_from_what_it_is_about_on_bases_that_were_left_out() {
    let bases: Vec<Base> = (0..8).map(with_gaps).collect();
    let learnt = answers::learn(&bases, WIDE, &mut || ()).unwrap().unwrap();
    assert!(learnt.spec.auroc_after > learnt.spec.auroc_before + 0.03, "{:?}", learnt.spec);
    assert_eq!((learnt.spec.tickets, learnt.spec.gaps), (8 * 80, 8 * 40));
    // A passage that lies nearest by what it is about answers less than one that says what is asked.
    let AnswerProjections { ticket, passage } = learnt.projections;
    let base = with_gaps(99);
    let cosine = |asked: &[f32], place: usize| {
        let said = passage.apply(&base.passages[place * WIDE..(place + 1) * WIDE]);
        ticket.apply(asked).iter().zip(said).map(|(a, b)| a * b).sum::<f32>()
    };
    let right = (0..40).filter(|&n| cosine(&base.tickets[n].embedding, n / 2) > cosine(&base.gaps[n], n / 2));
    assert!(right.count() >= 28);
}

#[test]
fn a_few_bases_with_gaps_teach_nothing_of_answers() {
    let few: Vec<Base> = (0..7).map(with_gaps).collect();
    assert!(answers::learn(&few, WIDE, &mut || ()).unwrap().is_none());
    assert!(learn(&[noisy(200)], SIZE, &mut |_, _| ()).unwrap().answers.is_none());
}

#[test]
fn the_passages_of_articles_are_those_whose_place_says_so() {
    let base = Base { article_of: vec![0, 0, 1, 3, 3, 3], ..Base::default() };
    assert_eq!(base.passages_of(&[3, 0]), [0, 1, 3, 4, 5]);
    assert!(base.passages_of(&[2]).is_empty());
}
