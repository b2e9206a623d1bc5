//! The layer of code, which wins over files and variables: for a token from a vault, for tests, and
//! for a second runtime.

use std::net::SocketAddr;
use std::path::PathBuf;

use leader_core::Lease;

use super::backend::Backend;
use super::layer::JobSetting;
use super::source::{Located, Source};
use super::value::SettingValue;
use super::{Settings, setting};

impl Settings {
    /// Sets the folder before every key, `stage/`, so that two deployments on one Consul have leaders
    /// of their own.
    pub fn key_prefix(mut self, prefix: &str) -> Self {
        self.set(setting::KEY_PREFIX, prefix, &Source::Code("Settings::key_prefix"));
        self
    }

    /// Maximum time from any death of the leader to the next one: 1 s to 60 s, 6 s by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use leader_runtime::{Lease, Settings};
    ///
    /// let settings = Settings::new().lease(Duration::from_secs(3));
    /// let settings = Settings::new().lease("3s");
    /// let settings = Settings::new().lease(Lease::MIN);
    /// ```
    pub fn lease(mut self, lease: impl SettingValue<Lease>) -> Self {
        self.set(setting::LEASE, &lease.text(), &Source::Code("Settings::lease"));
        self
    }

    /// Sets the number that is added to every [`Fence`](crate::Fence): 0 to 10¹⁸. After a move from
    /// lock files to Consul, or to a new Consul, fences count from 1 again, and a store with higher
    /// numbers would refuse them. All nodes of a key need the same number.
    pub fn fence_base(mut self, base: u64) -> Self {
        self.set(setting::FENCE_BASE, &base.to_string(), &Source::Code("Settings::fence_base"));
        self
    }

    /// Sets the name of this node in a lock's value. The default is the machine's name.
    pub fn node(mut self, name: &str) -> Self {
        self.set(setting::NODE, name, &Source::Code("Settings::node"));
        self
    }

    /// Sets the name and version of the service in a lock's value. The defaults are the program's name
    /// and no version.
    pub fn service(mut self, name: &str, version: &str) -> Self {
        self.service = Source::Code("Settings::service");
        self.identity.service = name.into();
        self.identity.version = Some(version.into());
        self
    }

    /// Keeps locks in the Consul at this address: `host:port`, `http://…`, `https://…` or
    /// `unix:///path`. Wins over `CONSUL_HTTP_ADDR`.
    pub fn consul(mut self, address: &str) -> Self {
        self.values.backend = Located::at(Source::Code("Settings::consul"), Backend::Consul);
        self.access.set_address(address);
        self
    }

    /// Sets the ACL token for Consul. Wins over `CONSUL_HTTP_TOKEN` and `CONSUL_HTTP_TOKEN_FILE`.
    pub fn token(mut self, token: &str) -> Self {
        self.access.set_token(token);
        self
    }

    /// Keeps locks as files in this directory: the processes of one machine elect a leader without
    /// Consul. A frozen process keeps its locks.
    pub fn local(mut self, directory: impl Into<PathBuf>) -> Self {
        let backend = Backend::Local(Some(directory.into()));
        self.values.backend = Located::at(Source::Code("Settings::local"), backend);
        self
    }

    /// Address of the health endpoint: `8080` on 127.0.0.1, `"0.0.0.0:8080"`, a
    /// [`SocketAddr`], or `"off"`, the default.
    pub fn health(mut self, address: impl SettingValue<SocketAddr>) -> Self {
        self.set(setting::HEALTH, &address.text(), &Source::Code("Settings::health"));
        self
    }

    /// Sets one option of a job, by the job's name in logs and the option's text in an attribute:
    /// `.job("call_time", "every", "10s")`. For tests, and for services with settings of their own.
    pub fn job(mut self, name: &str, option: &str, value: &str) -> Self {
        let source = Source::Code("Settings::job");
        self.jobs_in_code.settings.push(JobSetting::one(name, option, value, source));
        self
    }
}
