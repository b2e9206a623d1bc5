//! The fencing token of a term.

use std::fmt;

use leader_core::election::Term;
use serde::Serialize;

/// The fencing token of a run: greater in every term of the key than in the terms before it.
///
/// A store that several nodes write to uses it to refuse late writes of an earlier leader: `UPDATE …
/// SET fence = $1 WHERE fence <= $1`. `Display` prints a decimal number.
///
/// Numbers of different keys are not comparable: a store keeps one number for each key. Two jobs of
/// different keys that checked one column would refuse each other's writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fence(i64);

impl Fence {
    /// Makes a fence of this number, to call a job in a test.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The fence of a term: its index plus the `fence_base` of the settings.
    pub(crate) const fn of(term: Term, base: u64) -> Self {
        // a Raft index is counted up from 1, and no cluster lives to see 2^62; a base is below that
        Self(term.fence.0.saturating_add(base).cast_signed())
    }

    /// Returns the number, of the type of an SQL `BIGINT`. In a run it is never negative.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
