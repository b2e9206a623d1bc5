//! Settings, which differ between stage and production: from files and the environment, or from
//! code, which wins.

mod backend;
mod code;
mod effective;
mod file;
mod files;
mod health;
mod layer;
mod overrides;
mod profile;
mod service_link;
#[macro_use]
mod setting;
mod source;
#[cfg(test)]
mod tests;
mod value;
mod variable;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use leader_core::Timing;
use tracing::{debug, info};

use self::backend::Backend;
use self::files::SettingsFiles;
use self::layer::{JobLayer, Layer};
use self::setting::{Setting, Values};
use self::source::{Located, Source};
use self::variable::Environment;
use crate::error::Result;
use crate::job::Jobs;
use crate::leadership::Access;
use crate::model::Identity;
use crate::text::too_long;

pub(crate) use effective::EffectiveSetting;
pub(crate) use overrides::Overrides;
pub use value::SettingValue;

/// The address of the lock service, the name of this node, and changed options of jobs.
///
/// [`Settings::from_env`] reads them in layers. Each layer wins over the layers before it:
///
/// 1. the defaults below, and the attributes of jobs;
/// 2. `leader.toml` in the working directory, or the file in `LEADER_CONFIG`;
/// 3. with `LEADER_PROFILE=stage`, the file `leader.stage.toml` beside it;
/// 4. the environment; an empty variable counts as unset;
/// 5. code: the methods below.
///
/// | in a file | variable | default | values |
/// |---|---|---|---|
/// | | `LEADER_CONFIG` | `leader.toml` | the path of the file; only the default one may be missing |
/// | | `LEADER_PROFILE` | none | `a` to `z`, `0` to `9`, `_` and `-`, at most 32: names a file, which has to be there, and the `key_prefix` |
#[doc = rows!()]
/// | `[jobs.NAME]` an option | `LEADER_JOB_NAME_OPTION` | the attribute | as in the attribute |
///
/// The variables of Consul's official clients are read as well. They cannot be set in a file:
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `CONSUL_HTTP_ADDR` | `127.0.0.1:8500` | `host:port`, `http://…`, `https://…` or `unix:///path`; a path behind the host is put before every request's own |
/// | `CONSUL_HTTP_TOKEN` | none | the ACL token |
/// | `CONSUL_HTTP_TOKEN_FILE` | none | a file with the token, which wins; a new token in it is used within a second, and before a refusal counts |
/// | `CONSUL_HTTP_AUTH` | none | `user:password` for basic auth, as a proxy may ask for |
/// | `CONSUL_HTTP_SSL` | `false` | `true`: TLS, also without `https://` |
/// | `CONSUL_HTTP_SSL_VERIFY` | `true` | `false`: any certificate is accepted; a warning is logged |
/// | `CONSUL_CACERT`, `CONSUL_CAPATH` | those of the system | the certificate authorities to trust: a PEM file, which wins, or a directory of PEM files |
/// | `CONSUL_CLIENT_CERT`, `CONSUL_CLIENT_KEY` | none | the client certificate and its key: PEM files, both or none |
/// | `CONSUL_TLS_SERVER_NAME` | the host | the name in the agent's certificate: `server.dc1.consul` |
/// | `CONSUL_NAMESPACE`, `CONSUL_PARTITION` | the token's | namespace and partition of all keys (Consul Enterprise) |
/// | `HTTP_PROXY`, `HTTPS_PROXY` | none | the proxy for an address of http, and for one of https: `http://user:password@proxy:3128`, `https://…` or `socks5://…`. Never for a loopback address, `localhost` or a unix socket; not beside `CONSUL_TLS_SERVER_NAME` |
/// | `NO_PROXY` | none | hosts without a proxy, separated by commas: a name, which includes its subdomains, `.name` for the subdomains alone, an IP address, or a network such as `10.0.0.0/8`; all but a network with or without a port; `*` for all |
///
/// The last three are read in lower case as well, where the upper-case variable is not set. A proxy
/// that cannot be used does not stop the start: a warning is logged, and Consul is asked directly.
///
/// TLS needs the feature `tls`, which is on by default.
///
/// A schedule in a higher layer replaces the schedule below, together with the options that do not
/// go with the new kind: `every = "10s"` over `cron` and `tz` leaves neither. Settings cannot change
/// `key`, `name` and `standby`: these must be alike on all nodes of a key, or are part of the
/// program.
///
/// Nothing is accepted and ignored. A wrong value stops the start, even if a higher layer overrides
/// it. So does an unknown name, in a file or among the `LEADER_…` variables. The variables that
/// Kubernetes and Docker inject for a service called `leader`, such as
/// `LEADER_PORT=tcp://10.0.0.7:80`, are skipped. All faults are reported at once, each with its
/// source.
///
/// # Examples
///
/// ```
/// use leader_runtime::Settings;
///
/// // for a second runtime in one process, without the environment
/// let settings = Settings::new().key_prefix("reports/").lease("3s");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Settings {
    files: Option<SettingsFiles>,
    /// Variables of service links, which are skipped.
    links: Vec<String>,
    values: Values,
    service: Source,
    identity: Identity,
    access: Access,
    /// Layers of options of jobs, the lowest first.
    jobs: Vec<JobLayer>,
    /// The layer over those.
    jobs_in_code: JobLayer,
    /// Faults in any layer, reported when the runtime starts.
    faults: Vec<String>,
}

