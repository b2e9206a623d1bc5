//! What each setting is, and where it is written: for whoever wonders why.

use super::place::Place;
use super::{Overrides, Settings};

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// As files call it: `lock.lease`, `jobs.call_time.every`; or its variable.
    pub(crate) name: String,
    /// Its text; nothing of a secret.
    pub(crate) value: String,
    pub(crate) place: Place,
}

impl Settings {
    /// Every setting of the process, the defaults too; then what was changed of jobs.
    pub(crate) fn origins(&self, overrides: &Overrides) -> Vec<Origin> {
        let origin = |name: &str, value: &dyn ToString, place: &Place| Origin {
            name: name.to_owned(),
            value: value.to_string(),
            place: place.clone(),
        };
        let mut origins = vec![
            origin("lock.backend", &self.backend.value, &self.backend.place),
            origin("lock.key_prefix", &self.key_prefix.value, &self.key_prefix.place),
            origin("lock.lease", &self.lease.value, &self.lease.place),
            origin("lock.fence_base", &self.fence_base.value, &self.fence_base.place),
            origin("lock.node", &self.identity.node, &self.node),
            origin("service", &self.identity.service, &self.service),
            origin("health.listen", &self.health.value, &self.health.place),
        ];
        let consul = self.access.variables();
        origins.extend(
            consul.map(|(name, value)| origin(name, &value, &Place::Variable(name.into()))),
        );
        origins.extend(overrides.origins());
        origins
    }
}
