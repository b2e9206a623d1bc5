//! From what the attributes wrote to what the runtime runs: everything parsed, no name twice.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use leader_core::{Due, JobName, Key, Options, Schedule};
use tracing::info;

use super::context::Context;
use super::data::Values;
use super::entry::{Entry, RunFuture, StandbyFuture};
use super::fence::Fence;
use super::jobs::{Jobs, Listed};
use super::kv::Kv;
use super::later;
use super::run::Run;
use super::stop::Stopper;

/// A job that can run.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) name: JobName,
    /// With the prefix of the settings.
    pub(crate) key: Key,
    pub(crate) schedule: Schedule,
    pub(crate) start: for<'r> fn(&'r Context) -> Option<RunFuture<'r>>,
    pub(crate) standby: Option<fn(&Context) -> Option<StandbyFuture>>,
    pub(crate) place: &'static Location<'static>,
}

/// Why a job cannot run; prints with the job's name and the place of its attribute.
#[derive(Debug)]
pub(crate) struct Fault {
    name: String,
    place: &'static Location<'static>,
    text: String,
}

/// Parses what the jobs say, with `key_prefix` before every key, and asks whether what they take
/// is there: in `data`, and a store to write to.
///
/// Those that are not enabled are left out, when they are seen to be right.
///
/// # Errors
///
/// All that is wrong with any of them, in the order of the list.
pub(crate) fn register(
    jobs: &Jobs,
    key_prefix: &str,
    data: &Arc<Values>,
    kv: Option<&Kv>,
) -> Result<Vec<Registration>, Vec<Fault>> {
    let mut registrations = Vec::new();
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for listed in jobs.listed() {
        let (name, place) = (listed.name(), listed.entry.place);
        let texts = match places.insert(name.clone(), place) {
            Some(first) => vec![twice(first, place)],
            None => match registration(listed, key_prefix, data, kv) {
                Ok(registration) => {
                    registrations.extend(registration);
                    continue;
                }
                Err(texts) => texts,
            },
        };
        faults.extend(texts.into_iter().map(|text| Fault { name: name.clone(), place, text }));
    }
    if faults.is_empty() { Ok(registrations) } else { Err(faults) }
}

/// `None` where the job is not enabled; else the job, or all that is wrong with it.
fn registration(
    listed: &Listed,
    key_prefix: &str,
    data: &Arc<Values>,
    kv: Option<&Kv>,
) -> Result<Option<Registration>, Vec<String>> {
    let &Listed { entry: Entry { key, start, standby, place, .. }, .. } = listed;
    let mut faults = Vec::new();
    let name = listed.name().parse::<JobName>();
    let key = format!("{key_prefix}{key}").parse::<Key>();
    faults.extend(name.as_ref().err().map(ToString::to_string));
    faults.extend(key.as_ref().err().map(ToString::to_string));
    let options = options(&listed.entry, &mut faults);
    faults.extend(lacks(&listed.entry, data, kv));
    match (name, key, options.schedule()) {
        (Ok(name), Ok(key), Some(schedule)) if faults.is_empty() => {
            if !options.is_enabled() {
                info!(job = %name, "is not enabled, and never runs");
                return Ok(None);
            }
            Ok(Some(Registration { name, key, schedule, start, standby, place }))
        }
        _ => Err(faults),
    }
}

/// What the attribute says beside name and key.
fn options(entry: &Entry, faults: &mut Vec<String>) -> Options {
    let mut options = Options::default();
    if entry.standby.is_some() {
        options.give("standby");
    }
    if let Some(interval) = entry.every
        && let Err(fault) = options.set_every(interval)
    {
        faults.push(fault.to_string());
    }
    for (option, text) in entry.options {
        faults.extend(options.set(option, text).err().map(|fault| fault.to_string()));
    }
    faults.extend(options.conflicts().into_iter().map(|conflict| conflict.text));
    faults.extend(later::faults(&options));
    options
}

/// What the job's parameters and its standby's ask for in vain. Their futures are made, and
/// dropped before they are polled: that runs nothing of them.
fn lacks(entry: &Entry, data: &Arc<Values>, kv: Option<&Kv>) -> Vec<String> {
    let (_stopper, stop) = Stopper::new();
    let run = Run::new(entry.name, Due::new(UNIX_EPOCH), Fence::new(0));
    let context = Context::new(run, stop, Arc::clone(data), kv.cloned());
    drop((entry.start)(&context));
    if let Some(standby) = entry.standby {
        drop(standby(&context));
    }
    context.into_lacks()
}

