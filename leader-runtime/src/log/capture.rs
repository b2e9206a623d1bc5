//! The log of a test.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The log lines of this thread, from INFO on.
pub(crate) struct Log;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    pub(crate) fn listen() -> Self {
        Self::print();
        LOGGED.take();
        Self
    }

    /// Prints the runtime's log from DEBUG on beside the test's own output, where the test fails.
    pub(crate) fn print() {
        // one subscriber for all threads: the events of a scoped one depend on earlier tests
        static GLOBAL: Once = Once::new();
        GLOBAL.call_once(|| {
            let kept = fmt::layer().with_ansi(false).without_time().with_writer(|| Self);
            let kept = kept.with_filter(LevelFilter::INFO);
            let printed = fmt::layer().with_ansi(false).without_time().with_test_writer();
            let printed =
                printed.with_filter(Targets::new().with_target("leader_runtime", Level::DEBUG));
            tracing_subscriber::registry().with(kept).with(printed).init();
        });
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        String::from_utf8(LOGGED.take()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
