//! What differs between stage and production: read from the environment, or set in code, which
//! wins.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use leader_core::{Key, Lease, Timing};

use crate::error::{Error, Result};
use crate::lock::{Address, Consul, Identity, Local, LockService, SharedLayout};

/// How a runtime finds its lock service, and what it calls itself there.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `LEADER_LOCK` | `consul` | `consul`, `local` or `local:DIR`: where locks are kept |
/// | `LEADER_KEY_PREFIX` | empty | a folder that is put before every key: `stage/` |
/// | `LEADER_LEASE` | `6s` | 1s to 60s: another node leads within this of any death |
/// | `LEADER_NODE` | the machine's name | what this node is called in a lock's value |
/// | `CONSUL_HTTP_ADDR` | `127.0.0.1:8500` | `host:port` or `http://host:port`, a path too |
/// | `CONSUL_HTTP_TOKEN` | none | the ACL token |
///
/// Nothing is accepted and ignored: a `LEADER_…` that is none of these stops the start, as does a
/// `CONSUL_…` that the official clients know and this version does not support.
///
/// # Examples
///
/// ```
/// use leader_runtime::Settings;
///
/// // for a second runtime in one process, which must not read the environment
/// let settings = Settings::new().key_prefix("reports/").lease("3s");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Settings {
    lock: Lock,
    key_prefix: String,
    lease: Lease,
    identity: Identity,
    address: Address,
    token: Option<String>,
    /// What was wrong with any of them, told when the runtime starts.
    faults: Vec<String>,
}

/// Where locks are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lock {
    Consul,
    /// `None`: in the user's own directory.
    Local(Option<PathBuf>),
}

/// What the official clients read and this version does not honour. Ignoring one of these could
/// connect to the wrong Consul, or without the protection that was asked for.
const UNSUPPORTED: [&str; 11] = [
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_HTTP_AUTH",
    "CONSUL_HTTP_SSL",
    "CONSUL_HTTP_SSL_VERIFY",
    "CONSUL_CACERT",
    "CONSUL_CAPATH",
    "CONSUL_CLIENT_CERT",
    "CONSUL_CLIENT_KEY",
    "CONSUL_TLS_SERVER_NAME",
    "CONSUL_NAMESPACE",
    "CONSUL_PARTITION",
];

const KNOWN: [&str; 4] = ["LEADER_LOCK", "LEADER_KEY_PREFIX", "LEADER_LEASE", "LEADER_NODE"];

impl Settings {
    /// The defaults; the environment is not read.
    pub fn new() -> Self {
        Self {
            lock: Lock::Consul,
            key_prefix: String::new(),
            lease: Lease::default(),
            identity: Identity::of_process(),
            address: Address::default(),
            token: None,
            faults: Vec::new(),
        }
    }

    /// The defaults, and over them the environment. What is wrong there is told when the runtime
    /// starts, all of it at once.
    ///
    /// # Errors
    ///
    /// None in this version; files will be read here that may be unreadable.
    pub fn from_env() -> Result<Self> {
        Ok(Self::new().with_variables(std::env::vars_os()))
    }

