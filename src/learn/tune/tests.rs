#![allow(clippy::unwrap_used)]
use super::*;

fn sample(length: usize) -> Sample {
    let tokens = Tokens { ids: vec![2_000; length], type_ids: vec![0; length], truncated: false };
    Sample { tokens, labels: vec![Some(0)], embedding: Vec::new() }
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

/// Two layers of random weights: enough to learn that one word means one label.
fn small() -> (EncoderSpec, Weights) {
    let spec = EncoderSpec {
        architecture: "bert".into(),
        weights: String::new(),
        vocab_size: 2_010,
        hidden_size: 8,
        layers: 2,
        attention_heads: 2,
        intermediate_size: 16,
        hidden_act: "gelu".into(),
        max_positions: 16,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        taps: vec![1, 2],
        max_tokens: 16,
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
    (spec, data.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect())
}

#[test]
fn tuning_lowers_the_loss_and_changes_the_layers_it_may() {
    let (spec, mut weights) = small();
    let before = weights.clone();
    let samples: Vec<Sample> = (0..24u32)
        .map(|n| {
            let tokens = Tokens { ids: vec![1, 2_000 + n % 2, 2], type_ids: vec![0; 3], truncated: false };
            Sample { tokens, labels: vec![Some(n % 2)], embedding: vec![0.0; 8] }
        })
        .collect();
    let losses = std::cell::RefCell::new(Vec::new());
    let settings = TuneSettings {
        epochs: 12,
        batch: 8,
        word_dropout: 0.0,
        encoder_rate: 1e-2,
        head_rate: 5e-2,
        ..TuneSettings::default()
    };
    let heads = [HeadShape { labels: 2, weight: 1.0 }];
    let hear = |step| {
        if let Step::Epoch(epoch) = step {
            losses.borrow_mut().push(epoch.loss);
        }
    };
    tune(&spec, &mut weights, &samples, &heads, &settings, 2, &hear).unwrap();
    let losses = losses.into_inner();
    assert!(losses[11] < losses[0] - 0.2, "{losses:?}");
    let changed = |name: &str| {
        let values = |w: &Weights| w[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values(&before) != values(&weights)
    };
    assert!(changed("encoder.layer.0.output.dense.weight"));
    assert!(!changed("embeddings.word_embeddings.weight"));
}

#[test]
fn the_rate_rises_to_one_and_falls_to_nothing() {
    let rates: Vec<f64> = (0..200).map(|step| schedule(step, 200)).collect();
    assert!((rates[9] - 1.0).abs() < 1e-9);
    assert!(rates[199] < 0.01);
    assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
}
