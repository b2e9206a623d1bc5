//! The engine for a service that runs a `JobScheduler` of tokio-cron-scheduler already: each job is
//! one of its jobs, so that its listing and its notifications see it.
//!
//! When a job is due is decided by the precise engine. The scheduler is then told to start the job,
//! over the channel that its own ticker uses, and its start is the tick. The ticker itself never
//! finds one of these jobs due: it looks each half second, knows whole seconds alone, loses what is
//! due together beyond the size of its channel, and fires after its own shutdown.
//!
//! No more starts are under way than fit its smallest usual channel, and one that it does not
//! carry out in a second is made up for here: nothing is lost in it.

#[cfg(test)]
pub(super) mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::tokio_cron_scheduler::job::JobId;
use ::tokio_cron_scheduler::{Context, Job, JobNotification, JobScheduler, JobSchedulerError};
use chrono::DateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, warn};

use super::{Engine, Precise, Tick};
use crate::error::Error;

/// The user's own scheduler.
#[derive(Clone)]
pub(crate) struct Scheduler(pub(crate) JobScheduler);

/// Due instants, on their way through the scheduler.
pub(crate) struct TokioCronScheduler {
    precise: Precise,
    ids: Vec<JobId>,
    context: Arc<Context>,
    /// Due, and not yet told to the scheduler.
    waiting: VecDeque<Tick>,
    /// Told to it, and not yet started.
    under_way: VecDeque<(Instant, Tick)>,
    started: mpsc::UnboundedReceiver<usize>,
    /// Which job is due next, and when; the list is kept until this is dropped.
    list: mpsc::UnboundedSender<(usize, Option<SystemTime>)>,
}

/// Of its channels' 200 places, where they are of the usual size.
const MOST_UNDER_WAY: usize = 64;

/// A start that takes longer was lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// One that takes longer takes no jobs: an actor of it has died.
const LONGEST_REGISTRATION: Duration = Duration::from_secs(5);

/// What a scheduler wants for a job; what stands in its list says when it is due.
const PLACEHOLDER: &str = "0 0 0 1 1 *";

/// The list's word for never, which is the end of the year 9999: at 0 it would delete the job.
const NEVER: u64 = 253_402_300_799;

impl TokioCronScheduler {
    /// Registers jobs of these names, which are due as this engine says.
    ///
    /// # Errors
    ///
    /// Where the scheduler does not take a job, or not within 5 s.
    pub(crate) async fn new(
        Scheduler(scheduler): Scheduler,
        names: &[String],
        precise: Precise,
    ) -> Result<Self, Error> {
        let (start, started) = mpsc::unbounded_channel();
        let mut ids = Vec::new();
        // one after the other: many at once can kill an actor of it
        for (number, name) in names.iter().enumerate() {
            let due = precise.next_of(number);
            let registered = register(&scheduler, name, due, number, start.clone());
            let answer = timeout(LONGEST_REGISTRATION, registered).await;
            let answer = answer.unwrap_or(Err(JobSchedulerError::CantAdd));
            ids.push(answer.map_err(|cause| Error::scheduler(name, cause))?);
        }
        let context = scheduler.context();
        let (list, changes) = mpsc::unbounded_channel();
        tokio::spawn(keep_list(scheduler, ids.clone(), changes));
        let (waiting, under_way) = (VecDeque::new(), VecDeque::new());
        Ok(Self { precise, ids, context, waiting, under_way, started, list })
    }

    fn start(&mut self, tick: Tick) {
        let id = self.ids[tick.place];
        // nobody need listen to the one, and the other is waited for
        let _ = self.context.notify_tx.send((id, JobNotification::Scheduled));
        let _ = self.context.job_activation_tx.send(id);
        self.under_way.push_back((Instant::now() + PATIENCE, tick));
        self.note(tick);
    }

    fn note(&self, tick: Tick) {
        // whoever keeps the list outlives this
        let _ = self.list.send((tick.place, self.precise.next_of(tick.place)));
    }

