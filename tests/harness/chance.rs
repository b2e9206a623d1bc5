//! Chance from a seed: the same choices in every run of it.

use std::ops::Range;
use std::time::Duration;

/// splitmix64.
#[derive(Debug, Default)]
pub struct Chance(u64);

impl Chance {
    /// From this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub const fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// A span of this range, which is not empty.
    pub fn span(&mut self, range: Range<Duration>) -> Duration {
        let nanos = (range.end - range.start).as_nanos() as u64;
        range.start + Duration::from_nanos(self.number() % nanos)
    }

    /// One of these, of which there is one at least.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
