//! `missed` and `interrupted`: what becomes of due instants across terms and processes.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use leader_core::record::Ended;

use super::archive::Fate;
use super::{Scene, Told};
use crate::engine::Tick;
use crate::run::{Answer, Remote, RunEvent, RunOutcome, SkipReason, Wanted};
use crate::{Jobs, Run, clock, jobs, leader_job};

/// As `20 attempt 1 missed 0`: the second in which it is due, counted from the scene's beginning.
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
    /// Leads from an instant of the grid of ten seconds on.
    pub(super) async fn led_on_the_grid(jobs: &Jobs) -> Self {
        let since_epoch = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let over = Duration::from_nanos((since_epoch.as_nanos() % 10_000_000_000) as u64);
        tokio::time::sleep(Duration::from_secs(10) - over).await;
        let mut scene = Self::led(jobs);
        scene.settle_down().await;
        scene
    }

    /// So many seconds go by, and the job is due on its grid.
    async fn pass_on_the_grid(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.pass(1.0).await;
            let now = clock::now().since(self.notes.began).as_secs();
            if now.is_multiple_of(10) {
                self.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: None }]);
                self.settle_down().await;
            }
        }
    }

    /// What is to be done now is done, and no time goes by.
    async fn settle_down(&mut self) {
        for _ in 0..20 {
            self.pass(0.0).await;
            tokio::task::yield_now().await;
        }
    }

    fn ends(&self) -> Vec<Option<Ended>> {
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
    assert!(matches!(ends[..], [Some(Ended::Interrupted(_)), Some(Ended::Ok), None]), "{ends:?}");
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
    let interrupted = Ended::Interrupted("its drain was used up".into());
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
    assert_eq!(scene.noted(), ["10.3 10 attempt 1 missed 0"]);
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
    let wish = |remote: Remote| async move { remote.trigger(Wanted::Name("slow")).await.unwrap() };
    let first = tokio::spawn(wish(scene.runs.remote()));
    scene.pass(1.0).await;
    assert!(matches!(first.await.unwrap(), Answer::Begun));
    let second = tokio::spawn(wish(scene.runs.remote()));
    scene.pass(9.0).await;
    assert!(matches!(second.await.unwrap(), Answer::Busy));
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
    // the tick comes before the runs hear of the term
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
    let interrupted = Ended::Interrupted("its drain was used up".into());
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
    let remote = scene.runs.remote();
    let asked = remote.trigger(Wanted::Name("rerun"));
    tokio::select! {
        never = scene.runs.tend() => match never {},
        answer = asked => assert!(matches!(answer, Ok(Answer::Begun)), "{answer:?}"),
    }
    let event = events.next().await.unwrap();
    let RunEvent::Ended(report) = event else { panic!("{event:?}") };
    assert_eq!(report.outcome, RunOutcome::Skipped(SkipReason::Overtaken));
}
