//! Who holds a lock, for the people who read its value.

use std::time::SystemTime;

use leader_core::Due;
use leader_core::election::Attempt;
use serde::{Deserialize, Serialize};

/// This process, as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The machine, unless a setting names the node.
    pub(crate) node: String,
    /// The service, and its version where it was told.
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    /// The stage that its settings are of.
    pub(crate) profile: Option<String>,
}

/// The value of a lock: written with the acquisition, and never again.
#[derive(Serialize)]
struct LockValue {
    #[serde(flatten)]
    leader: Leader,
    /// Makes every write one that was never written before.
    attempt: u64,
}

/// Who leads a key, as the lock's value says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leader {
    /// The node: the machine, unless a setting names it.
    pub node: String,
    /// The process on that machine.
    pub pid: u32,
    /// The service: the program, unless a setting names it.
    pub service: String,
    /// The service's version, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The profile of its settings, where it has one: `stage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// When it asked for the key, by its machine's clock: RFC 3339 in UTC.
    pub since: String,
}

impl Identity {
    /// The machine's name and the program's.
    pub(crate) fn of_process() -> Self {
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let service = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        let service = service.unwrap_or_else(|| "unknown".into());
        Self { node, service, version: None, profile: None }
    }

    /// What logs call it.
    pub(super) fn called(&self) -> String {
        called(&self.service, self.profile.as_deref())
    }

    /// The value of a lock that is acquired by this attempt, as JSON.
    pub(crate) fn lock_value(&self, attempt: Attempt) -> Vec<u8> {
        let leader = Leader {
            node: self.node.clone(),
            pid: std::process::id(),
            service: self.service.clone(),
            version: self.version.clone(),
            profile: self.profile.clone(),
            since: Due::new(SystemTime::now()).to_string(),
        };
        json(&LockValue { leader, attempt: attempt.number() })
    }
}

impl Leader {
    /// What logs call it.
    pub(super) fn called(&self) -> String {
        called(&self.service, self.profile.as_deref())
    }

    /// Of a lock's value; another tool's says nothing of its holder.
    pub(super) fn of_value(value: &[u8]) -> Self {
        serde_json::from_slice(value).unwrap_or_else(|_| Self {
            node: "unknown".into(),
            pid: 0,
            service: "another tool".into(),
            version: None,
            profile: None,
            since: "unknown".into(),
        })
    }
}

/// Two that differ in this and stand for one key have most likely forgotten a prefix.
fn called(service: &str, profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("`{service}` with the profile `{profile}`"),
        None => format!("`{service}`"),
    }
}

/// These values are strings and numbers: nothing in them can fail to be JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
