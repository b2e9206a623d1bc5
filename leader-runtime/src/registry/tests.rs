//! Faults and missing values of jobs, reported at the start.

use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::job::Job;
use crate::job::{Data, Ending, Kv, Outcome, Retry, Store, Values};
use crate::{jobs, leader_job};

#[leader_job(key = "service/clock", every = "3s", standby = wait, crate = crate)]
async fn clock(fence: Fence) -> Outcome {
    Outcome::skip(fence.to_string())
}

async fn wait() {}

#[leader_job(key = "service/watch", cron = "@daily", name = "clock", crate = crate)]
async fn watch() -> Result<(), &'static str> {
    Err("stopped")
}

struct Pool(u8);

#[leader_job(key = "service/sweep", every = "3s", standby = keep, crate = crate)]
async fn sweep(pool: Data<Pool>, text: Data<String>) -> Outcome {
    Outcome::skip(format!("{} {}", pool.0.0, *text))
}

async fn keep(due: Due, number: Data<u64>) {
    assert!(due.timestamp() > UNIX_EPOCH && *number > 0);
}

#[leader_job(key = "service/write", every = "3s", crate = crate)]
async fn write(kv: Kv) -> crate::Result<()> {
    kv.put("service/written", "1").await
}

fn supplies() -> Arc<Supplies> {
    let mut data = Values::default();
    data.put(Pool(7));
    data.put("lanes".to_owned());
    data.put(1_u64);
    let (data, store) = (Arc::new(data), Store::default());
    Arc::new(Supplies { data, store, key_prefix: "stage/".into(), ..Supplies::default() })
}

fn registered(jobs: &Jobs) -> Vec<Registration> {
    register(jobs, "stage/", &Overrides::default(), &supplies()).unwrap()
}

fn faults(jobs: &Jobs, key_prefix: &str) -> Vec<String> {
    let faults = register(jobs, key_prefix, &Overrides::default(), &Arc::default()).unwrap_err();
    faults.iter().map(Fault::to_string).collect()
}

fn with<T>(fence: i64, call: impl FnOnce(&RunContext<'_>) -> T) -> T {
    let (job, stopper, supplies) = ("".into(), Stopper::unheard(), supplies());
    let due = Due::new(UNIX_EPOCH + Duration::from_secs(1));
    call(&RunContext::new(
        Attempt::first(&job, "", due, Fence::new(fence)),
        &stopper,
        &supplies,
        None,
    ))
}

fn run(registration: &Registration, fence: i64) -> Ending {
    with(fence, |context| {
        (registration.entry.start)(context).unwrap().now_or_never().unwrap().ending()
    })
}

fn stand_by(registration: &Registration) -> Option<()> {
    with(0, |context| registration.entry.standby.unwrap()(context).unwrap().now_or_never())
}

#[test]
fn a_registration_runs_its_function_with_what_the_run_is_told() {
    let jobs = registered(&jobs![clock]);
    assert_eq!(jobs[0].key.as_str(), "stage/service/clock");
    assert!(matches!(run(&jobs[0], 7), Ending::Skipped(why) if why == "7"));
    assert_eq!(stand_by(&jobs[0]), Some(()));
}

#[test]
fn what_was_put_in_comes_to_the_jobs_and_to_the_standbys_that_take_it() {
    let jobs = registered(&jobs![sweep]);
    assert!(matches!(run(&jobs[0], 1), Ending::Skipped(why) if why == "7 lanes"));
    assert_eq!(stand_by(&jobs[0]), Some(()));
}

#[test]
fn an_error_is_a_failed_run_that_may_be_tried_again() {
    let jobs = registered(&jobs![watch]);
    let Ending::Failed { error, retry } = run(&jobs[0], 1) else { panic!("it failed") };
    assert_eq!((error.to_string().as_str(), retry), ("stopped", Retry::ByPolicy));
    let told = |outcome: Outcome| match outcome.ending() {
        Ending::Failed { retry, .. } => retry,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(Outcome::fail("for good")), Retry::Never);
    let minute = Duration::from_secs(60);
    assert_eq!(told(Outcome::retry_after(minute, "too fast")), Retry::After(minute));
}

#[test]
fn all_that_a_job_and_its_standby_lack_is_told_at_start_with_the_type() {
    let faults = faults(&jobs![sweep, write], "");
    assert_eq!(faults.len(), 3, "{faults:?}");
    for (fault, (name, says)) in faults.iter().zip([
        ("sweep", "Pool>`, and none was put in"),
        ("sweep", "write `.data(…)` with a `alloc::string::String`"),
        ("sweep", "`Data<u64>`"),
    ]) {
        assert!(fault.starts_with(&format!("job `{name}` at ")), "{fault}");
        assert!(fault.contains("tests.rs:") && fault.contains(says), "{fault}");
    }
}

#[test]
fn two_jobs_of_one_name_are_told_with_both_places_and_a_prefix_mends_it() {
    let faults = faults(&jobs![clock, watch], "");
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].matches("tests.rs:").count(), 2, "{faults:?}");
    assert!(faults[0].contains("name = \"…\""), "{faults:?}");
    let jobs = registered(&jobs![clock].merge(jobs![watch].prefix("b_").prefix("a_")));
    assert_eq!(jobs[1].name.as_str(), "a_b_clock");
    assert_eq!(jobs[1].key.as_str(), "stage/service/watch");
}

#[test]
fn a_job_listed_twice_is_told_as_that() {
    assert!(faults(&jobs![clock, clock], "")[0].contains("is listed twice"));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let faults = faults(&jobs![clock, watch].prefix("X"), "/stage/");
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].contains("job `Xclock` at") && faults[0].contains("'X'"), "{faults:?}");
    assert!(faults[1].contains("write `stage/service/clock`"), "{faults:?}");
}

#[test]
fn a_job_that_is_not_enabled_is_left_out() {
    #[leader_job(key = "service/off", every = "3s", enabled = false, crate = crate)]
    async fn off() {}

    assert_eq!(registered(&jobs![off, clock]).len(), 1);
    assert_eq!(registered(&jobs![off]).len(), 0);
}

const KEY: &str = "service/constant";
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_constant_is_checked_again_with_the_rest_at_the_start() {
    #[leader_job(key = KEY, every = HOUR, offset = "10m", crate = crate)]
    async fn constant() {}

    // as the attribute would not let it be
    let mut shifted = Jobs::new();
    let options = &[("offset", "1h"), ("tz", "Oslo")];
    let entry = Entry { options, ..<constant as Job>::ENTRY };
    shifted.push(Box::leak(Box::new(entry)));

    let jobs = registered(&jobs![constant]);
    assert_eq!(jobs[0].schedule.to_string(), "every 1h offset 10m");
    assert_eq!(jobs[0].key.as_str(), "stage/service/constant");
    let faults = faults(&shifted, "");
    assert!(faults[0].contains("`Europe/Oslo`"), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.ends_with("use less than 1h")), "{faults:?}");
}

#[test]
fn a_schedule_is_put_together_from_its_options() {
    #[leader_job(key = "a", cron = "0 9 * * *", tz = "europe/oslo", crate = crate)]
    async fn nine() {}

    let schedule = &registered(&jobs![nine])[0].schedule;
    assert_eq!(schedule.to_string(), "cron 0 9 * * * tz Europe/Oslo");
}
