//! Whether the machine itself stood still: then a test that failed says nothing of what it tested.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::history::{Moment, Span};

const STEP: Duration = Duration::from_millis(20);

/// A thread that did not run for so long was not late by chance.
const STALL: Duration = Duration::from_millis(500);

/// From here on a stall is long enough to be of any account.
const SHORTEST: Duration = Duration::from_millis(60);

static STALLS: LazyLock<Mutex<Vec<Span>>> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            let from = Moment::now();
            thread::sleep(STEP);
            let until = Moment::now();
            if until - from >= STEP + SHORTEST {
                lock(&STALLS).push(Span { from, until });
            }
        }
    });
    Mutex::default()
});

/// Looks at the machine from now on.
pub(crate) fn watch() {
    LazyLock::force(&STALLS);
}

/// When the machine stood still, since the first process was started.
pub fn stalls() -> Vec<Span> {
    lock(&STALLS).clone()
}

/// For the message of a failure: empty where the machine kept going.
pub(crate) fn note() -> String {
    match stalls().iter().map(|span| span.until - span.from).max() {
        Some(longest) if longest >= STALL => {
            format!("; mind that this machine itself stood still for {longest:.1?} meanwhile")
        }
        _ => String::new(),
    }
}

fn lock(stalls: &Mutex<Vec<Span>>) -> MutexGuard<'_, Vec<Span>> {
    stalls.lock().unwrap_or_else(PoisonError::into_inner)
}
