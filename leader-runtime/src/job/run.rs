//! Which run of which job this is.

use std::sync::Arc;

use leader_core::Due;

use super::fence::Fence;

/// Which run of which job this is, as a parameter of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    job: Arc<str>,
    due: Due,
    fence: Fence,
    number: u64,
}

impl Run {
    /// The first run of this job; in a test, to call a job by hand.
    #[must_use]
    pub fn new(job: &str, due: Due, fence: Fence) -> Self {
        Self::numbered(job.into(), due, fence, 1)
    }

    /// The run of this number.
    pub(crate) const fn numbered(job: Arc<str>, due: Due, fence: Fence, number: u64) -> Self {
        Self { job, due, fence, number }
    }

    /// The job's name.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// When it is due, which is not when it begins.
    #[must_use]
    pub const fn due(&self) -> Due {
        self.due
    }

    /// The fence of the term that it runs in.
    #[must_use]
    pub const fn fence(&self) -> Fence {
        self.fence
    }

    /// Which run of the job this is in this process: 1 is the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Which attempt of the run this is: 1 is the first, and in this version the only one.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        1
    }
}
