//! What is wrong with a job, told once and not in every run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leader_core::election::Timestamp;
use tracing::{debug, error, info, warn};

use crate::clock;

/// What was told of a job.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// How its last failed attempt failed, and its last failed run.
    attempt: Mutex<Option<Box<Told>>>,
    run: Mutex<Option<Box<Told>>>,
    is_blocking: AtomicBool,
    is_stubborn: AtomicBool,
}

#[derive(Debug)]
struct Told {
    error: String,
    at: Timestamp,
    /// How often it came again since.
    again: u64,
}

/// The same fault is told again after so long.
const QUIET: Duration = Duration::from_secs(600);

/// A job that keeps its thread for longer than this makes others late.
const BLOCKS: Duration = Duration::from_secs(1);

impl Faults {
    /// An attempt failed, and another follows.
    pub(super) fn tell_retry(&self, error: &str, wait: Duration) {
        match new_since(&self.attempt, error) {
            Some(again) => warn!(error, ?wait, again, "failed: is tried again"),
            None => debug!(error, ?wait, "failed as before: is tried again"),
        }
    }

    /// The run failed.
    pub(super) fn tell_failed(&self, error: &str) {
        match new_since(&self.run, error) {
            Some(0) => error!(error, "failed"),
            Some(again) => error!(error, again, "still fails"),
            None => debug!(error, "failed as before"),
        }
    }

    /// The run did not fail.
    pub(super) fn tell_ok(&self) {
        let [_, run] = [&self.attempt, &self.run].map(|told| locked(told).take());
        match run {
            Some(told) => info!(failed_again = told.again, "runs again without a fault"),
            None => debug!("ran"),
        }
    }

    /// One poll of the job took so long.
    pub(super) fn look_at_poll(&self, took: Duration) {
        if took >= BLOCKS && !self.is_blocking.swap(true, Ordering::Relaxed) {
            warn!(
                ?took,
                "blocks its thread between two awaits, where nothing can end it and other jobs may \
                 wait for it; use `Run::block` for blocking work"
            );
        }
    }

    /// The run is over, and what it has started goes on.
    pub(super) fn tell_stubborn(&self) {
        if !self.is_stubborn.swap(true, Ordering::Relaxed) {
            warn!(
                "is over, and blocking work of it goes on: before that has ended the job does not \
                 run again, nor is its key released; look at a `Stop` in there"
            );
        }
    }
}

/// How often this error came again since it was told, where it is to be told now.
fn new_since(told: &Mutex<Option<Box<Told>>>, error: &str) -> Option<u64> {
    let now = clock::now();
    let mut told = locked(told);
    let again = match told.as_mut().filter(|told| told.error == error) {
        Some(told) if now.since(told.at) < QUIET => {
            told.again += 1;
            return None;
        }
        Some(told) => told.again + 1,
        None => 0,
    };
    *told = Some(Box::new(Told { error: error.to_owned(), at: now, again: 0 }));
    Some(again)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
