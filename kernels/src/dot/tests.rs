//! Every way to multiply bytes gives the integers of three plain loops, and touches nothing beyond its
//! operands.

use proptest::prelude::*;

use super::*;
use crate::Isa;
use crate::linear::arrange;
use crate::packed::{DEPTH, PANEL, STRIP};
use crate::testing::{Guarded, Numbers, cases};

/// One implementation, compiled as the tables have it.
struct Way {
    isa: Isa,
    bytes: usize,
    rows: usize,
    tile: unsafe fn(&Tile),
    arrange: unsafe fn(*mut u8, usize),
}

macro_rules! way {
    ($isa:ident, $dot:ty $(, $features:literal)?) => {{
        $(#[target_feature(enable = $features)])?
        unsafe fn tile(tile: &Tile) {
            // SAFETY: only ways that the CPU has are called.
            unsafe {
                <$dot>::begin();
                <$dot>::tile(tile);
                <$dot>::end();
            }
        }
        Way { isa: Isa::$isa, bytes: <$dot>::BYTES, rows: <$dot>::ROWS, tile, arrange: arrange::<$dot> }
    }};
}

fn ways() -> impl Iterator<Item = Way> {
    let all = [
        way!(Portable, portable::Portable),
        #[cfg(target_arch = "x86_64")]
        way!(Avx2, avx2::Avx2, "avx2,fma"),
        #[cfg(target_arch = "x86_64")]
        way!(AvxVnni, vnni::AvxVnni, "avx2,fma,avxvnni"),
        #[cfg(target_arch = "x86_64")]
        way!(Avx512, avx512::Avx512, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"),
        #[cfg(target_arch = "x86_64")]
        way!(Avx512Vnni, vnni::Avx512Vnni, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"),
        #[cfg(target_arch = "x86_64")]
        way!(Amx, amx::Amx, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"),
        #[cfg(target_arch = "aarch64")]
        way!(Neon, neon::Neon, "neon"),
        #[cfg(target_arch = "aarch64")]
        way!(NeonDot, neon::NeonDot, "neon,dotprod"),
    ];
    all.into_iter().filter(|way| way.isa.is_available())
}

/// Rows of activations and the thirty-two columns of a panel, both `depth` deep.
struct Operands {
    depth: usize,
    activations: Vec<Vec<u8>>,
    columns: Vec<Vec<i8>>,
}

impl Operands {
    /// Random, or of the extremes only.
    fn new(seed: u64, rows: usize, depth: usize, extreme: bool) -> Self {
        let mut numbers = Numbers(seed);
        let mut activations: Vec<_> = (0..rows).map(|_| numbers.bytes(depth)).collect();
        let mut columns: Vec<_> = (0..PANEL).map(|_| numbers.weights(depth)).collect();
        if extreme {
            activations.iter_mut().flatten().for_each(|byte| *byte = if *byte < 64 { 0 } else { 255 });
            columns.iter_mut().flatten().for_each(|weight| *weight = if *weight < 0 { -127 } else { 127 });
        }
        Self { depth, activations, columns }
    }

    /// The definition.
    fn sums(&self) -> Vec<i32> {
        let dot = |row: &[u8], column: &[i8]| {
            row.iter().zip(column).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>()
        };
        self.activations.iter().flat_map(|row| self.columns.iter().map(|column| dot(row, column))).collect()
    }

    /// Two strips of sixteen columns, in which four weights of a column lie together.
    fn panel(&self) -> Guarded<i8> {
        let mut panel = Guarded::new(PANEL * self.depth, 0);
        for (c, column) in self.columns.iter().enumerate() {
            for (k, &weight) in column.iter().enumerate() {
                panel[c / STRIP * STRIP * self.depth + k / 4 * STRIP * 4 + c % STRIP * 4 + k % 4] = weight;
            }
        }
        panel
    }

    /// The sums that `way` finds, in memory that ends with the last row that each operand must have.
    fn sums_of(&self, way: &Way) -> Vec<i32> {
        let rows = self.activations.len();
        let stride = self.depth * way.bytes;
        let filled = if way.isa == Isa::Amx { rows.next_multiple_of(way.rows) } else { rows };
        let mut activations = Guarded::new(filled * stride, 0x7b);
        for (row, to) in self.activations.iter().zip(activations.chunks_exact_mut(stride)) {
            to[..self.depth].copy_from_slice(row);
            // SAFETY: `to` is as long as a row in this form.
            unsafe { (way.arrange)(to.as_mut_ptr(), self.depth) };
        }
        let panel = self.panel();
        let mut sums = Guarded::new(way.rows * PANEL, -1);
        let tile = Tile {
            rows,
            activations: activations.as_ptr(),
            stride,
            weights: panel.as_ptr(),
            depth: self.depth,
            sums: sums.as_mut_ptr(),
        };
        // SAFETY: the CPU has the instructions; the operands are as large as `Tile` says.
        unsafe { (way.tile)(&tile) };
        sums[..rows * PANEL].to_vec()
    }

    /// What is added to each sum where activations are taken less 128.
    fn shifted(&self, way: &Way, sums: Vec<i32>) -> Vec<i32> {
        if !matches!(way.isa, Isa::Neon | Isa::NeonDot) {
            return sums;
        }
        let offsets =
            self.columns.iter().map(|column| column.iter().map(|&x| i32::from(x)).sum::<i32>() * 128);
        sums.into_iter().zip(offsets.collect::<Vec<_>>().into_iter().cycle()).map(|(x, y)| x + y).collect()
    }

    fn check(&self) {
        for way in ways().filter(|way| self.activations.len() <= way.rows) {
            let found = self.shifted(&way, self.sums_of(&way));
            assert_eq!(found, self.sums(), "{}, {} × {}", way.isa, self.activations.len(), self.depth);
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn the_sums_are_those_of_three_plain_loops(
        seed: u64, rows in 1..=MOST_ROWS, depth in 1usize..7, extreme: bool,
    ) {
        Operands::new(seed, rows, depth * DEPTH, extreme).check();
    }
}

#[test]
fn no_tile_is_taller_than_the_memory_for_its_sums() {
    assert!(ways().all(|way| way.rows <= MOST_ROWS));
}

#[test]
fn every_height_of_a_tile_is_right() {
    for rows in 1..=MOST_ROWS {
        Operands::new(rows as u64, rows, DEPTH, false).check();
    }
}

#[test]
fn the_largest_sums_of_the_deepest_product_do_not_overflow() {
    let depth = if cfg!(miri) { 64 } else { 1536 };
    for rows in [1, 4, 16, 32] {
        for (byte, weight) in [(255, 127), (255, -127), (0, -127)] {
            let activations = vec![vec![byte; depth]; rows];
            Operands { depth, activations, columns: vec![vec![weight; depth]; PANEL] }.check();
        }
    }
}
