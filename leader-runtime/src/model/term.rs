//! The term of a leader.

use std::time::SystemTime;

use serde::Serialize;

use super::{Fence, instant};

/// One period of leadership of a key, from its acquisition to its loss or release. A term that lapsed
/// while Consul was away and was resumed is the same term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    fence: Fence,
    #[serde(serialize_with = "instant::serialize")]
    since: SystemTime,
}

impl Term {
    pub(crate) const fn new(fence: Fence, since: SystemTime) -> Self {
        Self { fence, since }
    }

    /// The fencing token of the term: greater than that of every earlier term of the key.
    #[must_use]
    pub const fn fence(self) -> Fence {
        self.fence
    }

    /// The time at which this process began to lead, by its wall clock.
    #[must_use]
    pub const fn since(self) -> SystemTime {
        self.since
    }
}
