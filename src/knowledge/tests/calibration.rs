//! Where the constants of the answer confidence come from.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use serde::Deserialize;

use super::*;
use crate::config::InferenceSettings;
use crate::knowledge::{import, ranking};
use crate::text::{mail, with_subject};

#[derive(Deserialize)]
struct SampleTicket {
    subject: String,
    body: String,
    #[serde(default)]
    body_format: Format,
    article_ids: Vec<String>,
}

/// For each sample ticket the best passage's cosine, and whether an article answers it.
async fn pairs(bundle: PathBuf) -> Vec<(f64, bool)> {
    let load = move || Model::load(&bundle, &InferenceSettings::default()).unwrap();
    let model = Arc::new(tokio::task::spawn_blocking(load).await.unwrap());
    let data = tempfile::tempdir().unwrap();
    let knowledge = open_with(store(data.path()).await, data.path(), &model).await;
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let articles = import::read(&samples.join("articles")).unwrap();
    assert!(knowledge.import(articles, &|_| ()).await.unwrap().rejected.is_empty());
    let mut pairs = Vec::new();
    for line in std::fs::read_to_string(samples.join("tickets.jsonl")).unwrap().lines() {
        let ticket: SampleTicket = serde_json::from_str(line).unwrap();
        let body = mail::clean(&ticket.body, ticket.body_format).text;
        let text = with_subject(&ticket.subject, &body);
        let embedding = model.read(&[Input::text(&text)], Lane::Bulk).await.unwrap()[0].embedding();
        let scan = knowledge.0.passages.scan(&embedding, |_| true);
        pairs.push((f64::from(scan.top(1)[0].1), !ticket.article_ids.is_empty()));
    }
    pairs
}

/// Mean negative log likelihood of the labels under a logistic curve.
fn loss(pairs: &[(f64, bool)], slope: f64, offset: f64) -> f64 {
    let of = |&(x, answered): &(f64, bool)| {
        let z = slope * x + offset;
        if answered { (-z).exp().ln_1p() } else { z.exp().ln_1p() }
    };
    pairs.iter().map(of).sum::<f64>() / pairs.len() as f64
}

/// The curve of least loss, by Newton's method.
fn fit(pairs: &[(f64, bool)]) -> (f64, f64) {
    let (mut slope, mut offset) = (0.0, 0.0);
    for _ in 0..50 {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for &(x, answered) in pairs {
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let (error, weight) = (p - f64::from(u8::from(answered)), p * (1.0 - p));
            g = [g[0] + error * x, g[1] + error];
            h = [h[0] + weight * x * x, h[1] + weight * x, h[2] + weight];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        slope -= (h[2] * g[0] - h[1] * g[1]) / determinant;
        offset -= (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    (slope, offset)
}

/// Prints the best constants for a bundle; those in use must be nearly as good.
#[tokio::test]
#[ignore = "embeds the samples with a real bundle: DESKHAND_BUNDLE=DIR cargo test the_answer_curve -- --ignored --nocapture"]
async fn the_answer_curve_fits_the_sample_tickets() {
    let pairs = pairs(std::env::var_os("DESKHAND_BUNDLE").expect("DESKHAND_BUNDLE is set").into()).await;
    let (slope, offset) = fit(&pairs);
    let (best, used) =
        (loss(&pairs, slope, offset), loss(&pairs, ranking::SLOPE.into(), ranking::OFFSET.into()));
    println!(
        "{} tickets: slope {slope:.2}, offset {offset:.2}, loss {best:.3}; in use {used:.3}",
        pairs.len()
    );
    assert!(used < best + 0.01, "fit SLOPE and OFFSET in knowledge/ranking.rs anew");
}
