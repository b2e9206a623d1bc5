//! Whether Consul serves a node: the node's own way to it, tried all the time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::api::{Answer, Api};
use crate::history::{Moment, Span};

const INTERVAL: Duration = Duration::from_millis(40);

/// A thread that writes to Consul through an address, as a node there would, and notes when that
/// did not work or took long.
#[derive(Debug)]
pub struct Probe {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    unserved: Vec<Span>,
    failing_since: Option<Moment>,
    over: bool,
}

impl Probe {
    /// Through the address `host:port`; an answer that takes longer than `slow` is none.
    pub fn through(addr: &str, slow: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let api = Api::with_timeout(addr, slow);
        let path = format!("/v1/kv/probe/{addr}");
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.keep_trying(|| api.try_request("PUT", &path, ""), slow)
        });
        Self { shared, thread: Some(thread) }
    }

    /// When Consul did not serve it, so far.
    pub fn unserved(&self) -> Vec<Span> {
        let state = self.shared.state();
        let still = state.failing_since.map(|from| Span { from, until: Moment::NEVER });
        state.unserved.iter().copied().chain(still).collect()
    }
}

impl Shared {
    fn keep_trying(&self, attempt: impl Fn() -> Result<Answer, String>, slow: Duration) {
        let mut before = Moment::now();
        let mut state = self.state();
        while !state.over {
            drop(state);
            let asked = Moment::now();
            let served = attempt().is_ok_and(|answer| answer.status == 200);
            let answered = Moment::now();
            state = self.state();
            if served && answered - asked <= slow {
                if let Some(from) = state.failing_since.take() {
                    state.unserved.push(Span { from, until: answered });
                }
            } else {
                // whatever it was may have begun as soon as the attempt before was over
                state.failing_since.get_or_insert(before);
            }
            before = answered;
            let waited = self.changed.wait_timeout_while(state, INTERVAL, |state| !state.over);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // its panic has been printed where it was raised
            let _ = thread.join();
        }
    }
}
