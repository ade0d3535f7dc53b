//! Every method of every vector does what it does on the portable one.

use proptest::prelude::*;

use super::*;
use crate::Isa;
use crate::testing::{Guarded, Job, Numbers, cases, close, run_on};

/// Sixteen numbers, in and out.
const COUNT: usize = 16;

/// What the methods make of `x`, `y` and `z`, one list a method; whole numbers for `n`.
struct Methods {
    x: Guarded<f32>,
    y: Guarded<f32>,
    z: Guarded<f32>,
    n: Guarded<i32>,
    exact: Vec<(&'static str, Vec<f32>)>,
    rounded: Vec<(&'static str, Vec<f32>)>,
    bytes: Guarded<u8>,
}

impl Methods {
    fn new(x: &[f32], y: &[f32], z: &[f32], n: &[i32]) -> Self {
        Self {
            x: Guarded::of(x),
            y: Guarded::of(y),
            z: Guarded::of(z),
            n: Guarded::of(n),
            exact: Vec::new(),
            rounded: Vec::new(),
            bytes: Guarded::new(COUNT, 0),
        }
    }

    /// The lanes that `make` gives from the operands' lanes.
    #[inline(always)]
    unsafe fn lanes<V: Vector>(&self, make: impl Fn(V, V, V) -> V) -> Vec<f32> {
        let mut to = Guarded::new(COUNT, 0.0);
        for i in (0..COUNT).step_by(V::LANES) {
            // SAFETY: sixteen lanes are there, and every vector's lanes divide them.
            unsafe {
                let at = |from: &Guarded<f32>| V::load(from.as_ptr().add(i));
                make(at(&self.x), at(&self.y), at(&self.z)).store(to.as_mut_ptr().add(i));
            }
        }
        to.to_vec()
    }

    /// Sixteen rows of `x`, each a little different, with rows and columns exchanged; the rows end with the
    /// last number.
    #[inline(always)]
    unsafe fn transposed<V: Vector>(&self) -> Vec<f32> {
        let stride = COUNT + 3;
        let mut from = Guarded::new(COUNT * stride - 3, 0.0);
        let mut to = Guarded::new(COUNT * stride - 3, 0.0);
        for (i, number) in from.iter_mut().enumerate() {
            *number = self.x[i % COUNT] + i as f32;
        }
        for row in (0..COUNT).step_by(V::LANES) {
            for column in (0..COUNT).step_by(V::LANES) {
                // SAFETY: the square is within both.
                unsafe {
                    let from = from.as_ptr().add(row * stride + column);
                    V::transpose((from, stride), (to.as_mut_ptr().add(column * stride + row), stride));
                }
            }
        }
        let right = |i: usize| i % stride >= COUNT || to[i] == from[i % stride * stride + i / stride];
        assert!((0..to.len()).all(right));
        to.to_vec()
    }

    /// The last `room` numbers of `x`, loaded and stored as parts.
    #[inline(always)]
    unsafe fn parts<V: Vector>(&self, room: usize) -> Vec<f32> {
        let mut to = Guarded::new(room, 0.0);
        for i in (0..room).step_by(V::LANES) {
            // SAFETY: so many numbers are there.
            unsafe {
                let x = V::load_part(self.x.as_ptr().add(COUNT - room + i), room - i, 7.0);
                x.store_part(to.as_mut_ptr().add(i), room - i);
            }
        }
        to.to_vec()
    }
}

impl Job for Methods {
    #[inline(always)]
    unsafe fn run<V: Vector>(&mut self) {
        // SAFETY: the caller has the instructions; all memory is of sixteen elements.
        unsafe {
            self.exact = vec![
                ("add", self.lanes::<V>(|x, y, _| x.add(y))),
                ("sub", self.lanes::<V>(|x, y, _| x.sub(y))),
                ("mul", self.lanes::<V>(|x, y, _| x.mul(y))),
                ("max", self.lanes::<V>(|x, y, _| x.max(y))),
                ("min", self.lanes::<V>(|x, y, _| x.min(y))),
                ("splat", self.lanes::<V>(|_, _, _| V::splat(self.x[3]))),
                ("round", self.lanes::<V>(|x, _, _| x.round())),
                ("sqrt", self.lanes::<V>(|x, _, _| x.mul(x).sqrt())),
                ("power of two", self.lanes::<V>(|x, _, _| x.round().max(V::splat(-126.0)).power_of_two())),
            ];
            self.exact.push(("transpose", self.transposed::<V>()));
            for room in 0..COUNT {
                self.exact.push(("load and store a part", self.parts::<V>(room)));
            }
            self.rounded = vec![
                ("mul_add", self.lanes::<V>(|x, y, z| x.mul_add(y, z))),
                ("reciprocal", self.lanes::<V>(|_, y, _| y.reciprocal())),
            ];
            let mut whole = Guarded::new(COUNT, 0.0);
            let (mut sum, mut largest, mut smallest) = (0.0, f32::NEG_INFINITY, f32::INFINITY);
            for i in (0..COUNT).step_by(V::LANES) {
                V::load_i32(self.n.as_ptr().add(i)).store(whole.as_mut_ptr().add(i));
                let x = V::load(self.x.as_ptr().add(i));
                x.store_u8(self.bytes.as_mut_ptr().add(i));
                sum += x.sum();
                largest = x.largest().max(largest);
                smallest = x.smallest().min(smallest);
            }
            self.exact.push(("load_i32", whole.to_vec()));
            self.exact.push(("largest and smallest", vec![largest, smallest]));
            self.rounded.push(("sum", vec![sum]));
        }
    }
}

fn check(x: &[f32], y: &[f32], z: &[f32], n: &[i32]) {
    let mut twin = Methods::new(x, y, z, n);
    assert!(run_on(Isa::Portable, &mut twin));
    // Roundings are relative to the terms: of a product and a sum, or of so many sums.
    let size = x.iter().chain(y).chain(z).fold(1f32, |most, x| most.max(x.abs()));
    for isa in Isa::ALL {
        let mut found = Methods::new(x, y, z, n);
        if !run_on(isa, &mut found) {
            continue;
        }
        assert_eq!(found.exact, twin.exact, "{isa}");
        assert_eq!(*found.bytes, *twin.bytes, "{isa}: store_u8");
        for ((name, found), (_, twin)) in found.rounded.iter().zip(&twin.rounded) {
            for (&found, &twin) in found.iter().zip(twin) {
                let size = match *name {
                    "reciprocal" => twin.abs(),
                    "sum" => COUNT as f32 * size,
                    _ => size * size,
                };
                assert!(close(found, twin.into(), 4e-7 * f64::from(size)), "{isa}: {name} {found} {twin}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(128))]
    #[test]
    fn the_methods_agree_with_those_of_the_portable_twin(seed: u64, size in 0f32..120.0) {
        let mut numbers = Numbers(seed);
        let (x, y) = (numbers.floats(COUNT, size), numbers.floats(COUNT, size));
        let y: Vec<f32> = y.into_iter().map(|y| if y.abs() < 1e-9 { 1e-9 } else { y }).collect();
        let n: Vec<i32> = (0..COUNT).map(|_| numbers.word() as i32 >> (seed % 20)).collect();
        check(&x, &y, &numbers.floats(COUNT, size), &n);
    }
}

#[test]
fn halves_are_rounded_to_even_and_bytes_are_clamped() {
    let x = [-300.0, -0.5, -0.0, 0.0, 0.49, 0.5, 1.5, 2.5, 3.5, 126.5, 100.0, -1.5, 254.5, 255.5, 256.0, 1e6];
    let one = [1.0; COUNT];
    check(&x.map(|x: f32| x.clamp(-100.0, 100.0)), &one, &one, &[i32::MAX; COUNT]);
    for isa in Isa::ALL {
        let mut found = Methods::new(&x, &one, &one, &[0; COUNT]);
        if run_on(isa, &mut found) {
            let bytes = [0, 0, 0, 0, 0, 0, 2, 2, 4, 126, 100, 0, 254, 255, 255, 255];
            assert_eq!(*found.bytes, bytes, "{isa}");
        }
    }
}
