#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

/// Rows with four classes, one of them rare; expected figures are those of scikit-learn 1.9.1.
const TRUTHS: [usize; 14] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 0];
const PREDICTIONS: [usize; 14] = [0, 0, 1, 2, 1, 1, 0, 2, 2, 2, 1, 3, 2, 0];

fn close(found: Option<f64>, wanted: f64) {
    let found = found.expect("a figure");
    assert!((found - wanted).abs() < 1e-9, "{found} for {wanted}");
}

#[test]
fn figures_of_classes_are_those_of_scikit_learn() {
    let confusion = Confusion::count(&TRUTHS, &PREDICTIONS, 4).unwrap();
    close(confusion.accuracy(), 0.571_428_571_428_571_4);
    close(confusion.macro_f1(), 0.459_523_809_523_809_56);
    close(confusion.quadratic_kappa(), 0.655_737_704_918_032_8);
    let expected =
        [(0.75, 0.6, 2.0 / 3.0, 5), (0.5, 2.0 / 3.0, 4.0 / 7.0, 3), (0.6, 0.6, 0.6, 5), (0.0, 0.0, 0.0, 1)];
    for (class, (precision, recall, f1, support)) in expected.into_iter().enumerate() {
        let scores = confusion.class(class);
        close(scores.precision, precision);
        close(scores.recall, recall);
        close(scores.f1, f1);
        assert_eq!(scores.support, support);
    }
    assert_eq!((confusion.at(0, 2), confusion.at(2, 0)), (1, 0));
}

#[test]
fn kappa_by_hand_on_a_two_by_two_table() {
    // 20 + 15 agree of 50; chance gives 25·30/50 + 25·20/50 = 25: kappa = (35 − 25) / (50 − 25).
    let counts = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)];
    let (mut truths, mut predictions) = (Vec::new(), Vec::new());
    for (truth, guess, rows) in counts {
        truths.extend(vec![truth; rows]);
        predictions.extend(vec![guess; rows]);
    }
    let confusion = Confusion::count(&truths, &predictions, 2).unwrap();
    close(confusion.quadratic_kappa(), 0.4);
}

#[test]
fn confidences_that_are_right_look_miscalibrated_on_few_rows() {
    let confidences = |rows: usize| (0..rows).map(|i| (i as f32 + 0.5) / rows as f32).collect::<Vec<_>>();
    let [few, many] = [100, 10_000].map(|rows| chance_ece(&confidences(rows)).unwrap().unwrap());
    // The mean distance of a share of n rows from what it should be is about .8 √(p (1 − p) / n); the mean of
    // √(p (1 − p)) is .39.
    let expected = |rows: f64| 0.8 * 0.39 / (rows / RELIABILITY_BINS as f64).sqrt();
    assert!((few / expected(100.0) - 1.0).abs() < 0.2, "{few}");
    assert!((many / expected(10_000.0) - 1.0).abs() < 0.2, "{many}");
    assert_eq!(chance_ece(&[]).unwrap(), None);
}

#[test]
fn what_the_rows_do_not_define_is_none_and_not_zero() {
    let empty = Confusion::count(&[], &[], 3).unwrap();
    assert_eq!(empty.accuracy(), None);
    assert_eq!(empty.macro_f1(), None);
    assert_eq!(empty.quadratic_kappa(), None);
    let one_class = Confusion::count(&[1, 1], &[1, 1], 3).unwrap();
    assert_eq!(one_class.quadratic_kappa(), None);
    assert_eq!(one_class.class(0).precision, None);
    close(one_class.macro_f1(), 1.0);
    assert_eq!(auroc(&[(0.5, true)]).unwrap(), None);
    assert_eq!(reliability(&[]).unwrap().ece, None);
}

#[test]
fn auroc_counts_ties_half_as_scikit_learn_does() {
    let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.2, 0.4];
    let positive = [0, 0, 1, 1, 1, 1, 0, 0].map(|n| n == 1);
    let rows: Vec<_> = scores.into_iter().zip(positive).collect();
    close(auroc(&rows).unwrap(), 0.8125);
}

