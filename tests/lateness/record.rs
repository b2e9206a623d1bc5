//! The notes of one contender's runs, without a lock: which runs began, and how late.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The runs of jobs that are each due at every full second, for up to 64 of them.
#[derive(Debug)]
pub(crate) struct Record {
    /// The first second that counts, since the epoch.
    from: u64,
    seconds: u64,
    /// A bit for each second in which the job ran.
    ran: Vec<AtomicU64>,
    /// Runs by their lateness in steps.
    late: Vec<AtomicU32>,
    twice: AtomicUsize,
}

/// How fine lateness is told.
const STEP: Duration = Duration::from_micros(10);

/// Maximum lateness that is told apart.
const LATEST: Duration = Duration::from_secs(1);

static RECORD: OnceLock<Record> = OnceLock::new();

impl Record {
    /// Counts from the full second after `start` on, for so many.
    pub(crate) fn begin(jobs: usize, start: SystemTime, seconds: u64) -> &'static Self {
        let from = since_epoch(start).as_secs() + 1;
        let steps = (LATEST.as_micros() / STEP.as_micros()) as usize + 1;
        let ran = (0..jobs).map(|_| AtomicU64::new(0)).collect();
        let late = (0..steps).map(|_| AtomicU32::new(0)).collect();
        RECORD.get_or_init(|| Self { from, seconds, ran, late, twice: AtomicUsize::new(0) })
    }

    /// The one of this process.
    pub(crate) fn of_process() -> &'static Self {
        RECORD.get().expect("it has begun")
    }

    /// When the last second that counts is over.
    pub(crate) fn end(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.from + self.seconds)
    }

    /// This job runs now, for the last full second: what a scheduler without due instants can say.
    pub(crate) fn runs(&self, job: usize) {
        let now = since_epoch(SystemTime::now());
        self.add(job, now.as_secs(), Duration::from_nanos(now.subsec_nanos().into()));
    }

    /// This job runs now, and was due then.
    pub(crate) fn runs_for(&self, job: usize, due: SystemTime) {
        let now = since_epoch(SystemTime::now());
        let due = since_epoch(due);
        self.add(job, due.as_secs(), now.saturating_sub(due));
    }

    fn add(&self, job: usize, second: u64, late: Duration) {
        let Some(bit) = second.checked_sub(self.from).filter(|bit| *bit < self.seconds) else {
            return;
        };
        let before = self.ran[job].fetch_or(1 << bit, Ordering::Relaxed);
        if before & (1 << bit) != 0 {
            self.twice.fetch_add(1, Ordering::Relaxed);
        }
        let step = (late.min(LATEST).as_micros() / STEP.as_micros()) as usize;
        self.late[step].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self) -> usize {
        let ran: u32 = self.ran.iter().map(|ran| ran.load(Ordering::Relaxed).count_ones()).sum();
        self.ran.len() * self.seconds as usize - ran as usize
    }

    pub(crate) fn twice(&self) -> usize {
        self.twice.load(Ordering::Relaxed)
    }

    /// The lateness that this part of the runs do not exceed.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let late: Vec<u64> =
            self.late.iter().map(|late| late.load(Ordering::Relaxed).into()).collect();
        let rank = (part * late.iter().sum::<u64>() as f64).ceil() as u64;
        let mut runs = 0;
        let step = late.iter().position(|late| {
            runs += late;
            runs >= rank.max(1)
        });
        STEP * (step.map_or(late.len(), |step| step + 1) as u32)
    }
}

fn since_epoch(instant: SystemTime) -> Duration {
    instant.duration_since(UNIX_EPOCH).unwrap_or_default()
}
