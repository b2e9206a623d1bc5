//! The layer of code, which wins over all that is read: for a token from a vault, for tests, and
//! for a second runtime.

use std::path::PathBuf;

use super::Settings;
use super::backend::Backend;
use super::layer::JobSetting;
use super::place::{Place, Placed};

impl Settings {
    /// A folder that is put before every key, `stage/`, so that two deployments on one Consul have
    /// leaders of their own.
    pub fn key_prefix(mut self, prefix: &str) -> Self {
        self.set("lock.key_prefix", prefix, Place::Code("Settings::key_prefix"));
        self
    }

    /// Another node leads within this of any death: `1s` to `60s`.
    pub fn lease(mut self, lease: &str) -> Self {
        self.set("lock.lease", lease, Place::Code("Settings::lease"));
        self
    }

    /// Is added to every [`Fence`](crate::Fence): 0 to 10¹⁸. Where locks have moved, from files to a
    /// Consul or to one that was built anew, what is counted there begins at 1, and a store that
    /// knows higher numbers would refuse it; all nodes of a key have the same.
    pub fn fence_base(mut self, base: u64) -> Self {
        self.set("lock.fence_base", &base.to_string(), Place::Code("Settings::fence_base"));
        self
    }

    /// What this node is called in a lock's value: the machine's name unless told otherwise.
    pub fn node(mut self, name: &str) -> Self {
        self.set("lock.node", name, Place::Code("Settings::node"));
        self
    }

    /// What the service is called in a lock's value, and its version: the program's name, and none,
    /// unless told otherwise.
    pub fn service(mut self, name: &str, version: &str) -> Self {
        self.service = Place::Code("Settings::service");
        self.identity.service = name.into();
        self.identity.version = Some(version.into());
        self
    }

    /// Locks are kept by the Consul at this address: `host:port`, `http://…`, `https://…` or
    /// `unix:///path`. Wins over `CONSUL_HTTP_ADDR`.
    pub fn consul(mut self, address: &str) -> Self {
        self.backend = Placed::at(Place::Code("Settings::consul"), Backend::Consul);
        self.access.set_address(address);
        self
    }

    /// The ACL token for Consul. Wins over `CONSUL_HTTP_TOKEN` and `CONSUL_HTTP_TOKEN_FILE`.
    pub fn token(mut self, token: &str) -> Self {
        self.access.set_token(token);
        self
    }

    /// Locks are files in this directory: several processes on one machine elect a leader, with
    /// nothing installed. A process that is frozen keeps its locks.
    pub fn local(mut self, directory: impl Into<PathBuf>) -> Self {
        let backend = Backend::Local(Some(directory.into()));
        self.backend = Placed::at(Place::Code("Settings::local"), backend);
        self
    }

    /// Where health is served: `8080` on 127.0.0.1, `0.0.0.0:8080`, or `off`.
    pub fn health(mut self, address: &str) -> Self {
        self.set("health.listen", address, Place::Code("Settings::health"));
        self
    }

    /// One option of a job, by the name that logs call it, with the text that its attribute would
    /// have: `.job("call_time", "every", "10s")`. For tests, and for a service whose own settings
    /// say it.
    pub fn job(mut self, name: &str, option: &str, value: &str) -> Self {
        let place = Place::Code("Settings::job");
        self.jobs_in_code.settings.push(JobSetting::one(name, option, value, place));
        self
    }
}
