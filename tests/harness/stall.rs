//! Whether the machine itself stood still: then a test that failed says nothing of what it tested.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(50);

/// A thread that did not run for so long was not late by chance.
const STALL: Duration = Duration::from_millis(500);

static LONGEST: LazyLock<Mutex<Duration>> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            let began = Instant::now();
            thread::sleep(STEP);
            let late = began.elapsed().saturating_sub(STEP);
            let mut longest = LONGEST.lock().unwrap_or_else(PoisonError::into_inner);
            *longest = late.max(*longest);
        }
    });
    Mutex::default()
});

/// Looks at the machine from now on.
pub(crate) fn watch() {
    LazyLock::force(&LONGEST);
}

/// For the message of a failure: empty where the machine kept going.
pub(crate) fn note() -> String {
    match *LONGEST.lock().unwrap_or_else(PoisonError::into_inner) {
        longest if longest >= STALL => {
            format!("; mind that this machine itself stood still for {longest:.1?} meanwhile")
        }
        _ => String::new(),
    }
}