#[test]
fn calibration_error_is_the_weighted_gap_of_the_bins() {
    // Bin 10 of 15 (.6 to .667): half of two right at mean .63. Last bin: both right at mean .975.
    let rows = [(0.61, true), (0.65, false), (0.95, true), (1.0, true)];
    let found = reliability(&rows).unwrap();
    let ece = found.ece.unwrap();
    assert!((ece - (2.0 * 0.13 + 2.0 * 0.025) / 4.0).abs() < 1e-6, "{ece}");
    assert_eq!(found.bins.len(), RELIABILITY_BINS);
    assert_eq!(found.bins[9].rows, 2);
    assert_eq!(found.bins[9].accuracy, Some(0.5));
    assert_eq!(found.bins[14].rows, 2);
    assert_eq!(found.bins[0].accuracy, None);
}

#[test]
fn wilson_intervals_are_those_of_scipy() {
    // scipy.stats.binomtest(...).proportion_ci(method="wilson").
    let expected = [
        (8, 10, 0.490_162_471_536_641_8, 0.943_317_848_545_624_8),
        (0, 5, 0.0, 0.434_482_464_783_174_76),
        (5, 5, 0.565_517_535_216_825_1, 1.0),
        (45, 50, 0.786_397_685_625_203_4, 0.956_524_235_068_109_5),
    ];
    for (right, rows, low, high) in expected {
        let found = wilson_interval(right, rows, Z_TWO_SIDED_95);
        close(Some(found.low), low);
        close(Some(found.high), high);
    }
    close(Some(wilson_interval(293, 300, Z_ONE_SIDED_95).low), 0.957_512_152_471_684_2);
    let unknown = wilson_interval(0, 0, Z_TWO_SIDED_95);
    assert_eq!((unknown.low, unknown.high), (0.0, 1.0));
}

#[test]
fn ranking_figures_are_those_worked_out_by_hand() {
    // Hits at ranks 2 and 4; a third relevant one at rank 7.
    let query = RankedHits::new(&["a", "b", "c", "d", "e", "f", "g"], &["b", "d", "g"]);
    close(query.reciprocal_rank(10), 0.5);
    close(query.reciprocal_rank(1), 0.0);
    close(query.recall(5), 2.0 / 3.0);
    // sklearn.metrics.ndcg_score.
    close(query.ndcg(5), 0.498_189_257_466_412_74);
    close(query.ndcg(7), 0.654_615_499_473_998_3);
}

#[test]
fn a_query_with_nothing_to_find_is_left_out_of_the_means() {
    let found = RankedHits::new(&["a"], &["a"]);
    let missed = RankedHits::new(&["b"], &["a"]);
    let nothing = RankedHits::new(&["a"], &[]);
    let queries = [found, missed, nothing];
    assert_eq!(mean_reciprocal_rank(&queries, 10), Some(0.5));
    assert_eq!(mean_recall(&queries, 10), Some(0.5));
    assert_eq!(mean_ndcg(&queries, 10), Some(0.5));
    assert_eq!(mean_ndcg(&queries[2..], 10), None);
}

#[test]
fn an_article_that_comes_twice_is_found_once() {
    let query = RankedHits::new(&["a", "a", "b"], &["a", "b"]);
    assert_eq!(query.recall(2), Some(0.5));
    assert!(query.ndcg(3).unwrap() < 1.0);
}

#[test]
fn input_that_makes_no_sense_is_refused_with_its_row() {
    let refused = |error: MetricError| error.to_string();
    insta::assert_snapshot!(refused(Confusion::count(&[0], &[], 2).unwrap_err()), @"1 true labels but 0 predictions; give one of each per row");
    insta::assert_snapshot!(refused(Confusion::count(&[0, 2], &[0, 1], 2).unwrap_err()), @"row 1: class 2 is not among the 2 classes");
    insta::assert_snapshot!(refused(reliability(&[(1.5, true)]).unwrap_err()), @"row 0: 1.5 is not a usable score");
    insta::assert_snapshot!(refused(auroc(&[(f64::NAN, true)]).unwrap_err()), @"row 0: NaN is not a usable score");
}

