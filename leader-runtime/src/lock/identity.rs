//! Who holds a lock, for the people who read its value.

use std::time::SystemTime;

use leader_core::Due;
use leader_core::election::Attempt;
use serde::Serialize;

/// This process, as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The machine, unless a setting names the node.
    pub(crate) node: String,
    /// The service, and its version where it was told.
    pub(crate) service: String,
    pub(crate) version: Option<String>,
}

/// The value of a lock: written with the acquisition, and never again.
#[derive(Serialize)]
struct LockValue<'a> {
    node: &'a str,
    pid: u32,
    service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// When it was asked for, by this machine's clock.
    since: String,
    /// Makes every write one that was never written before.
    attempt: u64,
}

impl Identity {
    /// The machine's name and the program's.
    pub(crate) fn of_process() -> Self {
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let service = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        Self { node, service: service.unwrap_or_else(|| "unknown".into()), version: None }
    }

    /// The value of a lock that is acquired by this attempt, as JSON.
    pub(crate) fn lock_value(&self, attempt: Attempt) -> Vec<u8> {
        json(&LockValue {
            node: &self.node,
            pid: std::process::id(),
            service: &self.service,
            version: self.version.as_deref(),
            since: Due::new(SystemTime::now()).to_string(),
            attempt: attempt.number(),
        })
    }
}

/// These values are strings and numbers: nothing in them can fail to be JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
