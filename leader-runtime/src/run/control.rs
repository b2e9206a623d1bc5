//! Control of the runs from the rest of the process: the list of jobs, and triggers.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use leader_core::{Due, Schedule, nearest};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::firing::{Cause, Firing};
use super::job::Job;
use super::{Runs, Shared, StartResult};
use crate::error::{Error, Result};
use crate::system::clock;

/// A job and its next due instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JobStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Its key, with the prefix of the settings.
    pub key: String,
    /// Its schedule, as it prints: `every 3s`, `cron 0 9 * * MON-FRI tz Europe/Oslo`.
    pub schedule: String,
    /// Its next due instant, on the node that leads then; `None` for `after` and `while_leading`, and
    /// where it is never due again.
    pub next: Option<Due>,
    /// Whether this node leads its key now.
    pub is_leading: bool,
}

/// A weak handle to [`Runs`].
#[derive(Clone, Debug)]
pub(crate) struct Control {
    runs: Weak<Shared>,
    triggers: mpsc::UnboundedSender<Trigger>,
}

/// A request to run a job now.
#[derive(Debug)]
pub(super) struct Trigger {
    job: usize,
    answer: oneshot::Sender<TriggerResult>,
}

/// The result of a trigger.
#[derive(Debug)]
pub(crate) enum TriggerResult {
    /// The job runs, or waits for its slot.
    Started,
    /// A run is under way, and the job lets no other wait.
    Busy,
    /// Another node leads the key, or none.
    NotLed {
        /// With the prefix of the settings.
        key: String,
    },
}

/// A job as the caller names it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JobSelector<'a> {
    Name(&'a str),
    /// The job whose attribute stands at this source location, with its name there.
    Entry(&'static str, &'static Location<'static>),
}

impl Control {
    pub(super) const fn new(runs: Weak<Shared>, triggers: mpsc::UnboundedSender<Trigger>) -> Self {
        Self { runs, triggers }
    }

    /// The enabled jobs, in the order of their list.
    pub(crate) fn jobs(&self) -> Result<Vec<JobStatus>> {
        let now = clock::wall();
        let runs = self.runs.upgrade().ok_or_else(Error::closed)?;
        Ok(runs.jobs.iter().map(|job| job.status(now)).collect())
    }

    /// Sets the gauges of how long the runs under way have taken.
    pub(crate) fn refresh_meters(&self) {
        let now = clock::now();
        let Some(runs) = self.runs.upgrade() else { return };
        if runs.tasks.len() > 0 || runs.is_busy.load(Ordering::Relaxed) {
            let shows = |job: &Job| job.meter().refresh(now);
            let shown = runs.jobs.iter().filter(|job| shows(job)).count();
            // once more after the last run has ended
            runs.is_busy.store(shown > 0, Ordering::Relaxed);
        }
    }

    /// Maximum time that the runs under way may take to end, once their keys are given up.
    pub(crate) fn longest_drain(&self) -> Duration {
        self.runs.upgrade().map(|runs| runs.longest_drain()).unwrap_or_default()
    }

    /// The jobs that have runs under way, each with the obstacle to its end where that is known.
    pub(crate) fn under_way(&self) -> Vec<String> {
        let now = clock::now();
        let Some(runs) = self.runs.upgrade() else { return Vec::new() };
        let describe = |job: &Job| {
            job.watchdog()
                .obstacle(job.slot.is_taken(), now)
                .map(|why| format!("`{}`{why}", job.name))
        };
        runs.jobs.iter().filter_map(describe).collect()
    }

    /// Runs a job now, where this process leads its key.
    pub(crate) async fn trigger(&self, selector: JobSelector<'_>) -> Result<TriggerResult> {
        let job = {
            let runs = self.runs.upgrade().ok_or_else(Error::closed)?;
            find(&runs.jobs, selector)?
        };
        let (answer, answered) = oneshot::channel();
        self.triggers.send(Trigger { job, answer }).map_err(|_| Error::closed())?;
        answered.await.map_err(|_| Error::closed())
    }
}

fn find(jobs: &[Job], selector: JobSelector<'_>) -> Result<usize> {
    let is_it = |job: &&Job| match selector {
        JobSelector::Name(name) => job.name.as_str() == name,
        JobSelector::Entry(name, place) => {
            job.entry.place == place && job.name.as_str().ends_with(name)
        }
    };
    let found: Vec<_> = jobs.iter().filter(is_it).collect();
    let names = |jobs: &[&Job]| {
        jobs.iter().map(|job| format!("`{}`", job.name)).collect::<Vec<_>>().join(", ")
    };
    let (JobSelector::Name(name) | JobSelector::Entry(name, _)) = selector;
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
                Schedule::Every(_) | Schedule::Cron(_) => {
                    schedule.next_after(now).map(|next| self.due(next))
                }
                _ => None,
            },
            is_leading: self.gate().is_leading(),
        }
    }
}

impl Runs {
    /// Starts the job of a trigger, and answers.
    pub(super) fn handle_trigger(&self, Trigger { job: place, answer }: Trigger) {
        let job = &self.shared.jobs[place];
        let result = match job.gate().enter() {
            Some(guard) => {
                let due = job.due(clock::wall());
                match self.start(place, Firing::new(due, guard, Cause::Manual)) {
                    StartResult::Runs | StartResult::Waits => TriggerResult::Started,
                    StartResult::Skipped => TriggerResult::Busy,
                }
            }
            None => TriggerResult::NotLed { key: job.key().to_string() },
        };
        // the caller may be gone
        let _ = answer.send(result);
    }
}
