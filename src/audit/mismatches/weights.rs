//! What a wrong label costs.
//!
//! The weights are an order, not an amount of money: a ticket that waits although it should not costs more than
//! one that is hurried although it could wait, and most of all a P1 that nobody looks at. Any under-prioritised
//! P1 (8 and more) therefore weighs more than any other single mistake (6 at most).
//!
//! | submitted \ settled | P1 | P2 | P3 | P4 |
//! |---|---|---|---|---|
//! | P1 | 0 | 1 | 2 | 3 |
//! | P2 | 8 | 0 | 1 | 2 |
//! | P3 | 12 | 4 | 0 | 1 |
//! | P4 | 16 | 6 | 2 | 0 |
//!
//! A wrong category costs 2: it is handed on once, which is about what a day's delay of a P3 costs.

use crate::config::Priority;

/// Cost by submitted (rows, P1 first) and settled (columns) priority: the table above.
pub const PRIORITY: [[f64; 4]; 4] =
    [[0.0, 1.0, 2.0, 3.0], [8.0, 0.0, 1.0, 2.0], [12.0, 4.0, 0.0, 1.0], [16.0, 6.0, 2.0, 0.0]];

/// Cost of a wrong category.
pub const CATEGORY: f64 = 2.0;

/// What a suspected mismatch counts beside a settled one: the model is sure, and may still be wrong.
pub const SUSPECTED: f64 = 0.5;

/// The cost of a submitted priority.
pub(super) fn of_priority(submitted: Priority, settled: Priority) -> f64 {
    PRIORITY[submitted as usize][settled as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_under_prioritised_p1_weighs_more_than_any_other_mistake() {
        let costs = |p1: bool| {
            Priority::ALL.into_iter().flat_map(move |submitted| {
                Priority::ALL
                    .into_iter()
                    .filter(move |settled| (*settled == Priority::P1 && submitted != Priority::P1) == p1)
                    .map(move |settled| of_priority(submitted, settled))
            })
        };
        let least = costs(true).fold(f64::INFINITY, f64::min);
        let other = costs(false).chain([CATEGORY]).fold(0.0, f64::max);
        assert!(least > other, "{least} {other}");
        // A suspicion too is worse than nothing and better than being sure.
        const { assert!(SUSPECTED > 0.0 && SUSPECTED < 1.0) };
    }

    #[test]
    fn the_right_priority_costs_nothing_and_a_longer_way_off_never_less() {
        for submitted in Priority::ALL {
            for settled in Priority::ALL {
                let cost = of_priority(submitted, settled);
                assert_eq!(cost == 0.0, submitted == settled);
                let (s, f) = (submitted as usize, settled as usize);
                if s > f && s < 3 {
                    assert!(PRIORITY[s + 1][f] > cost);
                }
                if s < f && s > 0 {
                    assert!(PRIORITY[s - 1][f] > cost);
                }
            }
        }
    }
}
