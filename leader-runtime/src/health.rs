//! The liveness of the engine's task, and the [`Health`] of a runtime.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{Lease, Timing, span};

use crate::leadership::SessionManager;
use crate::model::Health;
use crate::system::clock;

/// The liveness of the task that begins runs.
#[derive(Debug, Default)]
pub(crate) struct EngineLiveness {
    /// Time of the last poll, in nanoseconds.
    polled: AtomicU64,
    is_closing: AtomicBool,
}

/// Time without a run after which a part is stuck. Both parts run each second.
const STUCK_AFTER: Duration = Duration::from_secs(30);

impl EngineLiveness {
    /// Marks a poll of the task.
    pub(crate) fn mark(&self) {
        self.polled.store(clock::now().as_nanos(), Ordering::Relaxed);
    }

    /// Marks the beginning of the shutdown.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// The health of a runtime with this manager; `None` after its end.
    pub(crate) fn health(
        &self,
        manager: Option<&SessionManager>,
        timing: Option<Timing>,
    ) -> Health {
        let Some(manager) = manager else { return Health::none(false, "the runtime is over") };
        let now = clock::now();
        let mut faults = Vec::new();
        let keys = manager.keys();
        faults.extend(keys.iter().filter(|key| key.is_past_deadline).map(|key| {
            format!("leads `{}` past its deadline: what would stop that has not run", key.key)
        }));
        let engine = Timestamp::from_nanos(self.polled.load(Ordering::Relaxed));
        let parts = [
            (
                engine,
                "the task that begins runs",
                "is every thread of its runtime blocked by a job?",
            ),
            (manager.last_turn(), "the lock manager's thread", "is the process starved?"),
        ];
        for (beat, part, question) in parts {
            let ago = now.since(beat);
            if ago > STUCK_AFTER {
                let ago = whole(ago);
                faults.push(format!("{part} has not run for {ago}; {question}"));
            }
        }
        let is_live = faults.is_empty();
        if self.is_closing.load(Ordering::Relaxed) {
            faults.push("shutting down".into());
        }
        let lease = timing.map_or_else(Lease::default, Timing::lease).length();
        match manager.outage() {
            Some(outage) if now.since(outage.since) > lease => {
                let ago = whole(now.since(outage.since));
                faults.push(format!("cannot come to lead, since {ago}: {}", outage.fault));
            }
            _ if !manager.was_answered() => {
                faults.push("waits for the lock service's first answer".into());
            }
            _ => {}
        }
        Health { is_live, is_ready: faults.is_empty(), faults, keys }
    }
}

/// Prints whole seconds.
fn whole(span: Duration) -> String {
    span::print(Duration::from_secs(span.as_secs()))
}

impl Health {
    /// The health of a runtime that does not run.
    pub(crate) fn none(is_live: bool, fault: &str) -> Self {
        Self { is_live, is_ready: false, faults: vec![fault.into()], keys: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
