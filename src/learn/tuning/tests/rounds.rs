//! Several tunings, and their mean.

use super::*;

#[test]
fn of_several_tunings_the_mean_counts_and_an_interruption_in_any_of_them_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tuning.safetensors");
    let once = TuneSettings { epochs: 3, word_dropout: 0.3, ..quick() };
    let settings = TuneSettings { rounds: 2, ..once };
    let (mean, heads, passes) = tuned_with(&settings, &[], None, None);
    assert_eq!(passes, [1, 2, 3, 1, 2, 3]);
    let (one, one_heads, _) = tuned_with(&once, &[], None, None);
    let (other, other_heads, _) = tuned_with(&TuneSettings { seed: once.seed + 1, ..once }, &[], None, None);
    let name = "encoder.layer.1.output.dense.weight";
    let half: Vec<f32> =
        numbers(&one[name]).iter().zip(numbers(&other[name])).map(|(a, b)| (a + b) / 2.0).collect();
    assert_close(&numbers(&mean[name]), &half, 1e-6, name);
    let weight = |heads: &[Linear]| heads[0].weight[0];
    assert!((weight(&heads) - (weight(&one_heads) + weight(&other_heads)) / 2.0).abs() < 1e-6);

    let broken = std::panic::catch_unwind(|| tuned_with(&settings, &[], Some(&path), Some(2)));
    assert!(broken.is_err());
    let (resumed, _, passes) = tuned_with(&settings, &[], Some(&path), None);
    assert_eq!(passes, [3, 1, 2, 3]);
    assert!(!changed(name, &mean, &resumed));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no checkpoint is left");
}

#[test]
fn a_mean_that_is_worse_on_held_out_texts_than_one_of_the_tunings_does_not_count() {
    let told = std::cell::RefCell::new(None);
    let (spec, mut weights) = small();
    let (samples, shapes) = (words(), [HeadShape { labels: 2, weight: 1.0, auxiliary: false }]);
    let settings = TuneSettings { epochs: 4, rounds: 3, ..quick() };
    let job = Job {
        spec: &spec,
        samples: &samples,
        held_out: &samples,
        passes: None,
        heads: &shapes,
        settings: &settings,
        threads: 2,
        checkpoint: None,
    };
    let hear = |step| {
        if let Step::Mean(wrong, best) = step {
            *told.borrow_mut() = Some((wrong, best));
        }
    };
    let heads = tune(&job, &mut weights, &hear).unwrap().heads;
    let (mean, best) = told.into_inner().unwrap();
    let encoder = CandleEncoder::new(&spec, weights).unwrap();
    let wrong = samples.iter().filter(|sample| {
        let features = encoder.forward(std::slice::from_ref(&sample.tokens), &mut Desk::default()).unwrap();
        let logits = heads[0].logits(&features[0]);
        Some(u32::from(logits[1] > logits[0])) != sample.labels[0]
    });
    assert_eq!(wrong.count(), mean.min(best));
}
