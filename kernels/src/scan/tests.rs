//! Every set of instructions gives the integers of two plain loops, and touches nothing beyond its operands.

use proptest::prelude::*;

use super::*;
use crate::testing::{Guarded, Numbers, cases};

/// A query and rows of it, random or of the extremes only.
fn operands(seed: u64, depth: usize, count: usize, extreme: bool) -> (Vec<i16>, Vec<i8>) {
    let mut numbers = Numbers(seed);
    let mut query: Vec<i16> = (0..depth).map(|_| numbers.word() as i16).collect();
    let mut rows: Vec<i8> = (0..depth * count).map(|_| numbers.word() as i8).collect();
    if extreme {
        query.iter_mut().for_each(|x| *x = if *x < 0 { i16::MIN } else { i16::MAX });
        rows.iter_mut().for_each(|x| *x = if *x < 0 { i8::MIN } else { i8::MAX });
    }
    (query, rows)
}

/// The definition, without a bound.
fn sums_of(query: &[i16], rows: &[i8]) -> Vec<i32> {
    let sum = |row: &[i8]| query.iter().zip(row).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum::<i64>();
    rows.chunks_exact(query.len()).map(|row| sum(row) as i32).collect()
}

fn check(query: &[i16], rows: &[i8]) {
    let expected = sums_of(query, rows);
    let (query, rows) = (Guarded::of(query), Guarded::of(rows));
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let mut sums = Guarded::new(expected.len(), -1);
        Scanner::new(isa).products(&query, &rows, &mut sums);
        assert_eq!(sums[..], expected[..], "{isa}, {} × {}", expected.len(), query.len());
    }
}

proptest! {
    #![proptest_config(cases(256))]
    #[test]
    fn the_sums_are_those_of_two_plain_loops_at_any_length(
        seed: u64, depth in 1usize..200, count in 0usize..9, extreme: bool,
    ) {
        let (query, rows) = operands(seed, depth, count, extreme);
        check(&query, &rows);
    }
}

#[test]
fn sums_beyond_32_bits_wrap_the_same_way_everywhere() {
    let depth = 777;
    check(&vec![i16::MIN; depth], &vec![i8::MIN; 3 * depth]);
    check(&vec![i16::MAX; depth], &vec![i8::MIN; 3 * depth]);
}

#[test]
fn what_is_missing_on_one_side_is_left_alone() {
    let scanner = Scanner::new(Isa::detect());
    let mut sums = [7; 3];
    scanner.products(&[1, 1], &[1, 2, 3, 4, 5], &mut sums);
    assert_eq!(sums, [3, 7, 7]);
    scanner.products(&[], &[1, 2], &mut sums);
    scanner.products(&[1, 1], &[], &mut sums);
    assert_eq!(sums, [3, 7, 7]);
    scanner.products(&[1], &[4, 5, 6, 7], &mut sums[..2]);
    assert_eq!(sums, [4, 5, 7]);
}
