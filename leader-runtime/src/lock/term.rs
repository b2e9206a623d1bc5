//! One holding of one key, as the process that holds it is told of it.

use std::time::SystemTime;

use crate::job::Fence;

/// One holding of one key, from its acquisition to its loss or release. A term that lapsed while
/// Consul was away, and was taken up again, is the same term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    fence: Fence,
    since: SystemTime,
}

impl Term {
    pub(super) const fn new(fence: Fence, since: SystemTime) -> Self {
        Self { fence, since }
    }

    /// Its number: greater than that of every term of the key before it.
    #[must_use]
    pub const fn fence(self) -> Fence {
        self.fence
    }

    /// When this process began to lead, by its wall clock.
    #[must_use]
    pub const fn since(self) -> SystemTime {
        self.since
    }
}
