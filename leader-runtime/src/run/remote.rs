//! Runs as the rest of the process sees them: which jobs there are, and one to run now.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use leader_core::{Schedule, nearest};
use tokio::sync::{mpsc, oneshot};

use super::firing::{Firing, Occasion};
use super::job::Job;
use super::{Begun, Runs, Shared};
use crate::clock;
use crate::error::{Error, Result};

/// A job, and when it is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobStatus {
    /// Its name.
    pub name: Arc<str>,
    /// The key that its leader leads, with the prefix of the settings.
    pub key: String,
    /// Its schedule, as it prints: `every 3s`, `cron 0 9 * * MON-FRI tz Europe/Oslo`.
    pub schedule: String,
    /// When it is due next, on whichever node leads then; `None` where no instant is known: one that
    /// goes by its own runs, or never again.
    pub next: Option<SystemTime>,
    /// Whether this node leads its key, now.
    pub is_leading: bool,
}

/// The other side of [`Runs`]. Holding it keeps nothing alive.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    runs: Weak<Shared>,
    triggers: mpsc::UnboundedSender<Trigger>,
}

/// A wish to run a job now.
#[derive(Debug)]
pub(super) struct Trigger {
    job: usize,
    answer: oneshot::Sender<Answer>,
}

/// What became of the wish.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It runs, or waits in the queue for that.
    Begun,
    /// A run goes on already.
    Busy,
    /// The key is not led here.
    NotLed {
        /// With the prefix of the settings.
        key: String,
    },
}

/// Which job is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    Name(&'a str),
    /// The job whose attribute stands there, by the name that it has there.
    Entry(&'static str, &'static Location<'static>),
}

impl Remote {
    pub(super) const fn new(runs: Weak<Shared>, triggers: mpsc::UnboundedSender<Trigger>) -> Self {
        Self { runs, triggers }
    }

    /// Every job that is enabled, in the order of the list.
    pub(crate) fn jobs(&self) -> Result<Vec<JobStatus>> {
        let now = clock::wall();
        let runs = self.runs.upgrade().ok_or_else(Error::closed)?;
        Ok(runs.jobs.iter().map(|job| job.status(now)).collect())
    }

    /// Says how long the runs that go on have taken.
    pub(crate) fn refresh_meters(&self) {
        let now = clock::now();
        let Some(runs) = self.runs.upgrade() else { return };
        if runs.tasks.len() > 0 || runs.is_busy.load(Ordering::Relaxed) {
            let shows = |job: &Job| job.meter().refresh(now);
            let shown = runs.jobs.iter().filter(|job| shows(job)).count();
            // once more when nothing goes on
            runs.is_busy.store(shown > 0, Ordering::Relaxed);
        }
    }

    /// Runs a job now, where its key is led here.
    pub(crate) async fn trigger(&self, wanted: Wanted<'_>) -> Result<Answer> {
        let job = {
            let runs = self.runs.upgrade().ok_or_else(Error::closed)?;
            find(&runs.jobs, wanted)?
        };
        let (answer, answered) = oneshot::channel();
        self.triggers.send(Trigger { job, answer }).map_err(|_| Error::closed())?;
        answered.await.map_err(|_| Error::closed())
    }
}

fn find(jobs: &[Job], wanted: Wanted<'_>) -> Result<usize> {
    let is_it = |job: &&Job| match wanted {
        Wanted::Name(name) => job.name.as_str() == name,
        Wanted::Entry(name, place) => job.entry.place == place && job.name.as_str().ends_with(name),
    };
    let found: Vec<_> = jobs.iter().filter(is_it).collect();
    let names = |jobs: &[&Job]| {
        jobs.iter().map(|job| format!("`{}`", job.name)).collect::<Vec<_>>().join(", ")
    };
    let (Wanted::Name(name) | Wanted::Entry(name, _)) = wanted;
    let fault = match found[..] {
        [job] if matches!(*job.schedule(), Schedule::WhileLeading) => {
            format!("the job `{name}` runs as long as its node leads, and cannot be triggered")
        }
        [job] => return Ok(job.place),
        [] => {
            let known = jobs.iter().map(|job| job.name.as_str());
            let meant = nearest(name, known).map(|meant| format!("; did you mean `{meant}`?"));
            let meant = meant.unwrap_or_else(|| "; list it in `jobs!`, and enable it".into());
            format!("no job of this runtime is called `{name}`{meant}")
        }
        _ => format!("the job `{name}` is listed more than once; name one of {}", names(&found)),
    };
    Err(Error::wrong(vec![fault]))
}

impl Job {
    fn status(&self, now: SystemTime) -> JobStatus {
        let schedule = self.schedule();
        JobStatus {
            name: self.name.clone().into(),
            key: self.key().to_string(),
            schedule: schedule.to_string(),
            next: match schedule {
                Schedule::Every(_) | Schedule::Cron(_) => schedule.next_after(now),
                _ => None,
            },
            is_leading: self.gate().is_leading(),
        }
    }
}

impl Runs {
    /// Does what somebody wished.
    pub(super) fn obey(&self, Trigger { job: place, answer }: Trigger) {
        let job = &self.shared.jobs[place];
        let said = match job.gate().enter() {
            Some(guard) => {
                let due = job.due(clock::wall());
                match self.begin(place, Firing::new(due, guard, Occasion::Asked)) {
                    Begun::Runs | Begun::Waits => Answer::Begun,
                    Begun::Skipped => Answer::Busy,
                }
            }
            None => Answer::NotLed { key: job.key().to_string() },
        };
        // whoever wished it may be gone
        let _ = answer.send(said);
    }
}
