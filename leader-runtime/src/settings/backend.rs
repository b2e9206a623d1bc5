//! Where locks are kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use leader_core::Timing;

use super::Settings;
use crate::error::{Error, Result};
use crate::lock::{Consul, Local, LockService, SharedLayout};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Consul,
    /// Lock files in this directory; `None`: in the user's own.
    Local(Option<PathBuf>),
}

impl FromStr for Backend {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "consul" => Ok(Self::Consul),
            None if text == "local" => Ok(Self::Local(None)),
            Some(("local", directory)) if !directory.is_empty() => {
                Ok(Self::Local(Some(directory.into())))
            }
            _ => Err("use `consul`, `local` or `local:DIR`"),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consul => f.write_str("consul"),
            Self::Local(None) => f.write_str("local"),
            Self::Local(Some(directory)) => write!(f, "local:{}", directory.display()),
        }
    }
}

impl Settings {
    /// The lock service that they name, for the keys of this layout.
    pub(crate) fn lock_service(&self, layout: &SharedLayout) -> Result<Arc<dyn LockService>> {
        let (layout, identity) = (layout.clone(), self.identity.clone());
        Ok(match &self.backend.value {
            Backend::Consul => Arc::new(Consul::new(
                &self.access,
                Timing::new(self.lease.value),
                &self.key_prefix.value,
                layout,
                identity,
            )?),
            Backend::Local(directory) => {
                let directory = match directory {
                    Some(directory) => directory.clone(),
                    None => own_directory()?,
                };
                Arc::new(Local::new(directory, layout, identity))
            }
        })
    }
}

/// Where a user's own state is kept, and survives a restart of the machine: the fence must not go
/// back.
fn own_directory() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        variable("HOME")
            .or_else(|| variable("USERPROFILE"))
            .map(|home| PathBuf::from(home).join(".local/state"))
    });
    state.map(|state| state.join("leader-runtime/locks")).ok_or_else(|| {
        Error::setting(
            "LEADER_LOCK",
            "local",
            "this user has no home directory; use `local:DIR` with a directory that it may write",
        )
    })
}
