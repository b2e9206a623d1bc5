//! Graceful shutdown of a process after a signal, in bounded time even if something blocks.
//!
//! A thread counts the signals from the first [`Runtime::run`](crate::Runtime::run) on, for the rest
//! of the process, and waits for nothing else. The first signal starts another thread, the watcher. A
//! blocked job can keep `run` from being polled, and a blocking thread can keep `#[tokio::main]` from
//! its end after `run` has returned; neither can hold up these two threads.
//!
//! ```text
//! signal 1 ──▶ run: drain, release ──▶ run returns ──▶ main returns ──▶ the process ends
//!          1 s without run ──▶ the watcher itself begins the drain
//! signal 2 ──▶ the watcher cancels the runs   AFTER_RUN       AFTER_MAIN
//! signal 3 ──▶ the process exits ◀────────────────┴────────────────┘
//! ```

mod logger;
mod watch;

use std::sync::{Arc, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch as channel;

use self::watch::Watcher;
use crate::error::{Error, Result};
use crate::leadership::{Gate, SessionManager};
use crate::run::Control;
use crate::sync::Mutex;
use crate::system::signal::{self, Signals};
use crate::system::systemd::Notifier;

/// The shutdown of one call of `run`. The call has returned when this is dropped.
#[derive(Debug)]
pub(crate) struct Shutdown(Arc<Call>);

/// One call of `run`, as the watcher sees it.
#[derive(Debug)]
struct Call {
    /// The service's runtime.
    tokio: Handle,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The keys and runs of the call, once it has started.
    held: Option<Held>,
    /// The drain, once it has begun.
    drain: Option<Drain>,
    is_hurried: bool,
    /// Time at which nothing was left to release: `run` returned, or the lock manager ended.
    over: Option<Instant>,
    has_returned: bool,
    /// Whether the call returned an error.
    has_failed: bool,
}

/// The calls of `run` in this process.
#[derive(Debug, Default)]
struct Calls {
    /// Calls in progress, and calls that returned after the first signal.
    open: Vec<Arc<Call>>,
    /// The last call that returned before the first signal.
    last: Option<Arc<Call>>,
}

/// Everything that a runtime releases at its end.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) manager: Weak<SessionManager>,
    pub(crate) runs: Control,
    pub(crate) notifier: Option<Arc<Notifier>>,
}

/// A drain in progress.
#[derive(Debug)]
pub(crate) struct Drain {
    since: Instant,
    /// Time for runs in progress to end.
    pub(crate) longest: Duration,
    /// Time after which the drain is over in any case.
    within: Duration,
    /// All keys, led or not: work under a key can outlast everything else.
    gates: Vec<(String, Gate)>,
}

/// The exit code after the third signal, or if something was cut off.
const CUT_OFF: u8 = 130;

/// The signals of this process, for all runtimes in it.
static PROCESS: Mutex<Option<Process>> = Mutex::new(None);

#[derive(Debug)]
struct Process {
    /// Number of signals so far.
    signals: channel::Receiver<u32>,
    calls: Arc<Mutex<Calls>>,
}

impl Shutdown {
    /// Takes over the signals: from now on they end the process only as this module says.
    pub(crate) fn listen() -> Result<Self> {
        let mut process = PROCESS.lock();
        let process = match &mut *process {
            Some(process) => process,
            none => none.insert(Process::start()?),
        };
        let call = Arc::new(Call { tokio: Handle::current(), state: Mutex::default() });
        process.calls.lock().open.push(Arc::clone(&call));
        Ok(Self(call))
    }

    /// Waits until the first signal; returns at once after it. Cancel safe.
    pub(crate) fn signalled(&self) -> impl Future<Output = ()> + Send + use<> {
        let signals = PROCESS.lock().as_ref().map(|process| process.signals.clone());
        async move {
            if let Some(mut signals) = signals
                && signals.wait_for(|signals| *signals > 0).await.is_ok()
            {
                return;
            }
            // no signal can come any more
            std::future::pending().await
        }
    }

    /// Sets the keys and runs of the call, which has started.
    pub(crate) fn set_held(&self, held: Held) {
        self.0.state().held = Some(held);
    }

    /// Sets the drain that the call has begun.
    pub(crate) fn set_drain(&self, drain: Drain) {
        self.0.state().drain.get_or_insert(drain);
    }

    /// Notes that the call returns an error.
    pub(crate) fn set_failed(&self) {
        self.0.state().has_failed = true;
    }
}

impl Drop for Shutdown {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.has_returned = true;
        state.over.get_or_insert_with(Instant::now);
        drop(state);
        let process = PROCESS.lock();
        let Some(process) = &*process else { return };
        // there is nothing to wait for in a call that returned before the first signal, except for
        // the blocking threads of its Tokio runtime
        if *process.signals.borrow() == 0 {
            self.0.state().held = None;
            let mut calls = process.calls.lock();
            calls.open.retain(|call| !Arc::ptr_eq(call, &self.0));
            calls.last = Some(Arc::clone(&self.0));
        }
    }
}

impl Calls {
    /// The calls that matter for the end of the process.
    fn latest(&self) -> &[Arc<Call>] {
        if self.open.is_empty() { self.last.as_slice() } else { &self.open }
    }

    /// The Tokio runtime of the latest call.
    fn tokio(&self) -> Option<Handle> {
        self.latest().last().map(|call| call.tokio.clone())
    }

    /// The exit code of a process that is ended after its `main`.
    fn exit_code(&self) -> u8 {
        self.latest().iter().any(|call| call.state().has_failed).into()
    }
}

impl Held {
    /// Begins the drain: no run begins, and runs in progress have their `drain` to end.
    pub(crate) fn drain(&self) -> Drain {
        let longest = self.runs.longest_drain();
        let shut_down =
            |manager: Arc<SessionManager>| (manager.shut_down(longest), manager.gates());
        let (within, gates) = self.manager.upgrade().map(shut_down).unwrap_or_default();
        if let Some(notifier) = &self.notifier {
            notifier.stopping(within);
        }
        Drain { since: Instant::now(), longest, within, gates }
    }
}

impl Call {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Process {
    fn start() -> Result<Self> {
        let (count, signals) = channel::channel(0);
        let calls = Arc::<Mutex<Calls>>::default();
        let received = Signals::listen().map_err(Error::signals)?;
        let (counted, watched) = (signals.clone(), Arc::clone(&calls));
        let watch = move || Watcher::new(counted.clone(), Arc::clone(&watched)).watch();
        let counter = thread::Builder::new().name("leader-signals".into());
        counter.spawn(move || count_signals(received, &count, watch)).map_err(Error::signals)?;
        Ok(Self { signals, calls })
    }
}

/// Counts the signals, until the third ends the process.
fn count_signals(
    mut signals: Signals,
    count: &channel::Sender<u32>,
    watch: impl Fn() + Clone + Send + 'static,
) {
    for number in 1.. {
        while !signals.next() {}
        if number > 2 {
            logger::last("third signal: exiting without releasing keys".into());
            signal::exit(CUT_OFF);
        }
        count.send_replace(number);
        if number == 1 {
            let watcher = thread::Builder::new().name("leader-watcher".into());
            // if the machine gives no thread, two more signals still end the process
            drop(watcher.spawn(watch.clone()));
        }
    }
}
