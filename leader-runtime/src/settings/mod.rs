//! What differs between stage and production: read from files and from the environment, or set in
//! code, which wins.

mod backend;
mod code;
mod file;
mod health;
mod layer;
mod origin;
mod overrides;
mod place;
mod profile;
mod sources;
#[cfg(test)]
mod tests;
mod variable;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use leader_core::{Key, Lease, Timing};
use tracing::{debug, info};

use self::backend::Backend;
use self::health::Health;
use self::layer::{JobLayer, Layer};
use self::place::{Place, Placed};
use self::sources::Sources;
use self::variable::Environment;
use crate::error::Result;
use crate::job::Jobs;
use crate::lock::{Access, Identity};

pub(crate) use origin::Origin;
pub(crate) use overrides::Overrides;

/// How a runtime finds its lock service, what it calls itself there, and what is different about
/// its jobs than their attributes say.
///
/// [`Settings::from_env`] reads them in layers, each of which wins over those before it:
///
/// 1. what is told below as the default, and of a job what its attribute says;
/// 2. `leader.toml` in the working directory, or the file that `LEADER_CONFIG` names;
/// 3. with `LEADER_PROFILE=stage`, the file `leader.stage.toml` beside it;
/// 4. the environment, in which a variable that is empty is as good as none;
/// 5. code: the methods below.
///
/// | in a file | variable | default | values |
/// |---|---|---|---|
/// | | `LEADER_CONFIG` | `leader.toml` | the path of the file; only the default one may be missing |
/// | | `LEADER_PROFILE` | none | `a` to `z`, `0` to `9`, `_` and `-`, at most 32: names a file, which has to be there, and the `key_prefix` |
/// | `[lock]` `backend` | `LEADER_LOCK` | `consul` | `consul`, `local` or `local:DIR`: where locks are kept |
/// | `key_prefix` | `LEADER_KEY_PREFIX` | the profile and a `/`, or empty | a folder that is put before every key: `stage/`. Empty is a value, too |
/// | `lease` | `LEADER_LEASE` | `6s` | `1s` to `60s`: another node leads within this of any death |
/// | `fence_base` | `LEADER_FENCE_BASE` | 0 | 0 to 10¹⁸: is added to every [`Fence`](crate::Fence), where a Consul was built anew |
/// | `node` | `LEADER_NODE` | the machine's name | what this node is called in a lock's value |
/// | `[health]` `listen` | `LEADER_HEALTH` | `off` | `8080` on 127.0.0.1, `0.0.0.0:8080`, or `off` |
/// | `[jobs.NAME]` an option | `LEADER_JOB_NAME_OPTION` | what the attribute says | as in the attribute |
///
/// Consul is found and spoken to by the variables of its official clients, which no file has:
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `CONSUL_HTTP_ADDR` | `127.0.0.1:8500` | `host:port`, `http://…`, `https://…` or `unix:///path`; a path behind the host is put before every request's own |
/// | `CONSUL_HTTP_TOKEN` | none | the ACL token |
/// | `CONSUL_HTTP_TOKEN_FILE` | none | a file that holds it, which wins; what is written there while the process runs is used within a second, and before a refusal is taken for one |
/// | `CONSUL_HTTP_AUTH` | none | `user:password` for a proxy that asks for them (basic auth) |
/// | `CONSUL_HTTP_SSL` | `false` | `true`: TLS, also without `https://` |
/// | `CONSUL_HTTP_SSL_VERIFY` | `true` | `false`: any certificate is taken, which the log says |
/// | `CONSUL_CACERT`, `CONSUL_CAPATH` | those of the system | the authorities to trust instead: a PEM file, which wins, or a directory of them |
/// | `CONSUL_CLIENT_CERT`, `CONSUL_CLIENT_KEY` | none | our own certificate, and its key: PEM files, both or none |
/// | `CONSUL_TLS_SERVER_NAME` | the host | the name that the agent's certificate is for: `server.dc1.consul` |
/// | `CONSUL_NAMESPACE`, `CONSUL_PARTITION` | the token's | of Consul Enterprise: where all is kept |
///
/// TLS is a feature of this crate, `tls`, which is on by default.
///
/// A layer that gives a job a schedule, of whatever kind, replaces the one below, and with it what
/// does not go with the new kind: `every = "10s"` over `cron` and `tz` leaves neither. What must be
/// alike on all nodes of a key, or is a part of the program, is not changed by settings: `key`,
/// `name`, `standby`.
///
/// Nothing is accepted and ignored. A wrong value stops the start, also where a higher layer says
/// something else, and so does a name that is unknown, in the files or among the `LEADER_…`. All
/// faults are told at once, each with its place.
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
    sources: Option<Sources>,
    backend: Placed<Backend>,
    key_prefix: Placed<String>,
    lease: Placed<Lease>,
    fence_base: Placed<u64>,
    health: Placed<Health>,
    node: Place,
    service: Place,
    identity: Identity,
    access: Access,
    /// The lowest layer first.
    jobs: Vec<JobLayer>,
    /// And over them.
    jobs_in_code: JobLayer,
    /// What was wrong with any of them, told when the runtime starts.
    faults: Vec<String>,
}

/// What is added to a Raft index, which no cluster lives to see so high, stays below 2^63.
const MOST_FENCE_BASE: u64 = 1_000_000_000_000_000_000;

