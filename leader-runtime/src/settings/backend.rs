//! Where locks are kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, Result};

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

/// Where a user's own state is kept, and survives a restart of the machine: the fence must not go
/// back.
pub(super) fn own_directory() -> Result<PathBuf> {
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
