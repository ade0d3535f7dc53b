//! The Rust side of `benches/compare`: what it times is the same reading in every arrangement.

#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code, reason = "its main is not run here")]
#[path = "../benches/compare/contender.rs"]
mod contender;

use std::path::Path;

use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::models::bert::{BertModel, Config};
use contender::Contender;
use serde_json::{Value, json};

/// A base folder with a small network of random weights.
fn base(dir: &Path) {
    let config = json!({
        "model_type": "bert", "vocab_size": 50, "hidden_size": 12, "num_hidden_layers": 2,
        "num_attention_heads": 3, "intermediate_size": 20, "hidden_act": "gelu", "hidden_dropout_prob": 0.0,
        "max_position_embeddings": 32, "type_vocab_size": 2, "initializer_range": 0.02,
        "layer_norm_eps": 1e-12, "pad_token_id": 0
    });
    std::fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let varmap = VarMap::new();
    let vars = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
    let config: Config = serde_json::from_value(config).unwrap();
    BertModel::load(vars, &config).unwrap();
    varmap.save(dir.join("model.safetensors")).unwrap();
}

fn contender(dir: &Path, encoder: &str) -> Contender {
    let setup = json!({"base": dir, "encoder": encoder, "threads": 3});
    Contender::new(&serde_json::from_value(setup).unwrap()).unwrap()
}

fn ask(contender: &Contender, request: &Value) -> Value {
    serde_json::from_str(&contender.answer(&request.to_string()).unwrap()).unwrap()
}

fn embeddings(answer: &Value) -> Vec<f64> {
    let rows = answer["embeddings"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    rows.iter().flat_map(|row| row.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn every_encoder_reads_the_same_in_every_arrangement_and_is_timed_as_often_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let texts = json!([[1, 7, 9, 2], [1, 30, 2], [1, 2], [1, 4, 8, 15, 16, 23, 42, 2]]);
    let mut all = Vec::new();
    for encoder in ["candle", "portable"] {
        let contender = contender(dir.path(), encoder);
        for arrangement in ["parallel", "split", "batches"] {
            let answer = ask(
                &contender,
                &json!({"texts": texts, "arrangement": arrangement, "batch_size": 3, "repeat": 2, "embeddings": true}),
            );
            assert_eq!(answer["seconds"].as_array().unwrap().len(), 2, "{answer}");
            all.push(embeddings(&answer));
        }
    }
    for other in &all[1..] {
        assert!(all[0].iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-5), "{all:?}");
    }
}

#[test]
fn what_cannot_be_read_is_answered_with_the_reason_and_the_next_request_is_read() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let contender = contender(dir.path(), "candle");
    let refused = ask(&contender, &json!({"texts": [[1, 99, 2], [1, 2]], "arrangement": "parallel"}));
    assert!(refused["error"].is_string(), "{refused}");
    let wrong = ask(&contender, &json!({"texts": [], "arrangement": "sideways"}));
    assert!(wrong["error"].as_str().unwrap().contains("sideways"), "{wrong}");
    let read = ask(&contender, &json!({"texts": [[1, 2]], "arrangement": "parallel"}));
    assert_eq!(read["seconds"].as_array().unwrap().len(), 1, "{read}");
}
