//! The leader of a key, as the lock's value names it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::instant;
use crate::text::Excerpt;

/// The identity of this process, as other nodes see it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The machine, unless a setting names the node.
    pub(crate) node: String,
    /// The service and, if known, its version.
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    /// The profile of the settings.
    pub(crate) profile: Option<String>,
}

/// The leader of a key, as the lock's value names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leader {
    /// The node: the machine, unless a setting names it.
    #[serde(default = "unknown")]
    pub node: String,
    /// The process on that machine.
    #[serde(default)]
    pub pid: u32,
    /// The service: the program, unless a setting names it.
    pub service: String,
    /// The service's version, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The profile of the settings, if any: `stage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The time at which the leader asked for the key, by its machine's clock, serialized as RFC 3339
    /// in UTC; `None` where another tool holds the lock.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    pub since: Option<SystemTime>,
}

impl Identity {
    /// The machine's name and the program's.
    pub(crate) fn of_process() -> Self {
        let node = gethostname::gethostname().to_string_lossy().into_owned();
        let node = if node.is_empty() { "unknown".into() } else { node };
        let service = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        let service = service.unwrap_or_else(|| "unknown".into());
        Self { node, service, version: None, profile: None }
    }

    /// The service, as logs name it.
    pub(crate) fn called(&self) -> String {
        called(&self.service, self.profile.as_deref())
    }
}

impl Leader {
    /// The service, as logs name it.
    pub(crate) fn called(&self) -> String {
        called(&self.service, self.profile.as_deref())
    }

    /// Whether the leader has the service and profile of this process.
    pub(crate) fn is_like(&self, own: &Identity) -> bool {
        (&self.service, &self.profile) == (&own.service, &own.profile)
    }
}

fn unknown() -> String {
    "unknown".into()
}

/// The service with its profile. If two nodes of one key differ in these, a prefix is most likely
/// missing.
fn called(service: &str, profile: Option<&str>) -> String {
    let service = Excerpt::name(service);
    match profile {
        Some(profile) => {
            format!("`{service}` with the profile `{}`", Excerpt::name(profile))
        }
        None => format!("`{service}`"),
    }
}
