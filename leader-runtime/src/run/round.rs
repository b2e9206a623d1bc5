//! A schedule is due: on the leader its jobs run, elsewhere what stands in for them does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leader_core::election::KeyId;
use leader_core::{Due, Overlap, Schedule};
use tracing::{debug, error};

use super::attempt::caught;
use super::firing::{Firing, Occasion};
use super::job::Job;
use super::roster::Roster;
use super::{Runs, admit, dispatch, take_turns};
use crate::clock;
use crate::engine::Tick;
use crate::job::{Attempt, Context, Fence, Spare, Stopper};
use crate::lock::Guard;

/// Jobs that are due together on one key, and are begun in one way.
#[derive(Debug)]
pub(super) struct Round {
    /// By their places.
    jobs: Arc<[usize]>,
    way: Way,
    /// Whether anything stands in for any of them.
    has_standby: bool,
}

/// As many are taken up while the rest is still being told.
const AT_ONCE: usize = 256;

/// How a job is begun that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Its turn comes, and then it runs where its slot is free: it needs no look at it before.
    InTurn,
    /// It has more to wait for.
    ByItself,
    /// Its own runs say when it is due.
    Never,
}

impl Way {
    fn of(job: &Job) -> Self {
        let policies = job.policies();
        match (job.schedule(), policies.overlap) {
            (Schedule::After(_) | Schedule::WhileLeading, _) => Self::Never,
            (_, Overlap::Skip | Overlap::Allow)
                if policies.jitter.is_zero() && job.book.is_none() =>
            {
                Self::InTurn
            }
            _ => Self::ByItself,
        }
    }
}

/// The rounds of each schedule, by what its engine calls it; those of all are numbered in a row.
pub(super) type Rounds = Vec<Range<usize>>;

/// Jobs that are due together, in rounds.
pub(super) fn rounds(roster: Roster, jobs: &[Job]) -> (Rounds, Vec<Round>) {
    let mut all = Vec::new();
    let of_schedule = |places: Vec<usize>| {
        let mut alike: BTreeMap<(KeyId, Way), Vec<usize>> = BTreeMap::new();
        for place in places {
            let job = &jobs[place];
            alike.entry((job.gate().key(), Way::of(job))).or_default().push(place);
        }
        let begin = all.len();
        all.extend(alike.into_iter().map(|((_, way), places)| {
            let has_standby = places.iter().any(|&place| jobs[place].entry.standby.is_some());
            Round { jobs: places.into(), way, has_standby }
        }));
        begin..all.len()
    };
    (roster.jobs().map(of_schedule).collect(), all)
}

impl Runs {
    /// Schedules are due.
    pub(crate) fn fire_all(&mut self, ticks: impl IntoIterator<Item = Tick>) {
        let mut begun = 0;
        for tick in ticks {
            for round in self.rounds[tick.place].clone() {
                begun += self.fire(round, tick);
                if begun >= AT_ONCE {
                    dispatch::work_off(std::mem::take(&mut begun), &self.shared);
                }
            }
        }
        dispatch::work_off(begun, &self.shared);
    }

    /// How many jobs of this round now wait for their turn.
    fn fire(&self, place: usize, tick: Tick) -> usize {
        let round = &self.shared.rounds[place];
        let jobs = || round.jobs.iter().map(|&place| (place, &self.shared.jobs[place]));
        // they are on one key, and by one clock
        let Some((_, first)) = jobs().next() else { return 0 };
        let due = first.due(tick.due);
        let Some(guard) = first.gate().enter() else {
            if round.has_standby && tick.too_late.is_none() {
                jobs().for_each(|(place, _)| self.stand_by(place, due));
            }
            return 0;
        };
        let firing = Firing::new(due, guard, Occasion::Due);
        match (round.way, tick.too_late) {
            (Way::Never, _) => {}
            (Way::InTurn, None) => {
                self.shared.queue.put(place, &round.jobs, firing, &self.shared);
                return round.jobs.len();
            }
            (Way::ByItself, None) => {
                jobs().for_each(|(place, job)| self.launch(place, job, firing.clone()));
            }
            (Way::InTurn | Way::ByItself, Some(late)) => {
                for (place, job) in jobs() {
                    // the record says what becomes of it
                    if job.book.is_some() {
                        self.begin(place, firing.on(Occasion::Look));
                    } else {
                        self.shared.tell_too_late(job, &firing, late);
                    }
                }
            }
        }
        0
    }

    /// Runs a job now, or in a random part of its jitter.
    fn launch(&self, place: usize, job: &Job, firing: Firing) {
        let jitter = job.policies().jitter;
        if jitter.is_zero() {
            self.begin(place, firing);
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            linger(&firing.guard, jitter.mul_f64(fastrand::f64())).await;
            let job = &shared.jobs[place];
            if let Ok(firing) = admit(job, &shared, firing) {
                take_turns(job, &shared, &firing, &mut Spare::default()).await;
            }
        });
    }

    fn stand_by(&self, place: usize, due: Due) {
        let job = &self.shared.jobs[place];
        let Some(standby) = job.entry.standby else { return };
        if job.stands_in.swap(true, Ordering::AcqRel) {
            debug!(job = %job.name, "the standby before still goes on");
            return;
        }
        let stopper = Stopper::unheard();
        let attempt = Attempt::first(job.name.shared(), due, Fence::new(0));
        let context = Context::new(attempt, &stopper, &self.shared.supplies, None);
        // the start has seen that its parameters lack nothing
        let Some(call) = standby(&context) else { return };
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let job = &shared.jobs[place];
            if let Err(panic) = caught(call).await {
                error!(job = %job.name, panic, "the standby panicked");
            }
            job.stands_in.store(false, Ordering::Release);
        });
    }
}

/// Waits for so long; where the term ends, no longer, since no other node will run this.
async fn linger(guard: &Guard, wait: Duration) {
    let mut watch = guard.watch();
    let until = clock::now() + wait;
    while clock::now() < until && watch.holds() && !watch.is_draining() {
        watch.changed(until).await;
    }
}
