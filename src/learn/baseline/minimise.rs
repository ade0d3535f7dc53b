//! L-BFGS: a minimum of a smooth function of very many variables.
//!
//! Source: J. Nocedal and S. Wright, "Numerical Optimization", 2nd edition, algorithms 7.4 and 7.5;
//! line search by bisection for the weak Wolfe conditions as in A. Lewis and M. Overton, "Nonsmooth
//! optimization via quasi-Newton methods", Mathematical Programming 141 (2013), algorithm 2.6.

use std::collections::VecDeque;

/// Earlier steps that are remembered.
const MEMORY: usize = 5;
/// Bisections of one line search.
const MAX_TRIALS: usize = 40;
const SUFFICIENT_DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// A point with the function's value and gradient there.
struct Point {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// One remembered step: change of x, change of the gradient, 1 / their product.
struct Step {
    dx: Vec<f64>,
    dg: Vec<f64>,
    rho: f64,
}

/// Walks down from `start` until no entry of the gradient exceeds `tolerance`, for at most
/// `max_steps` steps. `function` writes the gradient into its second argument and returns the value.
pub(super) fn minimise(
    start: Vec<f64>,
    tolerance: f64,
    max_steps: usize,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut evaluate = |x: Vec<f64>| {
        let mut gradient = vec![0.0; x.len()];
        let value = function(&x, &mut gradient);
        Point { x, value, gradient }
    };
    let mut here = evaluate(start);
    let mut memory: VecDeque<Step> = VecDeque::with_capacity(MEMORY);
    for _ in 0..max_steps {
        if here.gradient.iter().all(|g| g.abs() <= tolerance) {
            break;
        }
        let direction = downhill(&here.gradient, &memory);
        // Without memory nothing is known of the scale: the first step goes a length of 1.
        let first_trial = match memory.is_empty() {
            true => 1.0 / dot(&here.gradient, &here.gradient).sqrt().max(1.0),
            false => 1.0,
        };
        let Some(next) = search(&here, &direction, first_trial, &mut evaluate) else {
            break;
        };
        let dx = difference(&next.x, &here.x);
        let dg = difference(&next.gradient, &here.gradient);
        let curvature = dot(&dx, &dg);
        if curvature > f64::EPSILON * dot(&dg, &dg) {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Step { dx, dg, rho: 1.0 / curvature });
        }
        here = next;
    }
    here.x
}

/// The two-loop recursion (algorithm 7.4), negated.
fn downhill(gradient: &[f64], memory: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let alpha = step.rho * dot(&step.dx, &direction);
        add_scaled(&mut direction, -alpha, &step.dg);
        alphas.push(alpha);
    }
    if let Some(last) = memory.back() {
        let scale = 1.0 / (last.rho * dot(&last.dg, &last.dg));
        for entry in &mut direction {
            *entry *= scale;
        }
    }
    for (step, alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = step.rho * dot(&step.dg, &direction);
        add_scaled(&mut direction, alpha - beta, &step.dx);
    }
    direction
}

/// A point along the direction that is enough lower and flatter; `None` where rounding hides any.
fn search(
    here: &Point,
    direction: &[f64],
    first_trial: f64,
    evaluate: &mut impl FnMut(Vec<f64>) -> Point,
) -> Option<Point> {
    let slope = dot(&here.gradient, direction);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut length = first_trial;
    let mut lower = None;
    for _ in 0..MAX_TRIALS {
        let mut x = here.x.clone();
        add_scaled(&mut x, length, direction);
        let trial = evaluate(x);
        if trial.value > here.value + SUFFICIENT_DECREASE * length * slope {
            high = length;
        } else if dot(&trial.gradient, direction) < CURVATURE * slope {
            low = length;
            lower = Some(trial);
        } else {
            return Some(trial);
        }
        length = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * low };
    }
    lower
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add_scaled(to: &mut [f64], factor: f64, what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += factor * what;
    }
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let found = minimise(vec![-1.2, 1.0], 1e-9, 200, |x, gradient| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            gradient[0] = -2.0 * a - 400.0 * x[0] * b;
            gradient[1] = 200.0 * b;
            a * a + 100.0 * b * b
        });
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn a_start_at_the_minimum_stays_there() {
        let found = minimise(vec![0.0; 3], 1e-9, 10, |x, gradient| {
            gradient.copy_from_slice(x);
            x.iter().map(|x| x * x / 2.0).sum()
        });
        assert_eq!(found, vec![0.0; 3]);
    }
}
