//! The lock service: Consul, or files.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use leader_core::Timing;

use super::Settings;
use crate::error::{Error, Result};
use crate::leadership::{Consul, Local, LockService, SharedLayout};
use crate::text::{Excerpt, MAX_VALUE_LENGTH};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Consul,
    /// Lock files in this directory; `None` for the user's own directory.
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
    /// Returns the lock service for the keys of this layout.
    pub(crate) fn lock_service(&self, layout: &SharedLayout) -> Result<Arc<dyn LockService>> {
        let (layout, identity) = (layout.clone(), self.identity());
        Ok(match &self.values.backend.value {
            Backend::Consul => Arc::new(Consul::new(
                &self.access,
                Timing::new(self.values.lease.value),
                &self.values.key_prefix.value,
                layout,
                identity,
            )?),
            Backend::Local(directory) => {
                let directory = match directory {
                    Some(directory) => directory.clone(),
                    None => own_directory(|name| std::env::var_os(name))?,
                };
                Arc::new(Local::new(directory, layout, identity))
            }
        })
    }
}

/// The user's own state directory. Its content outlives a restart of the machine: the fence must not
/// go back.
fn own_directory(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    const HOMES: [(&str, &str); 3] =
        [("XDG_STATE_HOME", ""), ("HOME", ".local/state"), ("USERPROFILE", ".local/state")];
    let home = HOMES.into_iter().find_map(|(name, state)| {
        let home = variable(name).filter(|home| !home.is_empty())?;
        Some((name, PathBuf::from(home), state))
    });
    match home {
        Some((_, home, state))
            if home.is_absolute() && home.as_os_str().len() <= MAX_VALUE_LENGTH =>
        {
            Ok(home.join(state).join("leader-runtime/locks"))
        }
        // two processes in two working directories would not see each other's locks
        Some((name, home, _)) => Err(Error::setting(
            name,
            &Excerpt::line(&home.to_string_lossy()).to_string(),
            "is no absolute path, and LEADER_LOCK=local keeps its files there; set it to one, or use \
             `local:DIR` with a directory that this user may write",
        )),
        None => Err(Error::setting(
            "LEADER_LOCK",
            "local",
            "this user has no home directory; use `local:DIR` with a directory that it may write",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_a_users_own_is_absolute_or_told() {
        let of = |variables: &[(&str, &str)]| {
            let said = |name: &str| {
                let (_, value) = variables.iter().find(|(of, _)| *of == name)?;
                Some(OsString::from(value))
            };
            own_directory(said).map_err(Error::into_faults)
        };
        let locks = |home: &str| Ok(PathBuf::from(home).join("leader-runtime/locks"));
        assert_eq!(of(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), locks("/s"));
        assert_eq!(of(&[("XDG_STATE_HOME", ""), ("HOME", "/h")]), locks("/h/.local/state"));
        assert_eq!(of(&[("USERPROFILE", "/u")]), locks("/u/.local/state"));
        let endless = format!("/{}", "x".repeat(1 << 20));
        for (name, value) in [("XDG_STATE_HOME", "  "), ("HOME", "home"), ("HOME", &endless)] {
            let faults = of(&[(name, value)]).unwrap_err();
            assert!(faults[0].starts_with(&format!("{name}=`")), "{faults:?}");
            assert!(faults[0].contains("use `local:DIR`") && faults[0].len() < 500, "{faults:?}");
        }
        assert!(of(&[]).unwrap_err()[0].contains("no home directory"));
    }
}
