//! From what the attributes wrote to what the runtime runs: everything parsed, no name twice.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use leader_core::record::RecordPolicy;
use leader_core::{Due, JobName, Key, Policies, Schedule, span};
use tracing::{info, warn};

use crate::job::{Attempt, Entry, Jobs, Listed, RunContext, Stopper, Supplies};
use crate::model::Fence;
use crate::settings::Overrides;
use crate::unwind::caught;

/// A job that can run.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) name: JobName,
    /// With the prefix of the settings.
    pub(crate) key: Key,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) policies: Arc<Policies>,
    /// Policy of its record; `None` where it has none.
    pub(crate) keeping: Option<Box<RecordPolicy>>,
    /// The constant of its attribute.
    pub(crate) entry: &'static Entry,
    /// Whether it runs at all.
    pub(crate) is_enabled: bool,
}

/// Why a job cannot run; prints with the job's name and the place of its attribute.
#[derive(Debug)]
pub(crate) struct Fault {
    name: String,
    place: &'static Location<'static>,
    text: String,
}

/// Parses what the jobs say, and settings over that, with `key_prefix` before every key, and asks
/// whether what they take is among the supplies.
///
/// Those that are not enabled are left out, when they are seen to be right. What they take need not
/// be there.
///
/// # Errors
///
/// All that is wrong with any of them, in the order of the list.
pub(crate) fn register(
    jobs: &Jobs,
    key_prefix: &str,
    overrides: &Overrides,
    supplies: &Arc<Supplies>,
) -> Result<Vec<Registration>, Vec<Fault>> {
    let mut registrations = read(jobs, key_prefix, overrides, Some(supplies))?;
    registrations.retain(|job| job.is_enabled);
    Ok(registrations)
}

/// Parses every job as [`register`] does, enabled or not, without a look at its parameters: to list
/// jobs and run nothing.
pub(crate) fn list(
    jobs: &Jobs,
    key_prefix: &str,
    overrides: &Overrides,
) -> Result<Vec<Registration>, Vec<Fault>> {
    read(jobs, key_prefix, overrides, None)
}

fn read(
    jobs: &Jobs,
    key_prefix: &str,
    overrides: &Overrides,
    supplies: Option<&Arc<Supplies>>,
) -> Result<Vec<Registration>, Vec<Fault>> {
    let mut registrations = Vec::with_capacity(jobs.len());
    let mut faults = Vec::new();
    let mut shared = Shared::default();
    let repeated = repeated(jobs);
    for (number, listed) in jobs.listed().enumerate() {
        let place = listed.entry.place;
        let texts = match repeated.get(&number) {
            Some(first) => vec![twice(first, place)],
            None => match registration(listed, key_prefix, overrides, supplies) {
                Ok(registration) => {
                    registrations.push(shared.share(registration));
                    continue;
                }
                Err(texts) => texts,
            },
        };
        let fault = |text| Fault { name: listed.name(), place, text };
        faults.extend(texts.into_iter().map(fault));
    }
    if faults.is_empty() { Ok(registrations) } else { Err(faults) }
}

/// The jobs that have the name of one before them, and where the attribute of that stands.
fn repeated(jobs: &Jobs) -> HashMap<usize, &'static Location<'static>> {
    let mut places = HashMap::with_capacity(jobs.len());
    let first = |(number, listed): (usize, &Listed)| {
        let first = *places.entry(listed.name()).or_insert((number, listed.entry.place));
        (first.0 != number).then_some((number, first.1))
    };
    jobs.listed().enumerate().filter_map(first).collect()
}

/// Values that many jobs have in common, kept once: there may be thousands of jobs.
#[derive(Default)]
struct Shared {
    keys: HashSet<Key>,
    schedules: HashSet<Arc<Schedule>>,
    policies: HashSet<Arc<Policies>>,
}

impl Shared {
    fn share(&mut self, mut job: Registration) -> Registration {
        one_of(&mut self.keys, &mut job.key);
        one_of(&mut self.schedules, &mut job.schedule);
        one_of(&mut self.policies, &mut job.policies);
        job
    }
}

/// The value that is among these and equal to it.
fn one_of<T: Clone + Eq + std::hash::Hash>(all: &mut HashSet<T>, value: &mut T) {
    match all.get(value) {
        Some(known) => *value = known.clone(),
        None => drop(all.insert(value.clone())),
    }
}

/// The job, or all that is wrong with it.
fn registration(
    listed: &Listed,
    key_prefix: &str,
    overrides: &Overrides,
    supplies: Option<&Arc<Supplies>>,
) -> Result<Registration, Vec<String>> {
    let (entry, key) = (listed.entry, listed.entry.key);
    let mut faults = Vec::new();
    let name = listed.name().parse::<JobName>();
    let whole = format!("{key_prefix}{key}");
    let key = whole.parse::<Key>();
    faults.extend(name.as_ref().err().map(ToString::to_string));
    faults.extend(key.as_ref().err().map(ToString::to_string));
    let (options, wrong) = overrides.options(&listed.name(), listed.entry);
    faults.extend(wrong);
    if let Some(supplies) = supplies.filter(|_| options.is_enabled()) {
        faults.extend(lacks(listed.entry, &whole, supplies));
    }
    match (name, key, options.schedule(Some(entry.seed()))) {
        (Ok(name), Ok(key), Some(schedule)) if faults.is_empty() => {
            let is_enabled = options.is_enabled();
            let (schedule, policies) = (Arc::new(schedule), Arc::new(options.policies()));
            if !is_enabled {
                info!(job = %name, "is not enabled, and never runs");
            } else if let Some((timeout, interval)) = options.overrun() {
                let (timeout, interval) = (span::print(timeout), span::print(interval));
                warn!(job = %name, "its timeout of {timeout} is longer than its interval of \
                    {interval}: while a run goes on, the next ones are skipped");
            }
            let keeping = options.record_policy().map(Box::new);
            Ok(Registration { name, key, schedule, policies, keeping, entry, is_enabled })
        }
        _ => Err(faults),
    }
}

/// Values that the parameters of the job and of its standby lack. Their futures are made, and
/// dropped before they are polled: that runs nothing of them.
fn lacks(entry: &Entry, key: &str, supplies: &Arc<Supplies>) -> Vec<String> {
    let (job, stopper) = (entry.name.into(), Stopper::unheard());
    let attempt = Attempt::first(&job, key, Due::new(UNIX_EPOCH), Fence::new(0));
    let context = RunContext::new(attempt, &stopper, supplies, None);
    let made = caught(|| drop((entry.start)(&context)));
    let standby = entry.standby.map_or(Ok(()), |standby| caught(|| drop(standby(&context))));
    let mut lacks = context.take_lacks();
    let panics = |whose: &str, panic: String| {
        format!("{whose} panicked when its future was made, which is to run nothing: {panic}")
    };
    lacks.extend(made.err().map(|panic| panics("it", panic)));
    lacks.extend(standby.err().map(|panic| panics("its `standby`", panic)));
    lacks
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
        write!(f, "{} ({}, {}, {})", self.name, self.key, self.schedule, self.entry.place)
    }
}
