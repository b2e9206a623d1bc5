//! The settings in force, each with its source.

use super::setting::ALL;
use super::source::Source;
use super::{Overrides, Settings};

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EffectiveSetting {
    /// The name in a file, `lock.lease` or `jobs.call_time.every`; or the variable.
    pub(crate) name: String,
    /// The value as text, without secrets.
    pub(crate) value: String,
    pub(crate) source: Source,
}

impl Settings {
    /// Every setting of the process, defaults included, then the options of jobs that settings change.
    pub(crate) fn effective(&self, overrides: &Overrides) -> Vec<EffectiveSetting> {
        let effective = |name: &str, value: &dyn ToString, source: &Source| EffectiveSetting {
            name: name.to_owned(),
            value: value.to_string(),
            source: source.clone(),
        };
        let shown = ALL.iter().map(|setting| {
            let (value, source) = setting.show(&self.values);
            effective(setting.name, &value, source)
        });
        let mut all: Vec<EffectiveSetting> = shown.collect();
        all.push(effective("service", &self.identity.service, &self.service));
        let consul = self.access.variables();
        all.extend(
            consul.map(|(name, value)| effective(name, &value, &Source::Variable(name.into()))),
        );
        if self.is_on_consul()
            && let Some((variable, proxy)) = self.access.proxy()
        {
            all.push(effective(variable, &proxy, &Source::Variable(variable.into())));
        }
        all.extend(overrides.effective());
        all
    }
}
