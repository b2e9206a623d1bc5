//! The promises of each policy, in virtual time: a test decides who leads and which jobs are due.

mod after;
mod around;
mod dispatch;
mod drain;
mod events;
mod faults;
mod jitter;
pub(super) mod memory_store;
#[cfg(feature = "metrics")]
mod meters;
#[cfg(feature = "metrics")]
mod missed;
mod on_elected;
mod on_loss;
mod overlap;
mod panics;
mod plain_fn;
mod record;
mod retries;
mod step_down_after;
mod tasks;
mod timeout;
mod while_leading;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{Lease, Timing};

use self::memory_store::MemoryStore;
use super::{Events, RecordAccess, Runs, ScheduleTable, Surroundings};
use crate::engine::Tick;
use crate::job::{Data, Hook, Jobs, Run, Supplies, Values};
use crate::leadership::Stage;
use crate::registry::{Registration, register};
use crate::settings::Overrides;
use crate::system::clock;

/// One process with its jobs, which are on one key.
struct Scene {
    stage: Stage,
    runs: Runs,
    events: Arc<Events>,
    notes: Notes,
    memory: Arc<MemoryStore>,
}

/// The notes of jobs, each with its second.
#[derive(Clone)]
struct Notes {
    began: Timestamp,
    lines: Arc<Mutex<Vec<String>>>,
}

/// Work that adds a note when it is dropped: its end, or that it was cut off.
struct Work<'a> {
    notes: &'a Notes,
    number: u64,
    has_ended: bool,
}

impl Scene {
    /// A process that leads, at a lease of 6 s.
    fn led(jobs: &Jobs) -> Self {
        let mut scene = Self::standing_by(jobs);
        scene.stage.lead();
        scene
    }

    fn standing_by(jobs: &Jobs) -> Self {
        let notes = Notes { began: clock::now(), lines: Arc::default() };
        Self::of(jobs, notes, Arc::default())
    }

    /// A process that leads, and whose jobs share one tick.
    fn led_together(jobs: &Jobs) -> Self {
        let notes = Notes { began: clock::now(), lines: Arc::default() };
        let mut scene = Self::scheduled_by(jobs, notes, Arc::default(), ScheduleTable::shared);
        scene.stage.lead();
        scene
    }

    /// Another process that stands by, after this one is gone.
    fn followed_by_another(self, jobs: &Jobs) -> Self {
        let Self { notes, memory, .. } = self;
        let latest = memory.state().fence;
        let mut scene = Self::of(jobs, notes, memory);
        // its terms come after the terms of this process
        for _ in 0..latest {
            scene.stage.lead();
            scene.stage.lose();
        }
        scene
    }

    fn of(jobs: &Jobs, notes: Notes, memory: Arc<MemoryStore>) -> Self {
        // each test makes the jobs due one by one
        Self::scheduled_by(jobs, notes, memory, ScheduleTable::one_each)
    }

    fn scheduled_by(
        jobs: &Jobs,
        notes: Notes,
        memory: Arc<MemoryStore>,
        table: fn(&[Registration]) -> ScheduleTable,
    ) -> Self {
        Self::with(jobs, notes, memory, table, Box::default())
    }

    /// A process that stands by, with these hooks around its jobs.
    fn hooked(jobs: &Jobs, hooks: Box<[Hook]>) -> Self {
        let notes = Notes { began: clock::now(), lines: Arc::default() };
        Self::with(jobs, notes, Arc::default(), ScheduleTable::one_each, hooks)
    }

    fn with(
        jobs: &Jobs,
        notes: Notes,
        memory: Arc<MemoryStore>,
        table: fn(&[Registration]) -> ScheduleTable,
        hooks: Box<[Hook]>,
    ) -> Self {
        let (stage, terms) = Stage::new();
        let mut data = Values::default();
        data.put(notes.clone());
        let supplies = Arc::new(Supplies { data: Arc::new(data), hooks, ..Supplies::default() });
        let jobs = register(jobs, "", &Overrides::default(), &supplies).expect("they are right");
        let table = table(&jobs);
        let claim = |_: &str| stage.manager.claim(Stage::KEY);
        let records = RecordAccess { store: Arc::clone(&memory) as _, node: "node".into() };
        let timing = Some(Timing::new(Lease::default()));
        let events = Arc::<Events>::default();
        let surroundings =
            Surroundings { terms, timing, supplies, records, events: Arc::clone(&events) };
        let runs = Runs::new(jobs, table, claim, surroundings);
        Self { stage, runs, events, notes, memory }
    }

    /// Makes the first job due.
    fn fire(&mut self) {
        self.fire_all(&[0]);
    }

    /// Makes these jobs due.
    fn fire_all(&mut self, jobs: &[usize]) {
        let due = clock::wall();
        self.runs.fire_all(jobs.iter().map(|&place| Tick { place, due, too_late: None }));
    }

    /// Lets seconds go by.
    async fn pass(&mut self, seconds: f64) {
        tokio::select! {
            biased;
            never = self.runs.tend() => match never {},
            () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => {}
        }
    }

    /// Makes the first job due each second, `times` times.
    async fn fire_each_second(&mut self, times: usize) {
        for _ in 0..times {
            self.fire();
            self.pass(1.0).await;
        }
    }

    /// Takes the notes.
    fn noted(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lines.lock().unwrap())
    }
}

impl Notes {
    fn add(&self, text: &str) {
        let second = clock::now().since(self.began).as_secs_f64();
        self.lines.lock().unwrap().push(format!("{second:.1} {text}"));
    }

    /// Works for `seconds`.
    async fn work(&self, run: &Run, seconds: impl Into<f64>) {
        let mut work = Work { notes: self, number: run.number(), has_ended: false };
        self.add(&format!("begins {}", run.number()));
        tokio::time::sleep(Duration::from_secs_f64(seconds.into())).await;
        work.has_ended = true;
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        let how = if self.has_ended { "ends" } else { "is dropped" };
        self.notes.add(&format!("{how} {}", self.number));
    }
}

/// The parameter of the jobs in these tests.
type Told = Data<Notes>;

/// Waits for another thread, while virtual time stands still.
async fn until<T>(mut done: impl FnMut() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(done) = done() {
            return done;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "not within 10 s");
        tokio::task::yield_now().await;
    }
}
