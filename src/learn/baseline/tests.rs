#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const TEXTS: [&str; 6] = [
    "printer jams again, printer on fire",
    "the printer is out of paper",
    "vpn will not connect",
    "vpn connect fails since monday",
    "reset my password",
    "password expired, cannot sign in",
];
const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];

fn every_word() -> BaselineSettings {
    BaselineSettings { min_df: 1, ..BaselineSettings::default() }
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    // TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1) and
    // LogisticRegression(C=10, tol=1e-8) of scikit-learn 1.9.1.
    let expected = [
        ("printer password", [0.431_815_92, 0.145_264_04, 0.422_920_04]),
        ("cannot connect vpn from home", [0.154_881_1, 0.592_519_21, 0.252_599_7]),
        ("unknown words only", [0.340_875_37, 0.318_312_73, 0.340_811_9]),
    ];
    let baseline = Baseline::train(&TEXTS, &LABELS, 3, &every_word()).unwrap();
    for (text, probabilities) in expected {
        for (found, wanted) in baseline.predict(text).into_iter().zip(probabilities) {
            assert!((found - wanted).abs() < 1e-3, "{text}: {found} for {wanted}");
        }
    }
}

#[test]
fn training_again_gives_the_same_weights_to_the_bit_on_any_number_of_threads() {
    let train = || Baseline::train(&TEXTS, &LABELS, 3, &every_word()).unwrap();
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let many = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let (alone, many) = (alone.install(train), many.install(train));
    for text in TEXTS {
        assert_eq!(alone.predict(text), many.predict(text));
    }
}

#[test]
fn a_class_without_rows_keeps_its_place() {
    let baseline = Baseline::train(&TEXTS, &LABELS, 4, &every_word()).unwrap();
    let probabilities = baseline.predict("printer");
    assert_eq!(probabilities.len(), 4);
    assert!(probabilities[3] < 0.1);
}

#[test]
fn texts_that_share_no_word_fall_back_to_what_is_usual() {
    let texts = ["one", "two", "three", "four"];
    let labels = [0, 0, 0, 1];
    let baseline = Baseline::train(&texts, &labels, 2, &BaselineSettings::default()).unwrap();
    let probabilities = baseline.predict("one");
    assert!((probabilities[0] - 0.75).abs() < 1e-3, "{probabilities:?}");
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let refused = |texts: &[&str], labels: &[usize], settings: &BaselineSettings| {
        Baseline::train(texts, labels, 2, settings).unwrap_err().to_string()
    };
    let settings = BaselineSettings::default();
    insta::assert_snapshot!(refused(&[], &[], &settings), @"no rows to train the baseline on");
    insta::assert_snapshot!(refused(&["aa"], &[], &settings), @"1 texts but 0 labels; give one of each per row");
    insta::assert_snapshot!(refused(&["aa", "bb"], &[0, 2], &settings), @"row 1: class 2 is not among the 2 classes");
    let settings = BaselineSettings { c: 0.0, ..settings };
    insta::assert_snapshot!(refused(&["aa"], &[0], &settings), @"the baseline's C is 0; it must be a number above 0");
}