    fn with_variables(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            if !name.starts_with("LEADER_") && !name.starts_with("CONSUL_") || value.is_empty() {
                continue;
            }
            let Some(value) = value.to_str() else {
                self.faults.push(format!("{name}: its value is not UTF-8"));
                continue;
            };
            self = self.with_variable(name, value);
        }
        self
    }

    fn with_variable(mut self, name: &str, value: &str) -> Self {
        match name {
            "LEADER_LOCK" => match value.split_once(':').unwrap_or((value, "")) {
                ("consul", "") => self.lock = Lock::Consul,
                ("local", "") => self.lock = Lock::Local(None),
                ("local", directory) => self.lock = Lock::Local(Some(directory.into())),
                _ => self.refuse(name, value, "use `consul`, `local` or `local:DIR`"),
            },
            "LEADER_KEY_PREFIX" => self = self.key_prefix_from(name, value),
            "LEADER_LEASE" => self = self.lease_from(name, value),
            "LEADER_NODE" => self.identity.node = value.into(),
            "CONSUL_HTTP_ADDR" => match value.parse() {
                Ok(address) => self.address = address,
                Err(error) => self.faults.extend(Error::into_faults(error)),
            },
            "CONSUL_HTTP_TOKEN" => self.token = Some(value.into()),
            "CONSUL_HTTP_SSL" | "CONSUL_HTTP_SSL_VERIFY" if value == "false" => {}
            unsupported if UNSUPPORTED.contains(&unsupported) => {
                self.faults.push(format!("{name} is not supported yet; unset it"));
            }
            unknown if unknown.starts_with("LEADER_") => {
                self.faults.push(format!("{name} is unknown; there are {}", KNOWN.join(", ")));
            }
            _ => {}
        }
        self
    }

    /// A folder that is put before every key, `stage/`, so that two deployments on one Consul have
    /// leaders of their own.
    pub fn key_prefix(self, prefix: &str) -> Self {
        self.key_prefix_from("Settings::key_prefix", prefix)
    }

    fn key_prefix_from(mut self, place: &str, prefix: &str) -> Self {
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        match folder.parse::<Key>() {
            _ if prefix.is_empty() => self.key_prefix.clear(),
            // without the `/`, `stage` would make `stageservice/clock`
            Ok(_) if folder == prefix => {
                self.refuse(place, prefix, &format!("a prefix ends with a `/`; write `{prefix}/`"));
            }
            Ok(_) => self.key_prefix = prefix.into(),
            Err(error) => self.refuse(place, prefix, &format!("as a folder: {error}")),
        }
        self
    }

    /// Another node leads within this of any death: `1s` to `60s`.
    pub fn lease(self, lease: &str) -> Self {
        self.lease_from("Settings::lease", lease)
    }

    fn lease_from(mut self, place: &str, lease: &str) -> Self {
        match lease.parse() {
            Ok(lease) => self.lease = lease,
            Err(error) => self.refuse(place, lease, &format!("{error}")),
        }
        self
    }

    /// What this node is called in a lock's value: the machine's name unless told otherwise.
    pub fn node(mut self, name: &str) -> Self {
        self.identity.node = name.into();
        self
    }

    /// What the service is called in a lock's value, and its version: the program's name, and none,
    /// unless told otherwise.
    pub fn service(mut self, name: &str, version: &str) -> Self {
        self.identity.service = name.into();
        self.identity.version = Some(version.into());
        self
    }

    /// Locks are kept by the Consul at this address: `host:port` or `http://host:port`.
    pub fn consul(mut self, address: &str) -> Self {
        self.lock = Lock::Consul;
        match address.parse() {
            Ok(address) => self.address = address,
            Err(error) => self.faults.extend(Error::into_faults(error)),
        }
        self
    }

    /// The ACL token for Consul.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Locks are files in this directory: several processes on one machine elect a leader, with
    /// nothing installed. A process that is frozen keeps its locks.
    pub fn local(mut self, directory: impl Into<PathBuf>) -> Self {
        self.lock = Lock::Local(Some(directory.into()));
        self
    }

    fn refuse(&mut self, place: &str, value: &str, fault: &str) {
        self.faults.push(format!("{place}=`{value}`: {fault}"));
    }
}

/// What the runtime makes of them.
impl Settings {
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Whether there is a store beside the locks that jobs may write to.
    pub(crate) fn has_kv(&self) -> bool {
        self.lock == Lock::Consul
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.key_prefix
    }

    /// What this node is called.
    pub(crate) fn node_name(&self) -> &str {
        &self.identity.node
    }

    /// What the lease means, where there is one.
    pub(crate) fn timing(&self) -> Option<Timing> {
        (self.lock == Lock::Consul).then(|| Timing::new(self.lease))
    }