impl Settings {
    /// The defaults; no file is read, and not the environment.
    pub fn new() -> Self {
        Self {
            sources: None,
            backend: Placed::by_default(Backend::Consul),
            key_prefix: Placed::by_default(String::new()),
            lease: Placed::by_default(Lease::default()),
            fence_base: Placed::by_default(0),
            health: Placed::by_default(Health::OFF),
            node: Place::Default,
            service: Place::Default,
            identity: Identity::of_process(),
            access: Access::default(),
            jobs: Vec::new(),
            jobs_in_code: JobLayer::default(),
            faults: Vec::new(),
        }
    }

    /// The defaults, over them the files, and over these the environment. What is wrong there is
    /// told when the runtime starts, all of it at once.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read; where one is missing that `LEADER_CONFIG` or `LEADER_PROFILE`
    /// asks for.
    pub fn from_env() -> Result<Self> {
        Self::read(std::env::vars_os(), Path::new(""))
    }

    /// The same of these variables, in this directory.
    fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        directory: &Path,
    ) -> Result<Self> {
        let Environment { config, profile, layer, consul } = Environment::read(variables);
        let (sources, files) = Sources::read(config, profile.clone(), directory)?;
        let mut settings = Self { sources: Some(sources), ..Self::new() };
        if let Some(profile) = profile {
            let place = Place::Profile(profile.name());
            settings.key_prefix = Placed::at(place, profile.key_prefix());
            settings.identity.profile = Some(profile.to_string());
        }
        for (path, bytes) in files {
            settings.add(file::read(&path, &bytes));
        }
        settings.add(layer);
        consul.iter().for_each(|(name, value)| settings.access.set(name, value));
        Ok(settings)
    }

    fn add(&mut self, layer: Layer) {
        self.faults.extend(layer.faults);
        for (name, Placed { value, place }) in layer.settings {
            self.set(name, &value, place);
        }
        self.jobs.push(layer.jobs);
    }

    /// Reads one setting, over what lower layers say.
    fn set(&mut self, name: &str, text: &str, place: Place) {
        let taken = match name {
            "lock.backend" => self.backend.take(&place, text.parse()).map_err(str::to_owned),
            "lock.key_prefix" => self.key_prefix.take(&place, folder(text)),
            "lock.lease" => self
                .lease
                .take(&place, text.parse())
                .map_err(|fault: leader_core::Error| fault.to_string()),
            "lock.fence_base" => self.fence_base.take(&place, fence_base(text)),
            "lock.node" => self.name_node(&place, text),
            "health.listen" => self.health.take(&place, text.parse()),
            unknown => Err(format!("`{unknown}` is no setting")),
        };
        self.faults.extend(taken.err().map(|why| place.fault(name, text, why)));
    }

    fn name_node(&mut self, place: &Place, text: &str) -> Result<(), String> {
        if text.is_empty() || text.contains(char::is_control) {
            return Err("is no name; use one such as `web-1`".into());
        }
        (self.identity.node, self.node) = (text.into(), place.clone());
        Ok(())
    }
}

/// What the runtime makes of them.
impl Settings {
    /// What is wrong with them, jobs apart: those are known only to a runtime. Where locks are
    /// files, what is said of Consul does not matter.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.faults.clone();
        if self.has_kv() {
            faults.extend(self.access.faults());
        }
        faults
    }

    /// What they change of these jobs.
    pub(crate) fn overrides(&self, jobs: &Jobs) -> Overrides {
        Overrides::new(self.jobs.iter().chain([&self.jobs_in_code]), jobs)
    }

    /// Says which were read, and at DEBUG what each of them is and where it is written.
    pub(crate) fn log(&self, overrides: &Overrides) {
        if let Some(sources) = &self.sources {
            info!("settings: {sources}");
        }
        for Origin { name, value, place } in self.origins(overrides) {
            debug!(name, value, %place, "setting");
        }
    }

    /// Whether there is a store beside the locks that jobs may write to.
    pub(crate) fn has_kv(&self) -> bool {
        self.backend.value == Backend::Consul
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.key_prefix.value
    }

    /// What is added to every fence.
    pub(crate) const fn base_of_fences(&self) -> u64 {
        self.fence_base.value
    }

    /// What this node is called.
    pub(crate) fn node_name(&self) -> &str {
        &self.identity.node
    }

    /// Where health is to be served, if anywhere.
    pub(crate) fn health_address(&self) -> Option<SocketAddr> {
        self.health.value.0
    }

    /// What the lease means, where there is one.
    pub(crate) fn timing(&self) -> Option<Timing> {
        self.has_kv().then(|| Timing::new(self.lease.value))
    }
}

/// A prefix that is one of keys.
fn folder(prefix: &str) -> Result<String, String> {
    let folder = prefix.strip_suffix('/').unwrap_or(prefix);
    match folder.parse::<Key>() {
        _ if prefix.is_empty() => Ok(String::new()),
        // without the `/`, `stage` would make `stageservice/clock`
        Ok(_) if folder == prefix => Err(format!("a prefix ends with a `/`; write `{prefix}/`")),
        Ok(_) => Ok(prefix.into()),
        Err(fault) => Err(format!("as a folder: {fault}")),
    }
}

fn fence_base(text: &str) -> Result<u64, String> {
    let base = text.parse().ok().filter(|base| *base <= MOST_FENCE_BASE);
    base.ok_or_else(|| format!("is none; use a whole number from 0 to {MOST_FENCE_BASE}"))
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
            .field("backend", &self.backend)
            .field("key_prefix", &self.key_prefix)
            .field("lease", &self.lease)
            .field("identity", &self.identity)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
