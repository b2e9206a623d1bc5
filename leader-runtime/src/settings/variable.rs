//! The environment as a layer of settings, and what it says of the other layers.

use std::ffi::OsString;
use std::path::PathBuf;

use leader_core::nearest;

use super::layer::{JobSetting, Layer, one_of};
use super::profile::Profile;
use super::service_link::ServiceLinks;
use super::setting::{ALL, KEY_PREFIX};
use super::source::{Located, Source};
use crate::leadership::Access;
use crate::text::{MAX_VALUE_LENGTH, too_long};

/// The variables of the process that this crate reads.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Path of the settings file; `None` where the variable is empty.
    pub(super) config: Option<PathBuf>,
    pub(super) profile: Option<Profile>,
    pub(super) layer: Layer,
    /// The variables that Consul's own clients read, those of proxies among them.
    pub(super) consul: Vec<(String, OsString)>,
    /// Variables of service links, which are no settings.
    pub(super) links: Vec<String>,
}

const CONFIG: &str = "LEADER_CONFIG";
const PROFILE: &str = "LEADER_PROFILE";

/// Prefix of a variable that sets an option of a job.
pub(super) const JOB: &str = "LEADER_JOB_";

/// Name of the variable that sets this option of this job.
pub(super) fn name(job: &str, option: &str) -> String {
    format!("{JOB}{}_{}", job.to_uppercase(), option.to_uppercase())
}

impl Environment {
    pub(super) fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let is_read = |name: &str| name.starts_with("LEADER_") || Access::is_known(name);
        let variables = variables.into_iter().filter_map(|(name, value)| {
            Some((name.to_string_lossy().into_owned(), value)).filter(|(name, _)| is_read(name))
        });
        let mut variables: Vec<(String, OsString)> = variables.collect();
        variables.sort();
        let texts = variables.iter().filter_map(|(name, value)| Some((&**name, value.to_str()?)));
        let links = ServiceLinks::of(texts);
        let mut environment = Self::default();
        for (name, value) in variables {
            if value.to_str().is_some_and(|value| links.have(&name, value)) {
                environment.links.push(name);
            } else if Access::is_known(&name) {
                environment.consul.push((name, value));
            } else {
                environment.read_ours(name, value);
            }
        }
        environment
    }

    /// Reads a variable that begins with `LEADER_`.
    fn read_ours(&mut self, name: String, value: OsString) {
        // an empty prefix is a value
        if value.is_empty() && name != KEY_PREFIX.variable {
            return;
        }
        let source = Source::Variable(name.as_str().into());
        let setting = ALL.into_iter().find(|setting| setting.variable == name);
        if setting.is_none() && ![CONFIG, PROFILE].contains(&&*name) && !name.starts_with(JOB) {
            let why = format!("is unknown; {}", meant(&name));
            return self.layer.faults.push(source.refuse(&name, why));
        }
        // a path need not be UTF-8
        if name == CONFIG && value.len() <= MAX_VALUE_LENGTH {
            self.config = Some(value.into());
            return;
        }
        let Ok(value) = value.into_string() else {
            return self.layer.faults.push(format!("{name}: its value is not UTF-8"));
        };
        if let Some(why) = too_long(&value) {
            self.layer.faults.push(source.fault(&name, &value, why));
        } else if name == PROFILE {
            match value.parse() {
                Ok(profile) => self.profile = Some(profile),
                Err(why) => self.layer.faults.push(source.fault(&name, &value, why)),
            }
        } else if let Some(setting) = setting {
            self.layer.settings.push((setting, Located::at(source, value)));
        } else {
            self.layer.jobs.settings.push(JobSetting::Variable { name, text: value });
        }
    }
}

/// The remedy for an unknown name.
fn meant(name: &str) -> String {
    const OURS: &str = "LEADER_";
    let names = || {
        let names = ALL.into_iter().map(|setting| setting.variable);
        names.chain([CONFIG, PROFILE, "LEADER_JOB_NAME_OPTION"])
    };
    // the prefix that all names share does not tell which one was meant
    let rests = names().filter_map(|name| name.strip_prefix(OURS));
    match nearest(name.strip_prefix(OURS).unwrap_or(name), rests) {
        Some(meant) => format!("did you mean `{OURS}{meant}`?"),
        None => one_of(names()),
    }
}
