//! The number by which a store tells a leader from the leaders before it.

use std::fmt;

use leader_core::election::Term;

/// The fencing token of a run: greater in every term of the key than in the terms before it.
///
/// Where a job writes to a store that more than one node can reach, let the store refuse what an
/// earlier leader sends late: `UPDATE … SET fence = $1 WHERE fence <= $1`. It prints as a decimal
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(i64);

impl Fence {
    /// This number; in a test, to call a job by hand.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Of this term, above the `fence_base` of the settings.
    pub(crate) const fn of(term: Term, base: u64) -> Self {
        // a Raft index is counted up from 1, and no cluster lives to see 2^62; a base is below that
        Self(term.fence.0.saturating_add(base).cast_signed())
    }

    /// The number, of the type that a `BIGINT` takes. It is never negative in a run.
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