fn twice(first: &Location<'_>, second: &Location<'_>) -> String {
    if first == second {
        "is listed twice in `jobs!`; list it once".into()
    } else {
        format!("has the name of the job at {first}; give one of them another with `name = \"…\"`")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job `{}` at {}: {}", self.name, self.place, self.text)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}, {})", self.name, self.key, self.schedule, self.place)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;
    use crate::job::{Data, Ending, Outcome, Retry};
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
        Outcome::skip(format!("{} {}", pool.0, *text))
    }

    async fn keep(due: Due, number: Data<u64>) {
        assert!(due.timestamp() > UNIX_EPOCH && *number > 0);
    }

    #[leader_job(key = "service/write", every = "3s", crate = crate)]
    async fn write(kv: Kv) -> crate::Result<()> {
        kv.put("service/written", "1").await
    }

    fn put_in() -> Arc<Values> {
        let mut data = Values::default();
        data.put(Pool(7));
        data.put("lanes".to_owned());
        data.put(1_u64);
        Arc::new(data)
    }

    fn registered(jobs: &Jobs) -> Vec<Registration> {
        register(jobs, "stage/", &put_in(), Some(&Kv::in_memory())).unwrap()
    }

    fn faults(jobs: &Jobs, key_prefix: &str) -> Vec<String> {
        let faults = register(jobs, key_prefix, &Arc::default(), None).unwrap_err();
        faults.iter().map(Fault::to_string).collect()
    }

    fn context(fence: i64) -> Context {
        let (_, stop) = Stopper::new();
        let run = Run::new("", Due::new(UNIX_EPOCH + Duration::from_secs(1)), Fence::new(fence));
        Context::new(run, stop, put_in(), Some(Kv::in_memory()))
    }

    fn run(registration: &Registration, fence: i64) -> Ending {
        let context = context(fence);
        (registration.start)(&context).unwrap().now_or_never().unwrap().ending()
    }

    #[test]
    fn a_registration_runs_its_function_with_what_the_run_is_told() {
        let jobs = registered(&jobs![clock]);
        assert_eq!(jobs[0].key.as_str(), "stage/service/clock");
        assert!(matches!(run(&jobs[0], 7), Ending::Skipped(why) if why == "7"));
        assert_eq!(jobs[0].standby.unwrap()(&context(0)).unwrap().now_or_never(), Some(()));
    }

    #[test]
    fn what_was_put_in_comes_to_the_jobs_and_to_the_standbys_that_take_it() {
        let jobs = registered(&jobs![sweep]);
        assert!(matches!(run(&jobs[0], 1), Ending::Skipped(why) if why == "7 lanes"));
        assert_eq!(jobs[0].standby.unwrap()(&context(0)).unwrap().now_or_never(), Some(()));
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
        assert_eq!(faults.len(), 4, "{faults:?}");
        for (fault, (name, says)) in faults.iter().zip([
            ("sweep", "Pool>`, and none was put in"),
            ("sweep", "write `.data(…)` with a `alloc::string::String`"),
            ("sweep", "`Data<u64>`"),
            ("write", "set LEADER_LOCK=consul"),
        ]) {
            assert!(fault.starts_with(&format!("job `{name}` at ")), "{fault}");
            assert!(fault.contains("registry.rs:") && fault.contains(says), "{fault}");
        }
    }

    #[test]
    fn two_jobs_of_one_name_are_told_with_both_places_and_a_prefix_mends_it() {
        let faults = faults(&jobs![clock, watch], "");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].matches("registry.rs:").count(), 2, "{faults:?}");
        assert!(faults[0].contains("name = \"…\""), "{faults:?}");
        let jobs = registered(&jobs![clock].extend(jobs![watch].prefix("b_").prefix("a_")));
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

    #[test]
    fn an_option_that_would_be_ignored_is_refused_with_job_and_place() {
        #[leader_job(
            key = "service/later", every = "1h", overlap = "queue", retries = 3, missed = "all",
            timeout = "5m", on_loss = "grace", crate = crate
        )]
        async fn later() {}

        #[leader_job(key = "service/anyway", every = "1h", overlap = "skip", retries = 0,
            missed = "skip", jitter = "0s", drain = "10s", on_elected = false, crate = crate)]
        async fn anyway() {}

        #[leader_job(key = "service/consume", while_leading, crate = crate)]
        async fn consume() {}

        let faults = faults(&jobs![later, anyway, consume], "");
        let texts: Vec<_> =
            faults.iter().filter_map(|fault| Some(fault.split_once(": ")?.1)).collect();
        assert_eq!(
            texts,
            [
                "`timeout = \"5m\"` is not supported yet; remove it",
                "`overlap = \"queue\"` is not supported yet; remove it",
                "`missed = \"all\"` is not supported yet; remove it",
                "`retries = 3` is not supported yet; remove it",
                "`on_loss = \"grace\"` is not supported yet; remove it",
                "`while_leading` is not supported yet; use a `Lock` by hand",
            ]
        );
        assert!(faults.iter().all(|fault| fault.contains("registry.rs:")), "{faults:?}");
    }

    const KEY: &str = "service/constant";
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_constant_is_checked_with_the_rest_where_the_compiler_could_not() {
        #[leader_job(key = KEY, every = HOUR, offset = "10m", crate = crate)]
        async fn constant() {}

        #[leader_job(key = KEY, every = HOUR, offset = "1h", crate = crate)]
        async fn shifted() {}

        let jobs = registered(&jobs![constant]);
        assert_eq!(jobs[0].schedule.to_string(), "every 1h offset 10m");
        assert_eq!(jobs[0].key.as_str(), "stage/service/constant");
        assert!(faults(&jobs![shifted], "")[0].ends_with("use less than 1h"));
    }

    #[test]
    fn a_schedule_is_put_together_from_its_options() {
        #[leader_job(key = "a", cron = "0 9 * * *", tz = "europe/oslo", crate = crate)]
        async fn nine() {}

        let schedule = &registered(&jobs![nine])[0].schedule;
        assert_eq!(schedule.to_string(), "cron 0 9 * * * tz Europe/Oslo");
    }
}
