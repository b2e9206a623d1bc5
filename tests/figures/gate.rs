//! The cost of the question whether this process leads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use leader_runtime::{LockManager, Settings};
use tests::wait_until;

use crate::Length;
use crate::report::Report;

const REACH: Duration = Duration::from_nanos(50);

/// The best of several rounds: what is slower was the machine's doing.
pub(crate) fn play(length: Length, report: &mut Report) {
    let (rounds, asked) = if length == Length::Full { (20, 1_000_000) } else { (2, 1_000) };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let locks = LockManager::new(&Settings::new().local(dir.path())).expect("local locks");
    let lock = locks.lock("gate").expect("a key");
    wait_until("it leads", Duration::from_secs(10), || lock.is_leading());
    let best = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..asked {
                assert!(black_box(&lock).is_leading());
            }
            began.elapsed() / asked
        })
        .min()
        .unwrap_or_default();
    report.add("is it held?".into(), format!("{REACH:?}"), format!("{best:?}"), best <= REACH);
}