impl Settings {
    /// The defaults, without files and without the environment.
    pub fn new() -> Self {
        Self {
            files: None,
            links: Vec::new(),
            values: Values::default(),
            service: Source::Default,
            identity: Identity::of_process(),
            access: Access::default(),
            jobs: Vec::new(),
            jobs_in_code: JobLayer::default(),
            faults: Vec::new(),
        }
    }

    /// The defaults, over them the files, and over these the environment. Wrong values are reported
    /// when the runtime starts, all of them at once.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or if the file of `LEADER_CONFIG` or `LEADER_PROFILE` is missing.
    pub fn from_env() -> Result<Self> {
        Self::read(std::env::vars_os(), Path::new(""))
    }

    /// Reads settings from these variables and this directory.
    fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        directory: &Path,
    ) -> Result<Self> {
        let Environment { config, profile, layer, consul, links } = Environment::read(variables);
        let (sources, files) = SettingsFiles::read(config, profile.clone(), directory)?;
        let mut settings = Self { files: Some(sources), links, ..Self::new() };
        if let Some(profile) = profile {
            let source = Source::Profile(profile.name());
            settings.values.key_prefix = Located::at(source, profile.key_prefix());
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
        for (setting, Located { value, source }) in layer.settings {
            self.set(setting, &value, &source);
        }
        self.jobs.push(layer.jobs);
    }

    /// Reads one setting, over what lower layers say.
    fn set(&mut self, setting: &Setting, text: &str, source: &Source) {
        let read = match too_long(text) {
            Some(why) => Err(why),
            None => setting.read(&mut self.values, text, source),
        };
        self.faults.extend(read.err().map(|why| source.fault(setting.name, text, why)));
    }
}

/// Views of the settings for the runtime.
impl Settings {
    /// The faults, without those of jobs, which only a runtime knows. Where locks are files, the
    /// variables of Consul are not checked.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.faults.clone();
        if self.is_on_consul() {
            faults.extend(self.access.faults());
        }
        faults
    }

    /// The changed options of these jobs.
    pub(crate) fn overrides(&self, jobs: &Jobs) -> Overrides {
        Overrides::new(self.jobs.iter().chain([&self.jobs_in_code]), jobs)
    }

    /// Logs the files that were read, and at DEBUG each setting with its source.
    pub(crate) fn log(&self, overrides: &Overrides) {
        if let Some(sources) = &self.files {
            info!("settings: {sources}");
        }
        if !self.links.is_empty() {
            let links = self.links.join(", ");
            debug!("service links skipped: {links}");
        }
        for EffectiveSetting { name, value, source } in self.effective(overrides) {
            debug!(name, value, %source, "setting");
        }
    }

    pub(super) fn is_on_consul(&self) -> bool {
        self.values.backend.value == Backend::Consul
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.values.key_prefix.value
    }

    /// The number that is added to every fence.
    pub(crate) const fn base_of_fences(&self) -> u64 {
        self.values.fence_base.value
    }

    /// The name of this node.
    pub(crate) fn node_name(&self) -> &str {
        &self.values.node.value
    }

    /// This process, as others see it.
    fn identity(&self) -> Identity {
        Identity { node: self.node_name().into(), ..self.identity.clone() }
    }

    /// The address of the health endpoint, if it is on.
    pub(crate) fn health_address(&self) -> Option<SocketAddr> {
        self.values.health.value.0
    }

    /// The intervals of the lease; `None` where locks are files.
    pub(crate) fn timing(&self) -> Option<Timing> {
        self.is_on_consul().then(|| Timing::new(self.values.lease.value))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// The token is left out.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("values", &self.values)
            .field("identity", &self.identity)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
