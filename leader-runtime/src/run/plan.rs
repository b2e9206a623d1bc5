//! What many jobs have in common: there may be thousands.

use std::collections::HashMap;
use std::sync::Arc;

use leader_core::{Key, Policies, Schedule};

use crate::job::Registration;
use crate::lock::Claim;

/// Where jobs are led, when they run, and by which policies.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) key: Key,
    pub(super) schedule: Arc<Schedule>,
    pub(super) policies: Arc<Policies>,
    /// While this is here, the process stands for the key.
    pub(super) claim: Claim,
}

/// The plans of jobs, one for those that are alike.
pub(super) struct Plans<F>(HashMap<(Key, Arc<Schedule>, Arc<Policies>), Arc<Plan>>, F);

impl<F: FnMut(&str) -> Claim> Plans<F> {
    /// None yet; `claim` stands for a key.
    pub(super) fn new(claim: F) -> Self {
        Self(HashMap::new(), claim)
    }

    pub(super) fn of(
        &mut self,
        Registration { key, schedule, policies, .. }: &Registration,
    ) -> Arc<Plan> {
        let alike = (key.clone(), Arc::clone(schedule), Arc::clone(policies));
        let plan = self.0.entry(alike).or_insert_with_key(|(key, schedule, policies)| {
            let (schedule, policies) = (Arc::clone(schedule), Arc::clone(policies));
            Arc::new(Plan { key: key.clone(), schedule, policies, claim: (self.1)(key.as_str()) })
        });
        Arc::clone(plan)
    }
}
