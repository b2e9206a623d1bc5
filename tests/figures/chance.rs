//! Random moments, from a seed.

use std::time::Duration;

/// xorshift64*.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// A span below `longest`.
    pub(crate) const fn span(&mut self, longest: Duration) -> Duration {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let random = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        Duration::from_nanos(random % longest.as_nanos() as u64)
    }
}
