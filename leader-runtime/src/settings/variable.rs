//! The environment as a layer of settings, and what it says of the other layers.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::layer::{JobSetting, Layer, NAMES, did_you_mean};
use super::place::{Place, Placed};
use super::profile::Profile;

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Which file is read; an empty variable says nothing.
    pub(super) config: Option<PathBuf>,
    pub(super) profile: Option<Profile>,
    pub(super) layer: Layer,
    /// What Consul's own clients read.
    pub(super) consul: Vec<(String, String)>,
}

const CONFIG: &str = "LEADER_CONFIG";
const PROFILE: &str = "LEADER_PROFILE";

/// Before the name of a job.
pub(super) const JOB: &str = "LEADER_JOB_";

/// What sets this option of this job.
pub(super) fn name(job: &str, option: &str) -> String {
    format!("{JOB}{}_{}", job.to_uppercase(), option.to_uppercase())
}

impl Environment {
    pub(super) fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = |name: &OsStr| {
            let name = name.to_string_lossy();
            (name.starts_with("LEADER_") || name.starts_with("CONSUL_")).then(|| name.into_owned())
        };
        let variables = variables.into_iter();
        let mut variables: Vec<(String, OsString)> =
            variables.filter_map(|(name, value)| Some((ours(&name)?, value))).collect();
        variables.sort();
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.hear(name, value);
        }
        environment
    }

    fn hear(&mut self, name: String, value: OsString) {
        // that there is no prefix can be said
        if value.is_empty() && name != "LEADER_KEY_PREFIX" {
            return;
        }
        if name == CONFIG {
            self.config = Some(value.into());
            return;
        }
        let Ok(value) = value.into_string() else {
            self.layer.faults.push(format!("{name}: its value is not UTF-8"));
            return;
        };
        let place = Place::Variable(name.as_str().into());
        if name == PROFILE {
            match value.parse() {
                Ok(profile) => self.profile = Some(profile),
                Err(why) => self.layer.faults.push(place.fault(&name, &value, why)),
            }
        } else if let Some((setting, _)) = NAMES.iter().find(|(_, variable)| *variable == name) {
            self.layer.settings.push((setting, Placed::at(place, value)));
        } else if name.starts_with(JOB) {
            self.layer.jobs.settings.push(JobSetting::Variable { name, text: value });
        } else if name.starts_with("CONSUL_") {
            self.consul.push((name, value));
        } else {
            let names = NAMES.iter().map(|(_, variable)| *variable);
            let names = names.chain([CONFIG, PROFILE, "LEADER_JOB_NAME_OPTION"]);
            let why = format!("is unknown; {}", did_you_mean(&name, names));
            self.layer.faults.push(place.refuse(&name, why));
        }
    }
}
