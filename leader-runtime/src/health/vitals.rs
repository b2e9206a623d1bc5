//! The signs of life that the engine's task leaves, and what becomes of them in a [`Health`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{Lease, Timing, span};

use super::Health;
use crate::clock;
use crate::lock::Manager;

/// What is known of the task that begins runs.
#[derive(Debug, Default)]
pub(crate) struct Vitals {
    /// When it was last polled, in nanoseconds.
    beat: AtomicU64,
    closes: AtomicBool,
}

/// A part that has not run for so long is stuck. Both have something to do each second.
const STUCK: Duration = Duration::from_secs(30);

impl Vitals {
    pub(crate) fn beat(&self) {
        self.beat.store(clock::now().as_nanos(), Ordering::Relaxed);
    }

    /// The runtime was told to stop.
    pub(crate) fn close(&self) {
        self.closes.store(true, Ordering::Relaxed);
    }

    /// How the runtime is that has this manager; `None` where it is over.
    pub(crate) fn health(&self, manager: Option<&Manager>, timing: Option<Timing>) -> Health {
        let Some(manager) = manager else { return Health::none(false, "the runtime is over") };
        let now = clock::now();
        let mut faults = Vec::new();
        let keys = manager.keys();
        faults.extend(keys.iter().filter(|key| key.is_past_deadline).map(|key| {
            format!("leads `{}` past its deadline: what would stop that has not run", key.key)
        }));
        let engine = Timestamp::from_nanos(self.beat.load(Ordering::Relaxed));
        let parts = [
            (
                engine,
                "the task that begins runs",
                "is every thread of its runtime blocked by a job?",
            ),
            (manager.last_beat(), "the lock manager's thread", "is the process starved?"),
        ];
        for (beat, part, question) in parts {
            let ago = now.since(beat);
            if ago > STUCK {
                let ago = whole(ago);
                faults.push(format!("{part} has not run for {ago}; {question}"));
            }
        }
        let live = faults.is_empty();
        if self.closes.load(Ordering::Relaxed) {
            faults.push("was told to stop, and lets go of its keys".into());
        }
        let lease = timing.map_or_else(Lease::default, Timing::lease).length();
        match manager.silence() {
            Some(silence) if now.since(silence.since) > lease => {
                let ago = whole(now.since(silence.since));
                faults.push(format!("cannot come to lead, since {ago}: {}", silence.fault));
            }
            _ if !manager.was_answered() => {
                faults.push("waits for the lock service's first answer".into());
            }
            _ => {}
        }
        Health { live, ready: faults.is_empty(), faults, keys }
    }
}

/// In seconds and more.
fn whole(span: Duration) -> String {
    span::print(Duration::from_secs(span.as_secs()))
}

impl Health {
    /// Of a runtime that does not run.
    pub(crate) fn none(live: bool, fault: &str) -> Self {
        Self { live, ready: false, faults: vec![fault.into()], keys: Vec::new() }
    }
}
