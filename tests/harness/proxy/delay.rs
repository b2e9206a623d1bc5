//! How late bytes come out of a proxy.

use std::time::Duration;

use crate::chance::Chance;

/// A delay, or the law by which each one is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Always the same.
    Constant(Duration),
    /// Any up to this, each as likely.
    UpTo(Duration),
    /// Log-normal, with this median: one in a hundred is ten times as long, and none is longer.
    Tailed(Duration),
}

/// The quantile of the normal distribution below which 99 of 100 lie.
const NINETY_NINTH: f64 = 2.326;

impl Default for Delay {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl Delay {
    pub(super) fn draw(self, chance: &mut Chance) -> Duration {
        match self {
            Self::Constant(span) => span,
            Self::UpTo(most) if most.is_zero() => most,
            Self::UpTo(most) => chance.span(Duration::ZERO..most),
            Self::Tailed(median) => {
                // Box and Muller's way to a normal number
                let mut part = || (chance.below(1 << 30) + 1) as f64 / f64::from(1 << 30);
                let normal = (-2.0 * part().ln()).sqrt() * (std::f64::consts::TAU * part()).cos();
                median.mul_f64((10_f64.ln() / NINETY_NINTH * normal).exp().min(10.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_ten_times_as_long_as_the_middle() {
        let mut chance = Chance::new(7);
        let median = Duration::from_millis(100);
        let mut drawn: Vec<_> =
            (0..10_000).map(|_| Delay::Tailed(median).draw(&mut chance)).collect();
        drawn.sort();
        let about = |span: Duration, expected: f64| {
            let ratio = span.as_secs_f64() / expected;
            assert!((0.9..1.1).contains(&ratio), "{span:?} for {expected} s");
        };
        about(drawn[5_000], 0.1);
        about(drawn[9_900], 1.0);
        assert!(drawn[9_999] <= median * 10);
    }
}
