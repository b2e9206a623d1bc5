//! The watcher: looks ten times a second at a process that was told to stop, logs its obstacles, and
//! ends it after all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use leader_core::span;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::logger;
use super::{CUT_OFF, Call, Calls, Drain, State};
use crate::sync::Mutex;
use crate::system::signal;

/// Time for the service's own code, after `run` has returned.
const AFTER_RUN: Duration = Duration::from_secs(30);

/// Time for blocking threads, after the service's Tokio runtime was shut down.
const AFTER_MAIN: Duration = Duration::from_secs(5);

/// Delay before an obstacle is logged.
const BEFORE_LOG: Duration = Duration::from_millis(500);

/// Time after which a `run` that has not begun its drain counts as blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(1);

/// Time for a lock manager to end, after its drain.
const SLACK: Duration = Duration::from_secs(5);

/// Interval of the looks.
const LOOK: Duration = Duration::from_millis(100);

/// A process that was told to stop, as the watcher sees it.
#[derive(Debug)]
pub(super) struct Watcher {
    signals: watch::Receiver<u32>,
    calls: Arc<Mutex<Calls>>,
    /// Time of the first signal.
    signalled: Instant,
    /// Time at which the second signal was seen.
    hurried: Option<Instant>,
    /// Time at which the service's Tokio runtime was seen to be shut down.
    down: Option<Instant>,
    logged: Logged,
}

/// Lines that are logged once.
#[derive(Debug, Default)]
struct Logged {
    drain: bool,
    run: bool,
    main: bool,
}

impl Watcher {
    /// Starts at the first signal.
    pub(super) fn new(signals: watch::Receiver<u32>, calls: Arc<Mutex<Calls>>) -> Self {
        let signalled = Instant::now();
        Self { signals, calls, signalled, hurried: None, down: None, logged: Logged::default() }
    }

    /// Watches until the process ends.
    pub(super) fn watch(mut self) -> ! {
        loop {
            thread::sleep(LOOK);
            self.look(Instant::now());
        }
    }

    fn look(&mut self, now: Instant) {
        let (calls, signalled) = (self.calls.lock().open.clone(), self.signalled);
        if *self.signals.borrow() > 1 {
            self.hurried.get_or_insert(now);
        }
        let mut over = Some(signalled);
        for call in &calls {
            let mut state = call.state();
            if self.hurried.is_some() {
                state.hurry();
            }
            if now >= signalled + BLOCKED_AFTER {
                state.drain();
            }
            // the last of them
            over = over.zip(state.over(signalled, now)).map(|(all, one)| all.max(one));
        }
        let Some(over) = over else {
            self.look_at_drain(&calls, now);
            return;
        };
        let tokio = self.calls.lock().tokio();
        if let Some(tokio) = tokio
            && self.down.is_none()
            && calls.iter().all(|call| call.state().has_returned)
            && is_shut_down(&tokio)
        {
            self.down = Some(now);
        }
        self.look_at_end(&calls, over, now);
    }

    /// Logs the runs that have outlasted the drain.
    fn look_at_drain(&mut self, calls: &[Arc<Call>], now: Instant) {
        let latest = |of: fn(&Drain) -> Instant| {
            calls.iter().filter_map(|call| call.state().drain.as_ref().map(of)).max()
        };
        let drained = latest(|drain| drain.since + drain.longest);
        let Some(drained) = self.hurried.or(drained) else { return };
        if now < drained + BEFORE_LOG || std::mem::replace(&mut self.logged.drain, true) {
            return;
        }
        let what = list(calls.iter().flat_map(|call| call.state().goes_on()))
            .unwrap_or_else(|| "the lock service, which does not answer".into());
        let left = latest(|drain| drain.since + drain.within);
        let left = whole(left.unwrap_or(now).saturating_duration_since(now));
        logger::warn(format!(
            "drain exceeded: still busy: {what}; given up in at most {left}, without releasing the \
             key; a third signal ends the process at once"
        ));
    }

