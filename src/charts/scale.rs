//! Axes: from numbers to places, and the round numbers that are written beside them.

/// A vertical axis from 0 at the bottom to a round number at the top.
#[derive(Debug, Clone)]
pub(super) struct Upright {
    /// SVG units of the top and the bottom.
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// What the bottom and the top stand for.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Upright {
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    /// Round numbers from the bottom to the top.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let step = step(self.high - self.low);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|n| n as f64 * step).collect()
    }
}

/// The number if it can be drawn: finite, and not so large that sums of them would not be.
pub(super) fn drawable(value: f64) -> Option<f64> {
    (value.abs() <= 1e15).then_some(value)
}

/// The smallest of 1, 2, 5 times a power of ten that cuts `range` into five parts at most.
pub(super) fn step(range: f64) -> f64 {
    let rough = (range / 5.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let by = [1.0, 2.0, 5.0].into_iter().find(|by| by * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    by * power
}

/// The next round number from `value` on, at least one step.
pub(super) fn round_up(value: f64) -> f64 {
    let step = step(value.max(1e-9));
    (value / step - 1e-9).ceil().max(1.0) * step
}

/// A number as it stands at an axis: no more digits than it needs, thousands with a comma.
pub(super) fn short(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        let digits = format!("{:.0}", value.abs());
        let head = digits.len() % 3;
        let mut parts = vec![digits[..head].to_owned()];
        parts.extend(
            digits.as_bytes()[head..].chunks(3).map(|part| String::from_utf8_lossy(part).into_owned()),
        );
        parts.retain(|part| !part.is_empty());
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", parts.join(","));
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
