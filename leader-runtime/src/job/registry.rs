//! From what the attributes wrote to what the runtime runs: everything parsed, no name twice.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

use leader_core::{Error, JobName, Key, Schedule};

use super::context::Context;
use super::entry::{Entry, RunFuture, Spec, StandbyFuture};
use super::jobs::Jobs;

/// A job that can run.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) name: JobName,
    /// With the prefix of the settings.
    pub(crate) key: Key,
    pub(crate) schedule: Schedule,
    pub(crate) start: for<'r> fn(&'r Context) -> RunFuture<'r>,
    pub(crate) standby: Option<fn() -> StandbyFuture>,
    pub(crate) place: &'static Location<'static>,
}

/// Why a job cannot run; prints with the job's name and the place of its attribute.
#[derive(Debug)]
pub(crate) struct Fault {
    name: &'static str,
    place: &'static Location<'static>,
    text: String,
}

/// Parses what the jobs say, with `key_prefix` before every key.
///
/// # Errors
///
/// All that is wrong with any of them, in the order of the list.
pub(crate) fn register(jobs: &Jobs, key_prefix: &str) -> Result<Vec<Registration>, Vec<Fault>> {
    let mut registrations = Vec::new();
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for entry in jobs.entries() {
        let mut fault = |text| faults.push(Fault { name: entry.name, place: entry.place, text });
        if let Some(first) = places.insert(entry.name, entry.place) {
            fault(twice(first, entry.place));
            continue;
        }
        let parsed = (
            entry.name.parse(),
            format!("{key_prefix}{}", entry.key).parse(),
            schedule(entry.schedule),
        );
        match parsed {
            (Ok(name), Ok(key), Ok(schedule)) => {
                let &Entry { start, standby, place, .. } = entry;
                registrations.push(Registration { name, key, schedule, start, standby, place });
            }
            (name, key, schedule) => {
                let texts = [name.err(), key.err(), schedule.err()];
                texts.into_iter().flatten().for_each(|error: Error| fault(error.to_string()));
            }
        }
    }
    if faults.is_empty() { Ok(registrations) } else { Err(faults) }
}

fn schedule(spec: Spec) -> Result<Schedule, Error> {
    match spec {
        Spec::Every(text) => text.parse().map(Schedule::Every),
        Spec::Cron(text) => text.parse().map(Schedule::Cron),
    }
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
    use std::time::UNIX_EPOCH;

    use futures_util::FutureExt;

    use super::*;
    use crate::job::{Ending, Fence, Outcome};
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

    fn faults(jobs: &Jobs, key_prefix: &str) -> Vec<String> {
        register(jobs, key_prefix).unwrap_err().iter().map(Fault::to_string).collect()
    }

    fn run(registration: &Registration, fence: i64) -> Ending {
        let context = Context::new(UNIX_EPOCH, Fence::new(fence));
        (registration.start)(&context).now_or_never().unwrap().ending()
    }

    #[test]
    fn a_registration_runs_its_function_with_what_the_run_is_told() {
        let jobs = register(&jobs![clock], "stage/").unwrap();
        assert_eq!(jobs[0].key.as_str(), "stage/service/clock");
        assert!(matches!(run(&jobs[0], 7), Ending::Skipped(why) if why == "7"));
        assert_eq!(jobs[0].standby.unwrap()().now_or_never(), Some(()));
    }

    #[test]
    fn an_error_is_a_failed_run() {
        let jobs = register(&jobs![watch], "").unwrap();
        assert!(
            matches!(run(&jobs[0], 1), Ending::Failed(error) if error.to_string() == "stopped")
        );
    }

    #[test]
    fn two_jobs_of_one_name_are_told_with_both_places() {
        let faults = faults(&jobs![clock, watch], "");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].matches("registry.rs:").count(), 2, "{faults:?}");
        assert!(faults[0].contains("name = \"…\""), "{faults:?}");
    }

    #[test]
    fn a_job_listed_twice_is_told_as_that() {
        assert!(faults(&jobs![clock, clock], "")[0].contains("is listed twice"));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let faults = faults(&jobs![clock, watch], "/stage/");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("write `stage/service/clock`"), "{faults:?}");
    }
}
