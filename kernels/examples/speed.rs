#![allow(missing_docs, clippy::print_stdout)]
use deskhand_kernels::Isa;
use deskhand_kernels::training::*;
fn cpu() -> f64 {
    #[repr(C)]
    struct T {
        s: i64,
        n: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(c: i32, t: *mut T) -> i32;
    }
    let mut t = T { s: 0, n: 0 };
    unsafe { clock_gettime(3, &mut t) };
    t.s as f64 + t.n as f64 * 1e-9
}
fn time(f: &mut dyn FnMut()) -> f64 {
    f();
    let mut best = f64::MAX;
    for _ in 0..9 {
        let b = cpu();
        f();
        best = best.min(cpu() - b);
    }
    best
}
fn main() {
    let t = 1000;
    let h = 384;
    let n = 1536;
    for factors in [Factors::F32, Factors::Bf16] {
        let ar = Arithmetic::new(Isa::detect(), factors);
        println!("{factors:?}");
        let mut total = 0.0;
        for (what, k, m) in [("qkv", h, 3 * h), ("out", h, h), ("ffn1", h, n), ("ffn2", n, h)] {
            let x: Vec<f32> = (0..t * k).map(|i| (i % 97) as f32 * 0.01 - 0.5).collect();
            let w: Vec<f32> = (0..m * k).map(|i| (i % 89) as f32 * 0.01 - 0.4).collect();
            let mut y = vec![0.1f32; t * m];
            let b = vec![0.1f32; m];
            let mut dx = x.clone();
            let mut dw = w.clone();
            let f = 2.0 * t as f64 * k as f64 * m as f64;
            let a = time(&mut || {
                ar.product(Matrix::rows(&x, k), Matrix::rows(&w, k).transposed(), Onto::Bias(&b), &mut y)
            });
            let c =
                time(&mut || ar.product(Matrix::rows(&y, m), Matrix::rows(&w, k), Onto::Nothing, &mut dx));
            let d = time(&mut || {
                ar.product(Matrix::rows(&y, m).transposed(), Matrix::rows(&x, k), Onto::Nothing, &mut dw)
            });
            println!(
                "{what}: fwd {:.0} GF {:.2} µs/t, dx {:.0} GF {:.2}, dw {:.0} GF {:.2}",
                f / a * 1e-9,
                a / t as f64 * 1e6,
                f / c * 1e-9,
                c / t as f64 * 1e6,
                f / d * 1e-9,
                d / t as f64 * 1e6
            );
            total += a + c + d;
        }
        println!("products, six layers: {:.1} µs/token", 6.0 * total / t as f64 * 1e6);
    }
    let ar = Arithmetic::new(Isa::detect(), Factors::F32);
    let x: Vec<f32> = (0..t * n).map(|i| (i % 97) as f32 * 0.03 - 1.5).collect();
    let (mut y, mut g) = (x.clone(), x.clone());
    let us = |s: f64| 6.0 * s / t as f64 * 1e6;
    println!("gelu {:.1}", us(time(&mut || ar.gelu(&x, &mut y))));
    println!("gelu back {:.1}", us(time(&mut || ar.gelu_backward(&x, &mut y, &mut g))));
    let mut sums = vec![0.0; n];
    println!("column sums 1536 {:.1}", us(time(&mut || ar.column_sums(&x, &mut sums))));
    let gain = vec![1.0; h];
    let how = LayerNorm { gain: &gain, shift: &gain, eps: 1e-6 };
    let (mut u, add, mut o, mut s) =
        (x[..t * h].to_vec(), x[..t * h].to_vec(), vec![0.0; t * h], vec![0.0; t]);
    println!("norm {:.1}", us(time(&mut || ar.layer_norm(how, Some(&add), &mut u, &mut s, &mut o))));
    let (mut gg, mut gs) = (vec![0.0; h], vec![0.0; h]);
    println!(
        "norm back {:.1}",
        us(time(&mut || ar.layer_norm_backward(&gain, (&u, &s), &mut o, (&mut gg, &mut gs))))
    );
    let heads = Heads { count: 12, width: 32 };
    for len in [25, 64, 125, 250] {
        let a = &x[..t * 3 * h];
        let mut c = vec![0.1; t * h];
        let mut da = a.to_vec();
        println!(
            "attention {len}: {:.1}",
            us(time(&mut || for i in 0..t / len {
                ar.attention(
                    heads,
                    &a[i * len * 3 * h..(i + 1) * len * 3 * h],
                    &mut c[i * len * h..(i + 1) * len * h],
                )
            }))
        );
        println!(
            "attention back {len}: {:.1}",
            us(time(&mut || for i in 0..t / len {
                ar.attention_backward(
                    heads,
                    &a[i * len * 3 * h..(i + 1) * len * 3 * h],
                    &c[i * len * h..(i + 1) * len * h],
                    &mut da[i * len * 3 * h..(i + 1) * len * 3 * h],
                )
            }))
        );
    }
    let len = 10_650_000 / 4;
    let (g1, g2, g3, g4) = (vec![0.1; len], vec![0.1; len], vec![0.1; len], vec![0.1f32; len]);
    let (mut w, mut m, mut v) = (vec![0.1; len], vec![0.1; len], vec![0.1; len]);
    let how = AdamW { rate: 1e-4, decay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, step: 3 };
    println!(
        "adam: {:.1} ms for a quarter of the weights",
        1e3 * time(&mut || ar.adam(&how, &[&g1, &g2, &g3, &g4], &mut w, &mut m, &mut v))
    );
}
