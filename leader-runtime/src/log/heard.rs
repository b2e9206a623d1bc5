//! What a test hears of the log.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

/// What is logged by this thread, from INFO on.
pub(crate) struct Log;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    pub(crate) fn listen() -> Self {
        // one for all threads: what a scoped one gets to see depends on what other tests have run
        static GLOBAL: Once = Once::new();
        GLOBAL.call_once(|| {
            let log =
                tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(|| Self);
            log.with_max_level(tracing::Level::INFO).init();
        });
        LOGGED.take();
        Self
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
