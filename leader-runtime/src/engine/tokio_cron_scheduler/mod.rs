//! The engine for a service that already runs a `JobScheduler` of tokio-cron-scheduler: each job is
//! also a job of that scheduler, in its list and in its notifications.
//!
//! The precise engine decides when a job is due. Then the scheduler is asked to start the job, over
//! the channel of its own ticker, and the start is the tick. The ticker itself never finds one of
//! these jobs due: it looks each half second, knows only whole seconds, loses jobs that are due
//! together beyond the size of its channel, and fires after its own shutdown.
//!
//! The number of starts under way fits its smallest usual channel. A start that it does not carry
//! out within a second is carried out here: no tick is lost.

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
use crate::unwind::shielded;

/// The user's own scheduler.
#[derive(Clone)]
pub(crate) struct Scheduler(pub(crate) JobScheduler);

/// Due instants, on their way through the scheduler.
pub(crate) struct TokioCronScheduler {
    precise: Precise,
    ids: Vec<JobId>,
    context: Arc<Context>,
    /// Ticks that are due and not yet sent to the scheduler.
    waiting: VecDeque<Tick>,
    /// Ticks that were sent to it and not yet started, each with its deadline.
    under_way: VecDeque<(Instant, Tick)>,
    started: mpsc::UnboundedReceiver<usize>,
    /// The next due instant of a job, for the scheduler's list, which is kept until this is dropped.
    list: mpsc::UnboundedSender<(usize, Option<SystemTime>)>,
}

/// Maximum number of starts under way; the scheduler's channels usually have 200 places.
const MAX_UNDER_WAY: usize = 64;

/// Timeout of a start, after which it counts as lost.
const START_TIMEOUT: Duration = Duration::from_secs(1);

/// Timeout of a registration, after which an actor of the scheduler is taken to have died.
const REGISTRATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The schedule that the scheduler demands of a job; the due instants come from its list.
const PLACEHOLDER: &str = "0 0 0 1 1 *";

/// The due instant of a job that is never due, at the end of the year 9999: 0 would delete the job.
const NEVER: u64 = 253_402_300_799;

impl TokioCronScheduler {
    /// Registers jobs of these names, whose due instants come from the precise engine.
    ///
    /// # Errors
    ///
    /// Where the scheduler refuses a job, or does not take it within 5 s.
    pub(crate) async fn new(
        Scheduler(scheduler): Scheduler,
        names: &[String],
        precise: Precise,
    ) -> Result<Self, Error> {
        let (start, started) = mpsc::unbounded_channel();
        let mut ids = Vec::new();
        // one after the other: many at once can kill an actor of the scheduler
        for (number, name) in names.iter().enumerate() {
            let due = precise.next_of(number);
            let registered = register(&scheduler, name, due, number, start.clone());
            let answer = timeout(REGISTRATION_TIMEOUT, registered).await;
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
        // the notification needs no listener, and a lost start has a timeout
        let _ = self.context.notify_tx.send((id, JobNotification::Scheduled));
        let _ = self.context.job_activation_tx.send(id);
        self.under_way.push_back((Instant::now() + START_TIMEOUT, tick));
        self.list_next(tick);
    }

    fn list_next(&self, tick: Tick) {
        // the task that keeps the list outlives this
        let _ = self.list.send((tick.place, self.precise.next_of(tick.place)));
    }

    /// The tick of a job that the scheduler has started; `None` where another caller has asked for it.
    fn started_tick(&mut self, job: usize) -> Option<Tick> {
        let place = self.under_way.iter().position(|(_, tick)| tick.place == job);
        if place.is_none() {
            shielded(|| debug!(job, "JobScheduler start ignored: the job is not due"));
        }
        self.under_way.remove(place?).map(|(_, tick)| tick)
    }
}

impl Engine for TokioCronScheduler {
    async fn next(&mut self) -> Tick {
        loop {
            while self.under_way.len() < MAX_UNDER_WAY
                && let Some(tick) = self.waiting.pop_front()
            {
                self.start(tick);
            }
            let lost_at = self.under_way.front().map(|(until, _)| *until);
            tokio::select! {
                biased;
                Some(job) = self.started.recv() => {
                    if let Some(tick) = self.started_tick(job) {
                        return tick;
                    }
                }
                () = sleep_until(lost_at.unwrap_or_else(Instant::now)), if lost_at.is_some() => {
                    if let Some((_, tick)) = self.under_way.pop_front() {
                        shielded(|| {
                            warn!("JobScheduler start timed out after {START_TIMEOUT:?}: the job is started directly");
                        });
                        return tick;
                    }
                }
                tick = self.precise.next() => match tick.too_late {
                    // its jobs do not run: there is nothing to start
                    Some(_) => {
                        self.list_next(tick);
                        return tick;
                    }
                    None => self.waiting.push_back(tick),
                },
            }
        }
    }

    fn try_next(&mut self) -> Option<Tick> {
        while let Ok(job) = self.started.try_recv() {
            let tick = self.started_tick(job);
            if tick.is_some() {
                return tick;
            }
        }
        None
    }

    /// Bypasses the scheduler.
    fn pop_due(&mut self) -> Option<Tick> {
        let under_way = self.under_way.pop_front().map(|(_, tick)| tick);
        under_way.or_else(|| self.waiting.pop_front()).or_else(|| self.precise.pop_due())
    }
}

/// Adds a job that sends its number when the scheduler starts it.
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
    // the scheduler answers when the job is listed, and can start it only later
    let code = &scheduler.context().job_code;
    while code.write().await.get(id).await?.is_none() {
        sleep(Duration::from_millis(1)).await;
    }
    Ok(id)
}

/// The entry of a job in the list: its next due instant, and a last run one second after that, which
/// keeps the scheduler's own ticker from starting it.
fn listed(due: Option<SystemTime>) -> (u64, u64) {
    let seconds = due.and_then(|due| due.duration_since(UNIX_EPOCH).ok()).map(|due| due.as_secs());
    let next = seconds.unwrap_or(NEVER).clamp(1, NEVER);
    (next, next + 1)
}

/// Keeps the due instants in the list; at the end, removes the jobs from it.
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
            debug!(%fault, "JobScheduler list not updated");
        }
    }
    for id in ids {
        if let Err(fault) = scheduler.remove(&id).await {
            debug!(%fault, "JobScheduler job not removed");
        }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobScheduler")
    }
}
