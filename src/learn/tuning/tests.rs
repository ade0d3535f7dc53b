#![allow(clippy::unwrap_used)]

mod rounds;
mod stock;

use candle_core::{DType, Device, Tensor};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::network::{Network, Pass};
use super::trainer::shares;
use super::*;
use crate::model::{CandleEncoder, Desk, Encoder};
use stock::Stock;

fn sample(length: usize) -> Sample {
    let tokens = Tokens { ids: vec![2_000; length], type_ids: vec![0; length], truncated: false };
    Sample { tokens, labels: vec![Some(0)], embedding: Vec::new(), times: 1.0 }
}

#[test]
fn shares_cover_the_batch_once_and_are_never_more_than_the_threads() {
    for lengths in [vec![1], vec![1, 1, 1, 60], vec![5; 32], vec![3, 9, 200, 220, 250]] {
        let batch: Vec<Sample> = lengths.iter().map(|&length| sample(length)).collect();
        for threads in 1..6 {
            let shares = shares(&batch, threads);
            assert!(shares.len() <= threads);
            assert_eq!(shares.iter().map(|share| share.len()).sum::<usize>(), batch.len());
        }
    }
}

/// A few layers of random weights: enough to learn that one word means one label. Widths are no multiple of
/// any vector's.
fn small() -> (EncoderSpec, Weights) {
    let spec = EncoderSpec {
        architecture: "bert".into(),
        weights: String::new(),
        vocab_size: 2_010,
        hidden_size: 12,
        layers: 3,
        attention_heads: 2,
        intermediate_size: 20,
        hidden_act: "gelu".into(),
        max_positions: 40,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        taps: vec![1, 3],
        max_tokens: 40,
    };
    let vars = candle_nn::VarMap::new();
    let builder = candle_nn::VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let config = candle_transformers::models::bert::Config {
        vocab_size: spec.vocab_size,
        hidden_size: spec.hidden_size,
        num_hidden_layers: spec.layers,
        num_attention_heads: spec.attention_heads,
        intermediate_size: spec.intermediate_size,
        max_position_embeddings: spec.max_positions,
        ..Default::default()
    };
    candle_transformers::models::bert::BertModel::load(builder, &config).unwrap();
    let data = vars.data().lock().unwrap();
    // The same numbers each time, other than 0 and 1 in gains and biases, too.
    let mut rng = StdRng::seed_from_u64(5);
    let mut tensor = |name: &str| {
        let dims = data[name].dims().to_vec();
        let centre = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
        let number = |_| centre + 0.8 * (rng.random::<f32>() - 0.5);
        let numbers = (0..dims.iter().product()).map(number).collect::<Vec<_>>();
        Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()
    };
    let names: std::collections::BTreeSet<_> = data.keys().cloned().collect();
    let weights = names.into_iter().map(|name| (name.clone(), tensor(&name))).collect();
    (spec, weights)
}

/// Texts of many lengths.
fn texts() -> Vec<Tokens> {
    let text = |len: u32| Tokens {
        ids: (0..len).map(|i| (i * 131 + len * 7) % 2_010).collect(),
        type_ids: (0..len).map(|i| i / 9 % 2).collect(),
        truncated: false,
    };
    [1, 3, 8, 17, 33, 40].map(text).to_vec()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Whether all numbers are the same up to a share of the largest.
fn assert_close(found: &[f32], expected: &[f32], share: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let size = expected.iter().fold(0f32, |most, x| most.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= share * size, "{what}: {i}: {found}, not {expected} of {size}");
    }
}

/// What a comparison may be off by: the roundings of f32, or those of bfloat16 (8 bits) through all layers.
const PRECISIONS: [(Factors, f32); 2] = [(Factors::F32, 1e-5), (Factors::Bf16, 2e-2)];

