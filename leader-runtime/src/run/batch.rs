//! Runs that are due together and are known to be quick: one task polls them one after the other.
//!
//! A task for each would cost more than the runs. But a job that blocks its thread must make no
//! other late: so a batch takes only jobs whose last run did not suspend and was quick, and one that
//! suspends nevertheless gets a task of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use tokio::task::JoinSet;

use super::job::{Firing, Job};
use super::{Shared, take_turns};

/// A run that took no longer than this was quick.
pub(super) const QUICK: Duration = Duration::from_micros(100);

/// So many runs share a task.
const SIZE: usize = 32;

/// Runs that have their slots, and are to begin.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<(Arc<Job>, Firing)>);

impl Batch {
    /// Whether it is to be begun before it takes another.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= SIZE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, job: Arc<Job>, firing: Firing) {
        self.0.push((job, firing));
    }

    /// Takes out what it holds, and comes back when all of that is over.
    pub(super) fn run(&mut self, shared: Arc<Shared>) -> impl Future<Output = ()> + Send + use<> {
        let all = std::mem::take(&mut self.0);
        async move {
            let mut suspended = JoinSet::new();
            for (job, firing) in all {
                let mut turns: Pin<Box<_>> = Box::pin(take_turns(job, Arc::clone(&shared), firing));
                if poll!(&mut turns) == Poll::Pending {
                    suspended.spawn(turns);
                }
            }
            while suspended.join_next().await.is_some() {}
        }
    }
}
