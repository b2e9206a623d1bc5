//! `missed` and `interrupted`: due instants across terms and processes.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use leader_core::record::RecordedOutcome;

use super::memory_store::Fate;
use super::{Scene, Told};
use crate::engine::Tick;
use crate::log::Log;
use crate::model::{RunOutcome, SkipReason};
use crate::run::{Control, JobSelector, RunEvent, TriggerResult};
use crate::system::clock;
use crate::{Jobs, Outcome, Run, Stop, jobs, leader_job};

/// A run as `20 attempt 1 missed 0`, with its due second since the beginning of the scene.
fn told(notes: &Told, run: &Run) -> String {
    let late = clock::wall().duration_since(run.due().timestamp()).unwrap_or_default();
    let due = clock::now().since(notes.began).saturating_sub(late).as_secs_f64();
    format!("{due:.0} attempt {} missed {}", run.attempt(), run.missed())
}

#[leader_job(key = "test/key", every = "10s", missed = "all", crate = crate)]
async fn all(run: Run, notes: Told) {
    notes.add(&told(&notes, &run));
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[leader_job(key = "test/key", every = "10s", missed = "once", crate = crate)]
async fn once(run: Run, notes: Told) {
    notes.add(&told(&notes, &run));
}

#[leader_job(key = "test/key", every = "10s", interrupted = "rerun", crate = crate)]
async fn rerun(run: Run, notes: Told) {
    notes.add(&told(&notes, &run));
    notes.work(&run, 4).await;
}

impl Scene {
    /// A scene that leads from an instant of the grid of ten seconds.
    pub(super) async fn led_on_the_grid(jobs: &Jobs) -> Self {
        let since_epoch = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let over = Duration::from_nanos((since_epoch.as_nanos() % 10_000_000_000) as u64);
        tokio::time::sleep(Duration::from_secs(10) - over).await;
        let mut scene = Self::led(jobs);
        scene.settle_down().await;
        scene
    }

    /// Lets seconds go by, in which the job is due on its grid.
    pub(super) async fn pass_on_the_grid(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.pass(1.0).await;
            let now = clock::now().since(self.notes.began).as_secs();
            if now.is_multiple_of(10) {
                self.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: None }]);
                self.settle_down().await;
            }
        }
    }

    /// Runs all that is ready, while no time goes by.
    async fn settle_down(&mut self) {
        for _ in 0..20 {
            self.pass(0.0).await;
            tokio::task::yield_now().await;
        }
    }

    fn ends(&self) -> Vec<Option<RecordedOutcome>> {
        let record = self.memory.record().expect("a record");
        record.runs.iter().map(|run| Some(run.ended.as_ref()?.1.clone())).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn all_runs_what_nobody_ran_the_oldest_first_and_one_at_a_time() {
    let mut scene = Scene::led_on_the_grid(&jobs![all]).await;
    scene.pass_on_the_grid(15).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0"]);
    scene.stage.lose();
    scene.pass_on_the_grid(34).await;
    assert_eq!(scene.noted(), [""; 0]);
    scene.stage.lead();
    scene.pass_on_the_grid(12).await;
    let noted = ["49.0 20 attempt 1 missed 0", "51.0 30 attempt 1 missed 0"];
    let then = ["53.0 40 attempt 1 missed 0", "55.0 50 attempt 1 missed 0"];
    let due = ["60.0 60 attempt 1 missed 0"];
    assert_eq!(scene.noted(), [noted.as_slice(), &then, &due].concat());
}

#[tokio::test(start_paused = true)]
async fn once_runs_the_newest_of_what_nobody_ran_and_counts_the_others() {
    let mut scene = Scene::led_on_the_grid(&jobs![once]).await;
    scene.pass_on_the_grid(15).await;
    let mut scene = scene.followed_by_another(&jobs![once]);
    scene.pass_on_the_grid(30).await;
    scene.stage.lead();
    scene.pass_on_the_grid(10).await;
    let noted = ["10.0 10 attempt 1 missed 0", "45.0 40 attempt 1 missed 2"];
    assert_eq!(scene.noted(), [noted.as_slice(), &["50.0 50 attempt 1 missed 0"]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_led_before_has_missed_nothing_and_has_a_record_from_then_on() {
    let scene = Scene::led_on_the_grid(&jobs![all]).await;
    assert_eq!(scene.memory.record().map(|record| record.runs.len()), Some(0));
    let mut scene = scene.followed_by_another(&jobs![all]);
    scene.pass_on_the_grid(15).await;
    scene.stage.lead();
    scene.pass_on_the_grid(1).await;
    assert_eq!(scene.noted(), ["15.0 10 attempt 1 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn rerun_runs_first_what_was_interrupted_and_counts_the_attempts() {
    let mut scene = Scene::led_on_the_grid(&jobs![rerun]).await;
    scene.pass_on_the_grid(12).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    assert_eq!(scene.noted().last().unwrap(), "12.0 is dropped 1");
    let mut scene = scene.followed_by_another(&jobs![rerun]);
    scene.pass_on_the_grid(2).await;
    scene.stage.lead();
    scene.pass_on_the_grid(6).await;
    let noted = ["15.0 10 attempt 2 missed 0", "15.0 begins 1", "19.0 ends 1"];
    let due = ["20.0 20 attempt 1 missed 0", "20.0 begins 2"];
    assert_eq!(scene.noted(), [noted.as_slice(), &due].concat());
    let ends = scene.ends();
    assert!(
        matches!(
            ends[..],
            [Some(RecordedOutcome::Interrupted(_)), Some(RecordedOutcome::Ok), None]
        ),
        "{ends:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_its_drain_cut_off_counts_as_interrupted() {
    #[leader_job(
        key = "test/key",
        every = "10s",
        interrupted = "rerun",
        drain = "1s",
        crate = crate
    )]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 4).await;
    }

    let mut scene = Scene::led_on_the_grid(&jobs![slow]).await;
    scene.pass_on_the_grid(11).await;
    scene.stage.drain();
    scene.pass(2.0).await;
    assert_eq!(scene.noted(), ["10.0 begins 1", "12.0 is dropped 1"]);
    let interrupted = RecordedOutcome::Interrupted("its drain was used up".into());
    assert_eq!(scene.ends(), [Some(interrupted)]);
}

#[tokio::test(start_paused = true)]
async fn with_skip_what_is_due_while_a_run_goes_on_is_not_missed() {
    #[leader_job(key = "test/key", every = "10s", missed = "all", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.add(&told(&notes, &run));
        tokio::time::sleep(Duration::from_secs(25)).await;
    }

    let mut scene = Scene::led_on_the_grid(&jobs![slow]).await;
    scene.pass_on_the_grid(45).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0", "40.0 40 attempt 1 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_unclaimed_and_a_claim_that_comes_late_is_run_late() {
    let mut scene = Scene::led_on_the_grid(&jobs![once]).await;
    scene.memory.state().fates = vec![Fate::RequestLost, Fate::AnswerLost].into();
    scene.pass_on_the_grid(10).await;
    assert_eq!(scene.noted(), [""; 0]);
    scene.pass_on_the_grid(1).await;
    // two retries, after 100 and 200 ms less a random part
    let noted = scene.noted();
    let run = noted.first().and_then(|line| line.strip_suffix(" 10 attempt 1 missed 0"));
    assert!(noted.len() == 1 && ["10.1", "10.2", "10.3"].contains(&run.unwrap_or("")), "{noted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_was_deposed_and_does_not_know_it_runs_nothing() {
    let mut scene = Scene::led_on_the_grid(&jobs![once]).await;
    scene.memory.state().fence = 99;
    scene.pass_on_the_grid(25).await;
    assert_eq!(scene.noted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_to_give_up_its_key_leaves_the_rest_to_the_next() {
    let mut scene = Scene::led_on_the_grid(&jobs![all]).await;
    scene.stage.lose();
    scene.pass_on_the_grid(45).await;
    scene.stage.lead();
    scene.pass(1.0).await;
    scene.stage.drain();
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["45.0 10 attempt 1 missed 0"]);
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["47.0 20 attempt 1 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_wants_nothing_kept_has_no_record() {
    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn plain(run: Run, notes: Told) {
        notes.add(&told(&notes, &run));
    }

    let mut scene = Scene::led_on_the_grid(&jobs![plain]).await;
    scene.pass_on_the_grid(15).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0"]);
    assert_eq!(scene.memory.record(), None);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_wished_for_while_its_record_is_read_is_run_and_while_it_runs_is_busy() {
    #[leader_job(key = "test/key", every = "1h", missed = "once", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 2).await;
    }

    let mut scene = Scene::standing_by(&jobs![slow]);
    scene.memory.state().fates = vec![Fate::RequestLost; 3].into();
    scene.stage.lead();
    scene.pass(0.05).await;
    let trigger =
        |control: Control| async move { control.trigger(JobSelector::Name("slow")).await.unwrap() };
    let first = tokio::spawn(trigger(scene.runs.control()));
    scene.pass(1.0).await;
    assert!(matches!(first.await.unwrap(), TriggerResult::Started));
    let second = tokio::spawn(trigger(scene.runs.control()));
    scene.pass(9.0).await;
    assert!(matches!(second.await.unwrap(), TriggerResult::Busy));
    assert_eq!(scene.noted().len(), 2, "it has begun once, and ended");
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_comes_as_an_older_one_is_to_be_made_again_is_run_after_it() {
    let mut scene = Scene::led_on_the_grid(&jobs![rerun]).await;
    scene.pass_on_the_grid(12).await;
    scene.stage.lose();
    let mut scene = scene.followed_by_another(&jobs![rerun]);
    scene.pass(7.9).await;
    scene.notes.lines.lock().unwrap().clear();
    scene.pass(0.1).await;
    // the tick comes before the term is received
    scene.stage.lead();
    scene.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: None }]);
    scene.pass(9.0).await;
    let again = ["20.0 10 attempt 2 missed 0", "20.0 begins 1", "24.0 ends 1"];
    let due = ["24.0 20 attempt 1 missed 0", "24.0 begins 2", "28.0 ends 2"];
    assert_eq!(scene.noted(), [again, due].concat());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_does_not_make_an_interrupted_run_again() {
    #[leader_job(
        key = "test/key",
        every = "10s",
        interrupted = "rerun",
        overlap = "queue",
        drain = "1s",
        crate = crate
    )]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 30).await;
    }

    let mut scene = Scene::led_on_the_grid(&jobs![slow]).await;
    // the next one waits
    scene.pass_on_the_grid(21).await;
    scene.stage.drain();
    scene.pass(2.0).await;
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["10.0 begins 1", "22.0 is dropped 1"]);
    let interrupted = RecordedOutcome::Interrupted("its drain was used up".into());
    assert_eq!(scene.ends(), [Some(interrupted)]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_clock_was_ahead_does_not_silence_the_next_one() {
    let mut scene = Scene::led_on_the_grid(&jobs![all]).await;
    let ahead = clock::wall() + Duration::from_secs(86_400);
    scene.runs.fire_all([Tick { place: 0, due: ahead, too_late: None }]);
    scene.pass(3.0).await;
    let mut scene = scene.followed_by_another(&jobs![all]);
    scene.pass(1.0).await;
    scene.notes.lines.lock().unwrap().clear();
    scene.stage.lead();
    scene.pass_on_the_grid(9).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_holds_a_release_for_one_drain() {
    let mut scene = Scene::standing_by(&jobs![all]);
    scene.memory.state().is_silent = true;
    scene.stage.lead();
    // one firing tries to read it, another waits
    scene.pass_on_the_grid(15).await;
    scene.stage.drain();
    let began = clock::now();
    tokio::select! {
        never = scene.runs.tend() => match never {},
        () = scene.stage.drained() => {}
    }
    let taken = clock::now().since(began);
    assert!(taken < Duration::from_secs(11), "{taken:?}");
    assert_eq!(scene.noted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_still_to_come_when_the_key_is_given_up_is_run_by_the_next_leader() {
    #[leader_job(
        key = "test/key", every = "10s", missed = "skip", interrupted = "rerun",
        retries = 3, backoff = "8s..8s", crate = crate
    )]
    async fn fails(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.add(&told(&notes, &run));
        if run.attempt() == 1 { Err("no route") } else { Ok(()) }
    }

    let mut scene = Scene::led_on_the_grid(&jobs![fails]).await;
    scene.pass_on_the_grid(11).await;
    scene.stage.drain();
    scene.pass(0.1).await;
    let ends = scene.ends();
    assert!(matches!(&ends[..], [Some(RecordedOutcome::Interrupted(_))]), "{ends:?}");
    let mut scene = scene.followed_by_another(&jobs![fails]);
    scene.pass_on_the_grid(2).await;
    scene.stage.lead();
    scene.pass_on_the_grid(2).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0", "13.1 10 attempt 2 missed 0"]);
    assert_eq!(scene.ends().last(), Some(&Some(RecordedOutcome::Ok)));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_obeys_its_stop_and_says_so_is_run_again_by_the_next_leader() {
    #[leader_job(
        key = "test/key", every = "10s", missed = "skip", interrupted = "rerun", crate = crate
    )]
    async fn obeys(run: Run, stop: Stop, notes: Told) -> Outcome {
        notes.add(&told(&notes, &run));
        if run.attempt() == 1 {
            stop.requested().await;
            return Outcome::interrupted();
        }
        Outcome::ok()
    }

    let mut scene = Scene::led_on_the_grid(&jobs![obeys]).await;
    scene.pass_on_the_grid(11).await;
    scene.stage.drain();
    scene.pass(0.1).await;
    let ends = scene.ends();
    assert!(matches!(&ends[..], [Some(RecordedOutcome::Interrupted(_))]), "{ends:?}");
    let mut scene = scene.followed_by_another(&jobs![obeys]);
    scene.pass_on_the_grid(2).await;
    scene.stage.lead();
    scene.pass_on_the_grid(2).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0", "13.1 10 attempt 2 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_later_format_is_never_written_over_and_its_job_is_paused() {
    const LATER: &[u8] = br#"{"format":2,"through":[]}"#;
    let log = Log::listen();
    let mut scene = Scene::standing_by(&jobs![all]);
    scene.memory.state().stored = Some(LATER.to_vec());
    scene.stage.lead();
    scene.pass_on_the_grid(65).await;
    assert_eq!(scene.noted(), [""; 0]);
    assert_eq!(scene.memory.state().stored.as_deref(), Some(LATER));
    let lines = log.lines();
    let paused = lines.iter().filter(|line| line.contains("record has a later format"));
    assert_eq!(paused.count(), 1, "{lines:?}");

    // nothing of it holds a release, though the job waits
    scene.stage.drain();
    let began = clock::now();
    tokio::select! {
        never = scene.runs.tend() => match never {},
        () = scene.stage.drained() => {}
    }
    assert!(clock::now().since(began) < Duration::from_secs(1));
    let mut scene = scene.followed_by_another(&jobs![all]);
    scene.stage.lead();

    // deleted by hand
    scene.memory.state().stored = None;
    scene.pass_on_the_grid(60).await;
    assert!(!scene.noted().is_empty());
    assert!(scene.memory.record().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_own_clock_was_ahead_runs_the_first_instant_after_that() {
    let mut scene = Scene::led_on_the_grid(&jobs![once]).await;
    let ahead = clock::wall() + Duration::from_secs(86_400);
    scene.runs.fire_all([Tick { place: 0, due: ahead, too_late: None }]);
    scene.pass(0.1).await;
    scene.notes.lines.lock().unwrap().clear();
    scene.pass(9.9).await;
    scene.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: None }]);
    scene.pass(0.1).await;
    assert_eq!(scene.noted(), ["10.0 10 attempt 1 missed 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_due_instant_that_no_record_keeps_is_told_where_a_wish_takes_its_place() {
    let mut scene = Scene::standing_by(&jobs![rerun]);
    let mut events = scene.events.listen();
    scene.memory.state().is_silent = true;
    scene.stage.lead();
    // the beginning of the term tries to read the record
    scene.pass(0.1).await;
    scene.fire();
    let control = scene.runs.control();
    let asked = control.trigger(JobSelector::Name("rerun"));
    tokio::select! {
        never = scene.runs.tend() => match never {},
        answer = asked => assert!(matches!(answer, Ok(TriggerResult::Started)), "{answer:?}"),
    }
    let event = events.next().await.unwrap();
    let RunEvent::Ended(report) = event else { panic!("{event:?}") };
    assert_eq!(report.outcome, RunOutcome::Skipped(SkipReason::Overtaken));
}
