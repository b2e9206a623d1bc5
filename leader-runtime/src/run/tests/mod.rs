//! What each policy promises, in virtual time: a test says who leads and what is due.

mod after;
pub(super) mod archive;
mod dispatch;
mod drain;
mod events;
mod faults;
mod jitter;
#[cfg(feature = "metrics")]
mod meters;
mod on_elected;
mod on_loss;
mod overlap;
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

use self::archive::Memory;
use super::{Archive, Events, Roster, Runs};
use crate::clock;
use crate::engine::Tick;
use crate::job::{Data, Jobs, Registration, Run, Supplies, Values, register};
use crate::lock::Stage;
use crate::settings::Overrides;

/// One process with its jobs, which are on one key.
struct Scene {
    stage: Stage,
    runs: Runs,
    events: Arc<Events>,
    notes: Notes,
    memory: Arc<Memory>,
}

/// What jobs have written down, each with the second in which it was.
#[derive(Clone)]
struct Notes {
    began: Timestamp,
    lines: Arc<Mutex<Vec<String>>>,
}

/// Notes that it was dropped, unless it has ended.
struct Work<'a> {
    notes: &'a Notes,
    number: u64,
    has_ended: bool,
}

impl Scene {
    /// The process leads, at a lease of 6 s.
    fn led(jobs: &Jobs) -> Self {
        let mut scene = Self::standing_by(jobs);
        scene.stage.lead();
        scene
    }

    fn standing_by(jobs: &Jobs) -> Self {
        let notes = Notes { began: clock::now(), lines: Arc::default() };
        Self::of(jobs, notes, Arc::default())
    }

    /// The process leads, and its jobs are due together: the tick of the first is that of all.
    fn led_together(jobs: &Jobs) -> Self {
        let notes = Notes { began: clock::now(), lines: Arc::default() };
        let mut scene = Self::rostered(jobs, notes, Arc::default(), Roster::together);
        scene.stage.lead();
        scene
    }

    /// The process is gone, and another one stands by.
    fn followed_by_another(self, jobs: &Jobs) -> Self {
        let Self { notes, memory, .. } = self;
        let latest = memory.state().fence;
        let mut scene = Self::of(jobs, notes, memory);
        // its terms come after those of the other
        for _ in 0..latest {
            scene.stage.lead();
            scene.stage.lose();
        }
        scene
    }

    fn of(jobs: &Jobs, notes: Notes, memory: Arc<Memory>) -> Self {
        // each test says which of them are due
        Self::rostered(jobs, notes, memory, Roster::apart)
    }

    fn rostered(
        jobs: &Jobs,
        notes: Notes,
        memory: Arc<Memory>,
        roster: fn(&[Registration]) -> Roster,
    ) -> Self {
        let (stage, terms) = Stage::new();
        let mut data = Values::default();
        data.put(notes.clone());
        let supplies =
            Arc::new(Supplies { data: Arc::new(data), store: None, key_prefix: "".into() });
        let jobs = register(jobs, "", &Overrides::default(), &supplies).expect("they are right");
        let roster = roster(&jobs);
        let claim = |_: &str| stage.manager.claim(Stage::KEY);
        let archive = Archive { records: Arc::clone(&memory) as _, node: "node".into() };
        let terms = (terms, Some(Timing::new(Lease::default())));
        let events = Arc::<Events>::default();
        let runs = Runs::new(jobs, roster, claim, supplies, terms, &archive, Arc::clone(&events));
        Self { stage, runs, events, notes, memory }
    }

    /// The first job is due.
    fn fire(&mut self) {
        self.fire_all(&[0]);
    }

    /// These jobs are due.
    fn fire_all(&mut self, jobs: &[usize]) {
        let due = clock::wall();
        self.runs.fire_all(jobs.iter().map(|&place| Tick { place, due, too_late: None }));
    }

    /// So many seconds go by.
    async fn pass(&mut self, seconds: f64) {
        tokio::select! {
            biased;
            never = self.runs.tend() => match never {},
            () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => {}
        }
    }

    /// The first job is due each second, so many times.
    async fn fire_each_second(&mut self, times: usize) {
        for _ in 0..times {
            self.fire();
            self.pass(1.0).await;
        }
    }

    /// What was written down, and is forgotten.
    fn noted(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lines.lock().unwrap())
    }
}

impl Notes {
    fn add(&self, text: &str) {
        let second = clock::now().since(self.began).as_secs_f64();
        self.lines.lock().unwrap().push(format!("{second:.1} {text}"));
    }

    /// Takes so many seconds.
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

/// What a job of these tests takes.
type Told = Data<Notes>;

/// Waits for what another thread does, while virtual time stands still.
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
