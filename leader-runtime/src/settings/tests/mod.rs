//! Sources of settings, their order, and the faults in them.

mod any;
mod guide;
mod jobs;
mod layers;
mod variables;
mod wrong;

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::registry::register;
use crate::{Due, jobs, leader_job};

#[leader_job(key = "service/clock", every = "3s", standby = wait, crate = crate)]
async fn call_time() {}

async fn wait(_: Due) {}

#[leader_job(key = "service/night", cron = "0 3 * * *", tz = "Europe/Oslo", crate = crate)]
async fn nightly() {}

#[leader_job(key = "service/consume", while_leading, backoff = "1s..1m", crate = crate)]
async fn consume() {}

fn all() -> Jobs {
    jobs![call_time, nightly, consume]
}

/// Settings of a directory and an environment of their own.
struct Scene {
    directory: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Scene {
    fn new(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { directory, variables }
    }

    fn path(&self, name: &str) -> OsString {
        self.directory.path().join(name).into()
    }

    fn read(&self) -> Result<Settings> {
        Settings::read(self.variables.clone(), self.directory.path())
    }

    /// All faults that a start would report, without the directory.
    fn faults(&self, jobs: &Jobs) -> Vec<String> {
        let faults = match self.read() {
            Ok(settings) => faults(&settings, jobs),
            Err(error) => error.into_faults(),
        };
        let directory = format!("{}/", self.directory.path().display());
        faults.into_iter().map(|fault| fault.replace(&directory, "")).collect()
    }
}

fn read(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Settings {
    Scene::new(files, variables).read().unwrap()
}

fn faults(settings: &Settings, jobs: &Jobs) -> Vec<String> {
    let overrides = settings.overrides(jobs);
    let mut faults = settings.faults();
    faults.extend_from_slice(overrides.faults());
    if let Err(wrong) = register(jobs, settings.prefix(), &overrides, &Arc::default()) {
        faults.extend(wrong.iter().map(ToString::to_string));
    }
    faults
}

/// The schedule of a job under these settings, and the options that they change.
fn made(settings: &Settings, job: &str) -> (String, Vec<(String, String)>) {
    let overrides = settings.overrides(&all());
    assert_eq!(faults(settings, &all()), [""; 0]);
    let jobs = register(&all(), settings.prefix(), &overrides, &Arc::default()).unwrap();
    let schedule = jobs.iter().find(|made| made.name.as_str() == job);
    let schedule = schedule.map_or_else(|| "none".into(), |made| made.schedule.to_string());
    let prefix = format!("jobs.{job}.");
    let options = overrides.effective().filter_map(|setting| {
        Some((setting.name.strip_prefix(&prefix)?.to_owned(), setting.value))
    });
    (schedule, options.collect())
}
