#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::scale::{Upright, round_up, short, step};
use super::*;

const NAMING: Naming<'static> =
    Naming { id: "it", title: "Tickets & <tags>", if_empty: "There is nothing in this time." };

fn bars(amounts: &[f64]) -> Figure {
    let bars = amounts.iter().enumerate().map(|(n, amount)| Bar { name: format!("<{n}>"), amount: *amount });
    Bars { naming: NAMING, across: "day", up: "tickets", bars: bars.collect() }.figure()
}

fn pareto(amounts: &[f64], most: usize) -> Pareto<'static> {
    let bars = amounts.iter().enumerate();
    let bars = bars.map(|(n, amount)| ParetoBar { name: format!("gap {n}"), amount: *amount }).collect();
    Pareto { naming: NAMING, of: "gap", amount: "tickets", cover: 0.8, most, bars }
}

fn line(values: &[Option<(f64, f64)>]) -> Figure {
    let points = values.iter().enumerate().map(|(n, value)| LinePoint {
        name: format!("2026-11-{:02}", n + 1),
        at: n as f64,
        value: value.map(|(value, _)| value),
        interval: value.map(|(value, wide)| (value - wide, value + wide)),
    });
    let points: Vec<LinePoint> = points.collect();
    Line {
        naming: NAMING,
        across: "day",
        up: "CSAT",
        range: None,
        points,
        marked: Some(LineMark { at: 0.0, value: 3.0, what: "today".into() }),
    }
    .figure()
}

fn intervals(values: &[f64]) -> Figure {
    let bars = values.iter().enumerate().map(|(n, value)| IntervalBar {
        name: format!("Network::VPN and remote access, part {n}"),
        value: *value,
        interval: Some((value - 0.1, value + 0.05)),
        mark: (n == 0).then_some(0.4),
        shown: format!("{value:.2} (0.4–0.6)"),
    });
    let bars = bars.collect();
    IntervalBars { naming: NAMING, of: "category", value: "share", mark: "baseline", most: Some(1.0), bars }
        .figure()
}

#[test]
fn each_picture_is_drawn_as_it_was_agreed() {
    insta::assert_snapshot!("bars", bars(&[1.0, 4.0, 2.5]));
    let bins = [(0.0, 0.5, 3), (0.5, 1.0, 1_200)].map(|(lower, upper, count)| Bin { lower, upper, count });
    let histogram = Histogram { naming: NAMING, across: "hours", up: "tickets", bins: bins.to_vec() };
    insta::assert_snapshot!("histogram", histogram.figure());
    insta::assert_snapshot!("intervals", intervals(&[0.5, 0.9]));
    insta::assert_snapshot!("line", line(&[Some((3.0, 0.5)), Some((3.5, 0.25)), None, Some((4.0, 0.1))]));
    insta::assert_snapshot!("pareto", pareto(&[5.0, 60.0, 25.0, 6.0, 4.0], 3).figure());
    let bins = vec![
        ReliabilityBin { lower: 0.0, upper: 0.5, rows: 0, confidence: 0.0, accuracy: 0.0 },
        ReliabilityBin { lower: 0.5, upper: 1.0, rows: 40, confidence: 0.8, accuracy: 0.75 },
    ];
    insta::assert_snapshot!("reliability", Reliability { naming: NAMING, counted: "rows", bins }.figure());
}

#[test]
fn where_there_is_nothing_to_draw_a_sentence_says_so() {
    let empty = [
        bars(&[]),
        bars(&[0.0, f64::NAN, -3.0]),
        line(&[]),
        line(&[None, None]),
        intervals(&[]),
        pareto(&[0.0], 5).figure(),
        Reliability { naming: NAMING, counted: "rows", bins: Vec::new() }.figure(),
        Histogram { naming: NAMING, across: "h", up: "n", bins: Vec::new() }.figure(),
    ];
    for figure in empty {
        let html = figure.to_string();
        assert!(html.contains("There is nothing in this time.") && !html.contains("<svg"), "{html}");
    }
}

#[test]
fn the_fewest_of_the_largest_cover_the_share() {
    assert_eq!(pareto(&[5.0, 60.0, 25.0, 6.0, 4.0], 9).cover(), ["gap 1", "gap 2"]);
    assert_eq!(pareto(&[80.0, 20.0], 9).cover(), ["gap 0"]);
    assert_eq!(pareto(&[1.0; 5], 9).cover().len(), 4);
    assert!(pareto(&[], 9).cover().is_empty());
}

#[test]
fn an_axis_is_cut_at_round_numbers() {
    assert_eq!([step(1.0), step(7.0), step(100.0), step(0.04)], [0.2, 2.0, 20.0, 0.01]);
    assert_eq!([round_up(3.2), round_up(97.0), round_up(0.0)].map(short), ["4", "100", "0"]);
    let axis = Upright { top: 0.0, bottom: 100.0, low: 0.5, high: 1.0 };
    assert_eq!((axis.y(1.0), axis.y(0.5), axis.y(0.0)), (0.0, 100.0, 100.0));
    assert_eq!(
        axis.ticks().into_iter().map(short).collect::<Vec<_>>(),
        ["0.5", "0.6", "0.7", "0.8", "0.9", "1"]
    );
    assert_eq!([1_234_567.0, 999.0, -1_000.0, 0.25].map(short), ["1,234,567", "999", "-1,000", "0.25"]);
}

proptest! {
    #[test]
    fn whatever_the_numbers_all_shapes_are_on_the_picture_and_all_text_is_escaped(
        amounts in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..1e6], 0..40),
        values in prop::collection::vec(prop::option::of((prop_oneof![any::<f64>(), 0.0..10.0], any::<f64>())), 0..40),
    ) {
        for figure in [bars(&amounts), pareto(&amounts, 7).figure(), line(&values), intervals(&amounts)] {
            let html = figure.to_string();
            prop_assert!(!html.contains("NaN") && !html.contains("inf\"") && !html.contains("<tags>"), "{}", html);
            if let Ok(drawing) = &figure.drawing {
                for shape in &drawing.shapes {
                    if let Shape::Box { at, .. } = shape {
                        let at: Vec<f64> = at.iter().map(|x| x.parse().unwrap()).collect();
                        prop_assert!(at.iter().all(|x| *x >= 0.0), "{:?}", at);
                        prop_assert!(at[0] + at[2] <= 400.2 && at[1] + at[3] <= drawing.height + 0.2, "{:?}", at);
                    }
                }
            }
        }
    }
}
