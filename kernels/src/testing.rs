//! What the tests of the kernels share: memory whose ends are watched, numbers to fill it with, the tables
//! of every set of instructions that this CPU has, and definitions in f64.

mod memory;
mod reference;

use proptest::prelude::ProptestConfig;

use crate::Isa;
use crate::kernels::Kernels;
use crate::linear::{Finish, Output, Rows8};
use crate::packed::{Matrix, PackedInt8, Values, padded};
use crate::rows::Grid;
use crate::vector::Vector;
pub(crate) use memory::Guarded;
pub(crate) use reference::{activated, finished};

/// What one operation in f32 may add to or take from a number, relative to it.
pub(crate) const ULP: f64 = f32::EPSILON as f64;
/// By how much an activation of x may be wrong, relative to |x| or 1; most of it is erf's.
pub(crate) const ACTIVATION_ERROR: f64 = 4e-7;

/// So many cases; a few under Miri, which is thousands of times slower and has no files for failures.
pub(crate) fn cases(number: u32) -> ProptestConfig {
    if cfg!(miri) {
        return ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3) };
    }
    ProptestConfig::with_cases(number)
}

/// The tables that this CPU can run, the portable one first.
pub(crate) fn tables() -> impl Iterator<Item = (Isa, Kernels)> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available()).map(|isa| (isa, Kernels::new(isa)))
}

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// In -1..1.
    pub(crate) fn float(&mut self) -> f32 {
        ((self.word() >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }

    pub(crate) fn floats(&mut self, len: usize, size: f32) -> Vec<f32> {
        (0..len).map(|_| self.float() * size).collect()
    }

    /// In 0..=255.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.word() as u8).collect()
    }

    /// In -127..=127.
    pub(crate) fn weights(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| (self.word() % 255) as u8 as i8).map(|weight| weight.max(-127)).collect()
    }
}

/// Whether `found` is `expected` give or take `tolerance`; NaN is not.
pub(crate) fn close(found: f32, expected: f64, tolerance: f64) -> bool {
    (f64::from(found) - expected).abs() <= tolerance
}

/// Rows of bytes in the form in which a table takes them, in memory that ends with the last row that a
/// tile may read. There is a 255 in every row: its grid is that of the steps 0, 1, 2 and so on.
pub(crate) fn arranged(kernels: &Kernels, bytes: &[u8], depth: usize) -> Guarded<u8> {
    let stride = depth * kernels.activation_bytes;
    let rows = bytes.len() / depth;
    let mut arranged = Guarded::new(rows.next_multiple_of(kernels.tile_rows) * stride, 0xee);
    for (bytes, to) in bytes.chunks_exact(depth).zip(arranged.chunks_exact_mut(stride)) {
        let floats = Guarded::of(&bytes.iter().map(|&byte| f32::from(byte)).collect::<Vec<_>>());
        // SAFETY: the row is as long as `depth`, and so are its bytes in the table's form.
        let grid = unsafe { (kernels.quantize)(floats.as_ptr(), depth, depth, to.as_mut_ptr(), None) };
        assert_eq!(grid, Grid { scale: 1.0, zero: 0.0 });
    }
    arranged
}

/// The bytes of one arranged row, whatever the form: their product by the unit matrix.
pub(crate) fn bytes_of(kernels: &Kernels, arranged: &[u8], depth: usize) -> Vec<u8> {
    let mut weights = vec![0; depth * depth];
    weights.iter_mut().step_by(depth + 1).for_each(|weight| *weight = 1);
    let unit =
        Matrix { rows: depth, columns: depth, values: Values::Int8 { weights, scales: vec![1.0; depth] } };
    let packed = PackedInt8::new(&[(&unit, &vec![0.0; depth])]);
    let mut bytes = Guarded::new(kernels.tile_rows * arranged.len(), 0);
    bytes[..arranged.len()].copy_from_slice(arranged);
    let mut found = Guarded::new(padded(depth), 0.0);
    let output = Output { rows: 1, first: found.as_mut_ptr(), stride: padded(depth), finish: Finish::Store };
    let grids = Guarded::of(&[Grid { scale: 1.0, zero: 0.0 }]);
    let rows = Rows8 { bytes: bytes.as_ptr(), stride: arranged.len(), grids: grids.as_ptr() };
    // SAFETY: one row of the input, filled up to a tile, and one of the output.
    unsafe { (kernels.linear_int8)(rows, &packed, 0..padded(depth) / crate::packed::PANEL, &output) };
    found.iter().take(depth).map(|&byte| byte as u8).collect()
}

/// A function over vectors.
pub(crate) trait Job {
    /// # Safety
    /// The CPU has the instructions of `V`.
    unsafe fn run<V: Vector>(&mut self);
}

/// Runs `job` on the vectors of `isa`, if that is a set with vectors of its own and the CPU has it.
pub(crate) fn run_on(isa: Isa, job: &mut impl Job) -> bool {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(job: &mut impl Job) {
        // SAFETY: asked for below, as in the next ones.
        unsafe { job.run::<crate::vector::avx2::Avx2>() }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn avx512(job: &mut impl Job) {
        unsafe { job.run::<crate::vector::avx512::Avx512>() }
    }
    if !isa.is_available() {
        return false;
    }
    // SAFETY: the CPU has these instructions.
    unsafe {
        match isa {
            Isa::Portable => job.run::<crate::vector::portable::Portable>(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2(job),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512(job),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => job.run::<crate::vector::neon::Neon>(),
            _ => return false,
        }
    }
    true
}