    /// Logs why the process does not end, and ends it after all.
    fn look_at_end(&mut self, calls: &[Arc<Call>], over: Instant, now: Instant) {
        let goes_on = list(calls.iter().flat_map(|call| call.state().goes_on()));
        let end = (over + AFTER_RUN).min(self.down.map_or(now + AFTER_RUN, |it| it + AFTER_MAIN));
        let left = whole(end.saturating_duration_since(now));
        let has_returned = calls.iter().all(|call| call.state().has_returned);
        if self.down.is_some_and(|down| now >= down + BEFORE_LOG) {
            if !std::mem::replace(&mut self.logged.main, true) {
                let what = goes_on.clone().unwrap_or_else(|| {
                    "no run: `spawn_blocking`, `tokio::io::stdin()` or `tokio::fs` of the service's \
                     own"
                        .into()
                });
                logger::warn(format!(
                    "Tokio runtime shut down, waiting for a blocking thread of {what}; exiting in \
                     {left}; `Run::block` and a `Stop` make blocking work end in time"
                ));
            }
        } else if self.down.is_none()
            && now >= over + BEFORE_LOG
            && !std::mem::replace(&mut self.logged.run, true)
        {
            match goes_on.clone() {
                Some(what) if has_returned => logger::warn(format!(
                    "`Runtime::run` returned, still busy: {what}; exiting in {left}"
                )),
                Some(what) => logger::warn(format!(
                    "`Runtime::run` cannot return, its thread is blocked by {what}; exiting in \
                     {left}"
                )),
                None if has_returned => logger::info(format!(
                    "`Runtime::run` returned, waiting for the service's own code; exiting in {left}"
                )),
                None => logger::warn(format!(
                    "`Runtime::run` cannot return, its thread is blocked by the service's own \
                     code; exiting in {left}"
                )),
            }
        }
        if now >= end {
            let is_cut_off = self.down.is_none() || goes_on.is_some();
            logger::last(format!(
                "exiting, the process did not end in time: still busy: {}",
                goes_on.unwrap_or_else(|| match self.down {
                    Some(_) => "a blocking thread of no run".into(),
                    None => "the service's own code".into(),
                })
            ));
            let code = self.calls.lock().exit_code();
            signal::exit(if is_cut_off { CUT_OFF } else { code });
        }
    }
}

impl State {
    fn hurry(&mut self) {
        let Some(held) = self.held.as_ref().filter(|_| !self.is_hurried) else { return };
        if let Some(manager) = held.manager.upgrade() {
            manager.hurry();
        }
        self.is_hurried = true;
    }

    /// Begins the drain in place of a blocked `run`.
    fn drain(&mut self) {
        if self.drain.is_none() && !self.has_returned {
            self.drain = self.held.as_ref().map(super::Held::drain);
        }
    }

    /// The time at which nothing was left to release; `None` while something is.
    fn over(&mut self, signalled: Instant, now: Instant) -> Option<Instant> {
        if self.over.is_none() {
            let Some(held) = &self.held else { return Some(signalled) };
            let has_ended = held.manager.upgrade().is_none_or(|manager| manager.has_ended());
            let by = self.drain.as_ref().map(|drain| drain.since + drain.within + SLACK);
            self.over = (has_ended || by.is_some_and(|by| now >= by)).then_some(now);
        }
        self.over
    }

    /// The jobs with a run in progress, in words; or the keys with other work in progress.
    fn goes_on(&self) -> Vec<String> {
        let runs = self.held.as_ref().map(|held| held.runs.under_way()).unwrap_or_default();
        if !runs.is_empty() {
            return runs;
        }
        let gates = self.drain.iter().flat_map(|drain| &drain.gates);
        let busy = gates.filter(|(_, gate)| gate.has_work());
        busy.map(|(key, _)| format!("work under the key `{key}`")).collect()
    }
}

/// Whether the runtime's owner has dropped it: then it takes no blocking work, and drops the closure.
fn is_shut_down(tokio: &Handle) -> bool {
    let (taken, is_taken) = mpsc::channel::<()>();
    // panics if the machine gives no thread: then it is unknown
    let ask = || drop(tokio.spawn_blocking(move || taken.send(())));
    catch_unwind(AssertUnwindSafe(ask)).is_ok()
        && is_taken.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected)
}

fn list(all: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<_> = all.collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Prints whole seconds.
fn whole(span: Duration) -> String {
    span::print(Duration::from_secs(span.as_secs_f64().round() as u64))
}