#[test]
fn features_are_those_of_the_encoder_that_will_run() {
    let (spec, weights) = small();
    let texts = texts();
    let encoder = CandleEncoder::new(&spec, weights.clone()).unwrap();
    let expected = encoder.forward(&texts, &mut Desk::default()).unwrap().concat();
    for (factors, share) in PRECISIONS {
        for layers in [0, 1, 3] {
            let network = Network::new(&spec, &weights, layers, factors).unwrap();
            let mut pass = Pass::default();
            for _ in 0..2 {
                let found = pass.forward(&network, &texts.iter().collect::<Vec<_>>()).unwrap();
                assert_close(&found, &expected, share, "features");
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_stock_graph_whatever_is_tuned() {
    let (spec, weights) = small();
    let texts = texts();
    let texts: Vec<&Tokens> = texts.iter().collect();
    let stock = Stock::new(&spec, &weights).unwrap();
    let features = stock.features(&texts).unwrap();
    let mut rng = StdRng::seed_from_u64(6);
    let direction: Vec<f32> = (0..features.elem_count()).map(|_| rng.random::<f32>() - 0.5).collect();
    let along = Tensor::from_slice(&direction, features.dims(), &Device::Cpu).unwrap();
    let expected = (&features * along).unwrap().sum_all().unwrap().backward().unwrap();
    for (factors, share) in PRECISIONS {
        for layers in [3, 2, 1] {
            let network = Network::new(&spec, &weights, layers, factors).unwrap();
            let (mut pass, mut found) = (Pass::default(), vec![f32::NAN; network.len()]);
            pass.forward(&network, &texts).unwrap();
            pass.backward(&network, &direction, &mut found);
            let mut found = found.as_slice();
            let parts = (3 - layers..3).flat_map(|layer| super::layer::TENSORS.map(|part| (layer, part)));
            for (layer, part) in parts {
                let name = format!("encoder.layer.{layer}.{part}");
                let (_, var) = stock.vars().iter().find(|(var, _)| *var == name).unwrap();
                let (tensor, rest) = found.split_at(var.elem_count());
                found = rest;
                if part == "attention.self.key.bias" {
                    // It moves all scores of a query alike, so its gradient is nothing but rounding.
                    assert!(tensor.iter().all(|x| x.abs() < 10.0 * share), "{name}");
                } else {
                    assert_close(tensor, &numbers(expected.get(var).unwrap()), 10.0 * share, &name);
                }
            }
            assert!(found.is_empty());
        }
    }
}

#[test]
fn texts_that_do_not_fit_the_encoder_are_refused_in_words() {
    let (spec, weights) = small();
    let network = Network::new(&spec, &weights, 1, Factors::F32).unwrap();
    let refused = |ids: Vec<u32>| {
        let text = Tokens { type_ids: vec![0; ids.len()], ids, truncated: false };
        Pass::default().forward(&network, &[&text]).unwrap_err().to_string()
    };
    assert!(refused(vec![1, 2_010]).contains("id 2010"));
    assert!(refused(vec![1; 41]).contains("position 40"));
    assert!(refused(vec![]).contains("no tokens"));
}

/// Texts in which one word means one label.
fn words() -> Vec<Sample> {
    let sample = |n: u32| {
        let tokens = Tokens { ids: vec![1, 2_000 + n % 2, 2], type_ids: vec![0; 3], truncated: false };
        Sample { tokens, labels: vec![Some(n % 2)], embedding: vec![0.0; 12], times: 1.0 }
    };
    (0..24).map(sample).collect()
}

fn quick() -> TuneSettings {
    TuneSettings {
        epochs: 12,
        batch: 8,
        word_dropout: 0.0,
        encoder_rate: 1e-2,
        head_rate: 5e-2,
        ..TuneSettings::default()
    }
}

/// The weights before and after tuning, and the loss of each pass.
fn tuned(settings: &TuneSettings) -> (Weights, Weights, Vec<f64>) {
    let (spec, before) = small();
    let mut after = before.clone();
    let losses = std::cell::RefCell::new(Vec::new());
    let hear = |step| {
        if let Step::Epoch(epoch) = step {
            losses.borrow_mut().push(epoch.loss);
        }
    };
    let (samples, heads) = (words(), [HeadShape { labels: 2, weight: 1.0, auxiliary: false }]);
    let job = Job {
        spec: &spec,
        samples: &samples,
        held_out: &[],
        passes: None,
        heads: &heads,
        settings,
        threads: 2,
        checkpoint: None,
    };
    tune(&job, &mut after, &hear).unwrap();
    (before, after, losses.into_inner())
}

fn changed(name: &str, before: &Weights, after: &Weights) -> bool {
    numbers(&before[name]) != numbers(&after[name])
}

#[test]
fn tuning_lowers_the_loss_and_changes_the_layers_it_may() {
    let (before, after, losses) = tuned(&quick());
    assert!(losses[11] < losses[0] - 0.2, "{losses:?}");
    for (name, weight) in &before {
        assert_eq!(weight.dims(), after[name].dims());
        assert_eq!(changed(name, &before, &after), name.starts_with("encoder.layer."), "{name}");
    }
}

#[test]
fn tuning_in_f32_lowers_the_loss_too() {
    let (_, _, losses) = tuned(&TuneSettings { precision: Precision::F32, ..quick() });
    assert!(losses[11] < losses[0] - 0.2, "{losses:?}");
}

#[test]
fn only_as_many_of_the_upper_layers_as_asked_for_are_tuned() {
    let (before, after, losses) = tuned(&TuneSettings { layers: Some(1), ..quick() });
    assert!(losses[11] < losses[0] - 0.2, "{losses:?}");
    for name in before.keys() {
        assert_eq!(changed(name, &before, &after), name.starts_with("encoder.layer.2."), "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_to_the_bit() {
    let settings = TuneSettings { epochs: 2, word_dropout: 0.3, ..quick() };
    let ((_, one, _), (_, other, _)) = (tuned(&settings), tuned(&settings));
    for name in one.keys() {
        assert!(!changed(name, &one, &other), "{name}");
    }
    let (_, other, _) = tuned(&TuneSettings { seed: 2, ..settings });
    assert!(changed("encoder.layer.0.output.dense.weight", &one, &other));
}

#[test]
fn the_rate_rises_to_one_and_falls_to_nothing() {
    let rates: Vec<f64> = (0..200).map(|step| schedule(step, 200)).collect();
    assert!((rates[9] - 1.0).abs() < 1e-9);
    assert!(rates[199] < 0.01);
    assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
}

/// Tunes on some of the texts and holds back others; the weights, the heads and how many passes it took.
fn tuned_with(
    settings: &TuneSettings,
    held_out: &[Sample],
    checkpoint: Option<&Path>,
    stop_after: Option<usize>,
) -> (Weights, Vec<Linear>, Vec<usize>) {
    let (spec, mut weights) = small();
    let (samples, heads) = (words(), [HeadShape { labels: 2, weight: 1.0, auxiliary: false }]);
    let passes = std::cell::RefCell::new(Vec::new());
    let hear = |step| {
        if let Step::Epoch(epoch) = step {
            passes.borrow_mut().push(epoch.number);
            // As if the machine went down between two passes.
            assert_ne!(stop_after, Some(epoch.number), "stopped");
        }
    };
    let heads = &heads;
    let job = Job {
        spec: &spec,
        samples: &samples,
        held_out,
        passes: None,
        heads,
        settings,
        threads: 2,
        checkpoint,
    };
    let heads = tune(&job, &mut weights, &hear).unwrap().heads;
    (weights, heads, passes.into_inner())
}

#[test]
fn an_interrupted_tuning_goes_on_and_ends_with_the_same_numbers_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tuning.safetensors");
    let settings = TuneSettings { epochs: 5, word_dropout: 0.3, contrastive: 0.5, ..quick() };
    let held_out = words();
    let (whole, heads, _) = tuned_with(&settings, &held_out, None, None);
    let broken = std::panic::catch_unwind(|| tuned_with(&settings, &held_out, Some(&path), Some(2)));
    assert!(broken.is_err() && path.exists());
    let (resumed, same_heads, passes) = tuned_with(&settings, &held_out, Some(&path), None);
    assert_eq!(passes, [3, 4, 5]);
    assert_eq!(heads, same_heads);
    for name in whole.keys() {
        assert!(!changed(name, &whole, &resumed), "{name}");
    }
    assert!(!path.exists());
}

#[test]
fn a_checkpoint_of_another_training_is_not_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tuning.safetensors");
    let settings = TuneSettings { epochs: 3, ..quick() };
    let broken = std::panic::catch_unwind(|| tuned_with(&settings, &[], Some(&path), Some(2)));
    assert!(broken.is_err());
    let other = TuneSettings { seed: 9, ..settings };
    assert_eq!(tuned_with(&other, &[], Some(&path), None).2, [1, 2, 3]);
}

#[test]
fn tuning_stops_when_held_out_texts_gain_no_more() {
    // Nothing can be learnt of labels that contradict those of the same texts in training.
    let mut held_out = words();
    held_out
        .iter_mut()
        .for_each(|sample| sample.labels = sample.labels.iter().map(|l| l.map(|l| 1 - l)).collect());
    let settings = TuneSettings { epochs: 30, patience: 2, ..quick() };
    let (_, _, passes) = tuned_with(&settings, &held_out, None, None);
    assert!(passes.len() < 30, "{}", passes.len());
}

#[test]
fn the_heads_that_were_tuned_along_know_the_labels() {
    let (weights, heads, _) = tuned_with(&quick(), &[], None, None);
    let encoder = CandleEncoder::new(&small().0, weights).unwrap();
    for sample in words() {
        let features = encoder.forward(std::slice::from_ref(&sample.tokens), &mut Desk::default()).unwrap();
        let logits = heads[0].logits(&features[0]);
        assert_eq!(Some(u32::from(logits[1] > logits[0])), sample.labels[0]);
    }
}

#[test]
fn comparing_texts_draws_those_of_a_label_together() {
    let spread = |contrastive: f64| {
        // Heads that stay at nothing say nothing to the encoder.
        let settings = TuneSettings { contrastive, head_rate: 0.0, keep_embedding: 0.0, ..quick() };
        let (weights, _, _) = tuned_with(&settings, &[], None, None);
        let encoder = CandleEncoder::new(&small().0, weights).unwrap();
        let of = |sample: &Sample| {
            let rows = encoder.forward(std::slice::from_ref(&sample.tokens), &mut Desk::default()).unwrap();
            let last = rows[0][12..].to_vec();
            let norm = last.iter().map(|x| x * x).sum::<f32>().sqrt();
            last.into_iter().map(|x| x / norm).collect::<Vec<f32>>()
        };
        let (one, other) = (of(&words()[0]), of(&words()[1]));
        one.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>()
    };
    assert!(spread(1.0) < spread(0.0) - 0.2);
}

#[test]
fn rows_of_rare_labels_count_more() {
    let mut samples = words();
    samples.retain(|sample| sample.labels[0] == Some(0) || sample.tokens.ids.is_empty());
    samples.extend(words().into_iter().filter(|sample| sample.labels[0] == Some(1)).take(3));
    let shapes = [HeadShape { labels: 2, weight: 1.0, auxiliary: false }];
    let settings = TuneSettings { balance: 1.0, ..quick() };
    let heads = super::heads::Heads::new(&shapes, (24, 12), settings, &samples);
    // Twelve rows and three: means of 7.5.
    assert_eq!(heads.balance(), [vec![0.625, 2.5]]);
}

#[test]
fn auxiliary_heads_do_not_decide_which_pass_is_the_best() {
    let shape = |auxiliary| HeadShape { labels: 2, weight: 1.0, auxiliary };
    let mut samples = words();
    samples.iter_mut().for_each(|sample| sample.labels.push(Some(1)));
    let texts: Vec<&Sample> = samples.iter().collect();
    let asked = |shapes: [HeadShape; 2]| {
        let heads = super::heads::Heads::new(&shapes, (24, 12), quick(), &samples);
        heads.tally(&vec![0.5; 24 * texts.len()], &texts).asked
    };
    assert_eq!((asked([shape(false), shape(false)]), asked([shape(false), shape(true)])), (48, 24));
}
