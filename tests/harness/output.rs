//! The lines of one pipe, each with the moment at which it arrived.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// One line that a process printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line, without its end.
    pub text: String,
    /// When it arrived here.
    pub at: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Output {
    record: Mutex<Record>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Record {
    lines: Vec<Line>,
    ended: bool,
}

impl Output {
    /// Reads `pipe` to its end, on a thread.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let output = Arc::new(Self::default());
        let record = Arc::clone(&output);
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut bytes = Vec::new();
            // a pipe that fails has ended
            while pipe.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let at = Instant::now();
                let text =
                    String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
                record.lock().lines.push(Line { text, at });
                record.news.notify_all();
                bytes.clear();
            }
            record.lock().ended = true;
            record.news.notify_all();
        });
        output
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lock().lines.clone()
    }

    /// The first line after `since` that is `wanted`; nothing when none came within `within`, or
    /// none can come any more.
    pub(crate) fn wait(
        &self,
        since: Option<Instant>,
        within: Duration,
        mut wanted: impl FnMut(&Line) -> bool,
    ) -> Option<Line> {
        let deadline = Instant::now() + within;
        let mut looked_at = 0;
        let mut record = self.lock();
        loop {
            let fresh = &record.lines[looked_at..];
            let found = fresh.iter().find(|l| since.is_none_or(|since| l.at > since) && wanted(l));
            if found.is_some() {
                return found.cloned();
            }
            looked_at = record.lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if record.ended || left.is_zero() {
                return None;
            }
            record = self.news.wait_timeout(record, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the last line is in.
    pub(crate) fn wait_end(&self, within: Duration) {
        self.wait(None, within, |_| false);
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