    /// The lock service that they name, for the keys of this layout.
    pub(crate) fn lock_service(&self, layout: &SharedLayout) -> Result<Arc<dyn LockService>> {
        let (layout, identity) = (layout.clone(), self.identity.clone());
        Ok(match &self.lock {
            Lock::Consul => Arc::new(Consul::new(
                &self.address,
                self.token.as_deref(),
                Timing::new(self.lease),
                &self.key_prefix,
                layout,
                identity,
            )?),
            Lock::Local(directory) => {
                let directory = match directory {
                    Some(directory) => directory.clone(),
                    None => own_directory()?,
                };
                let local = Local::new(&directory, layout, identity);
                Arc::new(local.map_err(|cause| Error::lock_directory(&directory, cause))?)
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

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// Without the token.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("lock", &self.lock)
            .field("key_prefix", &self.key_prefix)
            .field("lease", &self.lease)
            .field("identity", &self.identity)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Settings {
        Settings::new().with_variables(variables.iter().map(|(n, v)| (n.into(), v.into())))
    }

    #[test]
    fn every_variable_is_read() {
        let settings = of(&[
            ("LEADER_LOCK", "local:/somewhere"),
            ("LEADER_KEY_PREFIX", "stage/"),
            ("LEADER_LEASE", "1s"),
            ("LEADER_NODE", "one"),
            ("CONSUL_HTTP_ADDR", "10.0.0.1:80"),
            ("CONSUL_HTTP_TOKEN", "secret"),
            ("CONSUL_HTTP_SSL", "false"),
            ("CONSUL_CACERT", ""),
            ("HOME", "/home"),
        ]);
        assert_eq!(settings.faults(), [""; 0]);
        assert_eq!(settings.lock, Lock::Local(Some("/somewhere".into())));
        assert_eq!(settings.prefix(), "stage/");
        assert_eq!(settings.lease, Lease::MIN);
        assert_eq!(settings.identity.node, "one");
        assert_eq!(settings.address.to_string(), "http://10.0.0.1:80");
        assert_eq!(settings.token.as_deref(), Some("secret"));
    }

    #[test]
    fn every_wrong_value_is_told_at_once_with_its_place_and_remedy() {
        let settings = of(&[
            ("LEADER_LOCK", "etcd"),
            ("LEADER_KEY_PREFIX", "/stage"),
            ("LEADER_LEASE", "500ms"),
            ("LEADER_LEESE", "5s"),
            ("CONSUL_HTTP_ADDR", "https://x"),
            ("CONSUL_CACERT", "/ca.pem"),
        ]);
        for (place, remedy) in [
            ("LEADER_LOCK=`etcd`", "use `consul`, `local` or `local:DIR`"),
            ("LEADER_KEY_PREFIX=`/stage`", "write `stage`"),
            ("LEADER_LEASE=`500ms`", "use 1s to 60s"),
            ("LEADER_LEESE is unknown", "LEADER_LEASE"),
            ("CONSUL_HTTP_ADDR=`https://x`", "use `host:port`"),
            ("CONSUL_CACERT", "unset it"),
        ] {
            let told = |fault: &&String| fault.starts_with(place) && fault.contains(remedy);
            assert!(settings.faults().iter().any(|f| told(&f)), "{place}: {:?}", settings.faults());
        }
        assert_eq!(settings.faults().len(), 6);
    }

    #[test]
    fn a_prefix_is_a_folder() {
        let settings = Settings::new().key_prefix("stage");
        let fault = "Settings::key_prefix=`stage`: a prefix ends with a `/`; write `stage/`";
        assert_eq!(settings.faults(), [fault]);
        assert_eq!(Settings::new().key_prefix("").prefix(), "");
    }

    #[test]
    fn a_token_is_never_printed() {
        let settings = Settings::new().token("secret");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
