//! exp and the activations, lane by lane.

use crate::vector::Vector;

/// The non-linearity between the two products of a feed-forward block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x × Φ(x), with Φ the normal distribution (BERT's `gelu`).
    Gelu,
    /// Its approximation by tanh (`gelu_new`, `gelu_pytorch_tanh`).
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// e^x to a relative error of about 2e-7; below -87 it is 1e-38 rather than 0.
///
/// x = n ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts so that n ln 2 is exact, and the polynomial of
/// Cephes' `expf` for e^r.
#[inline(always)]
pub(crate) unsafe fn exp<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller by `Vector`.
    unsafe {
        let x = x.max(V::splat(-87.0)).min(V::splat(88.0));
        let n = x.mul(V::splat(std::f32::consts::LOG2_E)).round();
        let r = n.mul_add(V::splat(-0.693_359_4), x);
        let r = n.mul_add(V::splat(2.121_944_4e-4), r);
        let p = V::splat(1.987_569_1e-4)
            .mul_add(r, V::splat(1.398_199_9e-3))
            .mul_add(r, V::splat(8.333_452e-3))
            .mul_add(r, V::splat(4.166_579_6e-2))
            .mul_add(r, V::splat(1.666_666_6e-1))
            .mul_add(r, V::splat(5e-1));
        p.mul_add(r.mul(r), r).add(V::splat(1.0)).mul(n.power_of_two())
    }
}

/// erf(x) to about 3e-7: the rational approximation that Eigen and TensorFlow use, x clamped to ±4.
#[inline(always)]
pub(crate) unsafe fn erf<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller by `Vector`.
    unsafe {
        let x = x.max(V::splat(-4.0)).min(V::splat(4.0));
        let t = x.mul(x);
        let p = V::splat(-2.726_142_3e-10)
            .mul_add(t, V::splat(2.770_681_4e-8))
            .mul_add(t, V::splat(-2.101_024e-6))
            .mul_add(t, V::splat(-5.692_506_4e-5))
            .mul_add(t, V::splat(-7.349_906_3e-4))
            .mul_add(t, V::splat(-2.954_6e-3))
            .mul_add(t, V::splat(-1.609_603_3e-2));
        let q = V::splat(-1.456_607_2e-5)
            .mul_add(t, V::splat(-2.133_740_6e-4))
            .mul_add(t, V::splat(-1.682_827e-3))
            .mul_add(t, V::splat(-7.373_329e-3))
            .mul_add(t, V::splat(-1.426_473_9e-2));
        x.mul(p).mul(q.reciprocal())
    }
}

/// The activation of `x`.
#[inline(always)]
pub(crate) unsafe fn activate<V: Vector>(activation: Activation, x: V) -> V {
    // SAFETY: passed on to the caller by `Vector`.
    unsafe {
        match activation {
            Activation::Gelu => {
                let half = x.mul(V::splat(0.5));
                half.mul_add(erf(x.mul(V::splat(std::f32::consts::FRAC_1_SQRT_2))), half)
            }
            Activation::GeluTanh => {
                // 0.5 x (1 + tanh u) = x / (1 + e^(-2u)), u = √(2/π) (x + 0.044715 x³).
                let cubic = x.mul(x).mul_add(V::splat(0.044_715), V::splat(1.0)).mul(x);
                let power = exp(cubic.mul(V::splat(-2.0 * 0.797_884_6)));
                x.mul(power.add(V::splat(1.0)).reciprocal())
            }
            Activation::Relu => x.max(V::splat(0.0)),
        }
    }
}

#[cfg(test)]
mod tests;
