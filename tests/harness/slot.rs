//! How many process tests run at once: two, or one a core where there are more.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// The right to run a process test, for as long as it is held.
#[must_use]
#[derive(Debug)]
pub struct Slot {
    counted: bool,
}

/// Waits for a slot; a thread that has one already shares it.
pub fn slot() -> Slot {
    if HELD.replace(true) {
        return Slot { counted: false };
    }
    let permits = thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken =
        FREED.wait_while(taken, |taken| *taken >= permits).unwrap_or_else(PoisonError::into_inner);
    *taken += 1;
    Slot { counted: true }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.counted {
            HELD.set(false);
            *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            FREED.notify_one();
        }
    }
}