    /// The scheduler started this job; `None` where that was another's doing.
    fn taken_up(&mut self, job: usize) -> Option<Tick> {
        let place = self.under_way.iter().position(|(_, tick)| tick.place == job);
        if place.is_none() {
            debug!(job, "a start that is not due is left out");
        }
        self.under_way.remove(place?).map(|(_, tick)| tick)
    }
}

impl Engine for TokioCronScheduler {
    async fn next(&mut self) -> Tick {
        loop {
            while self.under_way.len() < MOST_UNDER_WAY
                && let Some(tick) = self.waiting.pop_front()
            {
                self.start(tick);
            }
            let lost_at = self.under_way.front().map(|(until, _)| *until);
            tokio::select! {
                biased;
                Some(job) = self.started.recv() => {
                    if let Some(tick) = self.taken_up(job) {
                        return tick;
                    }
                }
                () = sleep_until(lost_at.unwrap_or_else(Instant::now)), if lost_at.is_some() => {
                    if let Some((_, tick)) = self.under_way.pop_front() {
                        warn!("the JobScheduler did not start a job in {PATIENCE:?}: it runs now");
                        return tick;
                    }
                }
                tick = self.precise.next() => match tick.too_late {
                    // it is not run: there is nothing to start
                    Some(_) => {
                        self.note(tick);
                        return tick;
                    }
                    None => self.waiting.push_back(tick),
                },
            }
        }
    }

    fn try_next(&mut self) -> Option<Tick> {
        while let Ok(job) = self.started.try_recv() {
            let tick = self.taken_up(job);
            if tick.is_some() {
                return tick;
            }
        }
        None
    }

    /// No longer through the scheduler.
    fn last(&mut self) -> Option<Tick> {
        let under_way = self.under_way.pop_front().map(|(_, tick)| tick);
        under_way.or_else(|| self.waiting.pop_front()).or_else(|| self.precise.last())
    }
}

/// Adds a job that tells its number when the scheduler starts it.
async fn register(
    scheduler: &JobScheduler,
    name: &str,
    due: Option<SystemTime>,
    number: usize,
    start: mpsc::UnboundedSender<usize>,
) -> Result<JobId, JobSchedulerError> {
    let mut job = Job::new_async(PLACEHOLDER, move |_, _| {
        // the engine may have gone before its jobs
        let _ = start.send(number);
        Box::pin(ready(()))
    })?;
    let mut data = job.job_data()?;
    let (next, last) = listed(due);
    (data.next_tick, data.last_tick) = (next, Some(last));
    data.extra = name.into();
    job.set_job_data(data)?;
    let id = scheduler.add(job).await?;
    // it answers when it has listed the job, which is before it can start it
    let code = &scheduler.context().job_code;
    while code.write().await.get(id).await?.is_none() {
        sleep(Duration::from_millis(1)).await;
    }
    Ok(id)
}

/// What the list says of a job: when it is due next, and that it ran a second after that, since
/// then the scheduler's own ticker does not start it.
fn listed(due: Option<SystemTime>) -> (u64, u64) {
    let seconds = due.and_then(|due| due.duration_since(UNIX_EPOCH).ok()).map(|due| due.as_secs());
    let next = seconds.unwrap_or(NEVER).clamp(1, NEVER);
    (next, next + 1)
}

/// Writes down when jobs are due next; at the end, takes them off the list.
async fn keep_list(
    scheduler: JobScheduler,
    ids: Vec<JobId>,
    mut changes: mpsc::UnboundedReceiver<(usize, Option<SystemTime>)>,
) {
    let context = scheduler.context();
    while let Some((job, due)) = changes.recv().await {
        let (next, last) = listed(due);
        let [next, last] = [next, last].map(|at| DateTime::from_timestamp(at.cast_signed(), 0));
        let mut storage = context.metadata_storage.write().await;
        if let Err(fault) = storage.set_next_and_last_tick(ids[job], next, last).await {
            debug!(%fault, "the JobScheduler does not list when a job is due");
        }
    }
    for id in ids {
        if let Err(fault) = scheduler.remove(&id).await {
            debug!(%fault, "the JobScheduler keeps a job that has ended");
        }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobScheduler")
    }
}
