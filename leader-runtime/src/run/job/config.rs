//! The configuration that many jobs have in common: there may be thousands of jobs.

use std::collections::HashMap;
use std::sync::Arc;

use leader_core::{Key, Policies, Schedule};

use crate::leadership::Claim;
use crate::registry::Registration;

/// Key, schedule and policies of jobs.
#[derive(Debug)]
pub(super) struct JobConfig {
    pub(super) key: Key,
    pub(super) schedule: Arc<Schedule>,
    pub(super) policies: Arc<Policies>,
    /// Makes this process a candidate for the key, until it is dropped.
    pub(super) claim: Claim,
}

/// Configurations by their content: jobs that are alike share one.
pub(in crate::run) struct ConfigInterner<F> {
    known: HashMap<(Key, Arc<Schedule>, Arc<Policies>), Arc<JobConfig>>,
    /// Claims a key.
    claim: F,
}

impl<F: FnMut(&str) -> Claim> ConfigInterner<F> {
    pub(in crate::run) fn new(claim: F) -> Self {
        Self { known: HashMap::new(), claim }
    }

    pub(super) fn intern(
        &mut self,
        Registration { key, schedule, policies, .. }: &Registration,
    ) -> Arc<JobConfig> {
        let Self { known, claim } = self;
        let alike = (key.clone(), Arc::clone(schedule), Arc::clone(policies));
        let config = known.entry(alike).or_insert_with_key(|(key, schedule, policies)| {
            let (schedule, policies) = (Arc::clone(schedule), Arc::clone(policies));
            Arc::new(JobConfig { key: key.clone(), schedule, policies, claim: claim(key.as_str()) })
        });
        Arc::clone(config)
    }
}