fn is_share(figure: Option<f64>) -> bool {
    figure.is_none_or(|figure| (0.0..=1.0).contains(&figure))
}

proptest! {
    #[test]
    fn every_figure_of_classes_stays_in_its_range(
        rows in proptest::collection::vec((0_usize..5, 0_usize..5), 0..80),
    ) {
        let (truths, predictions): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let confusion = Confusion::count(&truths, &predictions, 5).unwrap();
        prop_assert!(is_share(confusion.accuracy()) && is_share(confusion.macro_f1()));
        prop_assert!(confusion.quadratic_kappa().is_none_or(|kappa| (-1.0..=1.0).contains(&kappa)));
        for class in 0..5 {
            let scores = confusion.class(class);
            prop_assert!(is_share(scores.precision) && is_share(scores.recall) && is_share(scores.f1));
        }
        let perfect = Confusion::count(&truths, &truths, 5).unwrap();
        prop_assert!(perfect.accuracy().is_none_or(|accuracy| accuracy == 1.0));
        prop_assert!(perfect.quadratic_kappa().is_none_or(|kappa| kappa == 1.0));
    }

    #[test]
    fn every_figure_of_confidences_stays_in_its_range(
        rows in proptest::collection::vec((0.0_f32..=1.0, any::<bool>()), 0..80),
    ) {
        let found = reliability(&rows).unwrap();
        prop_assert!(is_share(found.ece));
        prop_assert_eq!(found.bins.iter().map(|bin| bin.rows).sum::<u64>(), rows.len() as u64);
        for bin in &found.bins {
            let inside = |c: f64| c >= bin.lower - 1e-6 && c <= bin.upper + 1e-6;
            prop_assert!(bin.confidence.is_none_or(inside) && is_share(bin.accuracy));
        }
    }

    #[test]
    fn turning_all_scores_around_turns_the_auroc_around(
        rows in proptest::collection::vec((-5_i32..5, any::<bool>()), 0..60),
    ) {
        let rows: Vec<_> = rows.into_iter().map(|(score, truth)| (f64::from(score), truth)).collect();
        let turned: Vec<_> = rows.iter().map(|&(score, truth)| (-score, truth)).collect();
        let (found, around) = (auroc(&rows).unwrap(), auroc(&turned).unwrap());
        prop_assert!(is_share(found));
        prop_assert!(found.zip(around).is_none_or(|(a, b)| (a + b - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_wilson_interval_holds_the_share_it_is_about(right in 0_u64..500, more in 0_u64..500) {
        let rows = right + more;
        prop_assume!(rows > 0);
        let found = wilson_interval(right, rows, Z_TWO_SIDED_95);
        let share = right as f64 / rows as f64;
        prop_assert!(0.0 <= found.low && found.low <= share + 1e-12);
        prop_assert!(share - 1e-12 <= found.high && found.high <= 1.0);
    }

    #[test]
    fn ranking_figures_stay_in_range_and_grow_with_k(
        ranked in proptest::collection::vec(0_u8..20, 0..15),
        relevant in proptest::collection::vec(0_u8..20, 0..6),
        k in 1_usize..12,
    ) {
        let query = RankedHits::new(&ranked, &relevant);
        for figure in [query.reciprocal_rank(k), query.recall(k), query.ndcg(k)] {
            prop_assert!(figure.is_none_or(|figure| (0.0..=1.0 + 1e-12).contains(&figure)));
        }
        prop_assert!(query.recall(k) <= query.recall(k + 1));
        prop_assert!(query.reciprocal_rank(k) <= query.reciprocal_rank(k + 1));
    }
}
