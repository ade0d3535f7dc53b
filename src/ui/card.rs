//! What a bundle's card says, as far as a page draws it.
//!
//! The card is for people and may be corrected by hand. What training writes there in a table (`learn`) is
//! drawn where it is found; where it is not, there is no picture, and the words stand all the same.

use super::article::{Part, parts_below};
use crate::charts::{Figure, IntervalBar, IntervalBars, Naming};
use crate::learn::metrics::{Z_TWO_SIDED_95, wilson_interval};

/// A card as a page shows it.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// All that it says below its title.
    pub(super) parts: Vec<Part>,
    /// How often each task was right, one picture for each file that was measured on.
    pub(super) measured: Vec<Figure>,
}

impl Card {
    /// Reads a card's Markdown; its headings begin at `level`.
    pub(super) fn read(text: &str, level: u8) -> Self {
        let parts = parts_below(text, level);
        let mut measured = Vec::new();
        let mut on: Option<(&str, u64)> = None;
        for part in &parts {
            match part {
                Part::Heading { text, .. } => on = measured_on(text),
                Part::Table(rows) => {
                    if let Some((file, count)) = on
                        && let Some(bars) = accuracies(rows, count)
                    {
                        measured.push(figure(measured.len(), file, count, bars));
                    }
                }
                _ => {}
            }
        }
        Self { measured, parts }
    }
}

/// File and number of rows of "Measured on FILE (399 rows, not trained on)".
fn measured_on(heading: &str) -> Option<(&str, u64)> {
    let (file, rest) = heading.strip_prefix("Measured on ")?.split_once(" (")?;
    Some((file, rest.split(' ').next()?.parse().ok()?))
}

/// The rows of a table that begins with task and accuracy; an accuracy may have its baseline in brackets.
fn accuracies(rows: &[Vec<String>], count: u64) -> Option<Vec<IntervalBar>> {
    let (head, rows) = rows.split_first()?;
    if head.iter().take(2).ne(["task", "accuracy"]) {
        return None;
    }
    let bar = |row: &Vec<String>| {
        let mut numbers = row.get(1)?.split([' ', '(', ')']).filter_map(|part| part.parse::<f64>().ok());
        let accuracy = numbers.next().filter(|share| (0.0..=1.0).contains(share))?;
        let right = (accuracy * count as f64).round() as u64;
        let interval = wilson_interval(right, count, Z_TWO_SIDED_95);
        Some(IntervalBar {
            name: row.first()?.clone(),
            value: accuracy,
            interval: Some((interval.low, interval.high)),
            mark: numbers.next(),
            shown: format!("{accuracy:.3} ({:.2}–{:.2})", interval.low, interval.high),
        })
    };
    Some(rows.iter().filter_map(bar).collect())
}

fn figure(n: usize, file: &str, rows: u64, bars: Vec<IntervalBar>) -> Figure {
    let title = format!("Share right on {file}, {rows} rows, with 95 % intervals; the mark is the baseline");
    let id = format!("measured-{}", n + 1);
    IntervalBars {
        naming: Naming { id: &id, title: &title, if_empty: "The card gives no figures here." },
        of: "task",
        value: "share right",
        mark: "baseline",
        most: Some(1.0),
        bars,
    }
    .figure()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_training_writes_into_a_card_is_drawn() {
        let text = std::fs::read_to_string("models/default/MODEL_CARD.md").unwrap();
        let card = Card::read(&text, 3);
        assert_eq!(card.measured.len(), 2);
        let html = card.measured[0].to_string();
        assert!(html.contains("Share right on tickets-dev.jsonl, ") && html.contains("category"), "{html}");
        assert!(!card.parts.iter().any(|part| matches!(part, Part::Heading { level: ..3, .. })));
    }

    #[test]
    fn a_card_that_a_person_wrote_is_shown_without_pictures() {
        let card = Card::read("# Mine\n\n## Measured on a whim\n\nAll good.\n", 3);
        assert!(card.measured.is_empty());
        assert_eq!(card.parts.len(), 2);
    }

    proptest! {
        #[test]
        fn any_card_can_be_read(text in "(# |## Measured on x \\(|rows|\\||task|accuracy|0\\.9|\n|---|\\PC){0,60}") {
            let _ = Card::read(&text, 3);
        }
    }
}
