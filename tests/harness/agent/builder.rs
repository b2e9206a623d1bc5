//! The arguments of an agent: ports and a directory of its own, and the additions of a test.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Mutex;

use super::Agent;
use crate::certificates::Certificates;
use crate::consul::Consul;
use crate::place::Place;

/// An agent that is still to be started; its address is known already.
#[must_use]
#[derive(Debug)]
pub struct AgentBuilder {
    agent: Agent,
}

impl AgentBuilder {
    pub(crate) fn new(consul: &Consul, name: &str, place: Place) -> Self {
        let dir = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir()
            .unwrap_or_else(|fault| panic!("no temporary directory for {name}: {fault}"));
        let mut args: Vec<OsString> = [
            "-dns-port=-1",
            "-grpc-port=-1",
            "-serf-wan-port=-1",
            "-hcl=session_ttl_min=\"1s\" disable_update_check=true",
        ]
        .map(OsString::from)
        .into();
        // every server opens this one since 1.14, and older ones refuse the flag
        if consul.is_at_least(1, 14) {
            args.push("-grpc-tls-port=-1".into());
        }
        args.push(format!("-node={name}").into());
        args.push(format!("-bind={}", place.ip()).into());
        args.push(format!("-client={}", place.ip()).into());
        args.push(format!("-http-port={}", place.http()).into());
        args.push(format!("-server-port={}", place.server()).into());
        args.push(format!("-serf-lan-port={}", place.gossip()).into());
        let agent = Agent {
            name: name.to_owned(),
            consul: consul.clone(),
            args,
            token: None,
            process: Mutex::new(None),
            dir,
            place,
        };
        Self { agent }
    }

    /// Adds a piece of configuration, as `acl { enabled = true }`.
    pub fn hcl(self, hcl: &str) -> Self {
        self.arg(format!("-hcl={hcl}"))
    }

    /// Adds a configuration file.
    pub fn config_file(self, path: &Path) -> Self {
        self.arg("-config-file").arg(path)
    }

    /// Has it serve over TLS as well, to clients that show a certificate of this authority's.
    pub fn tls(self, certificates: &Certificates) -> Self {
        let https = self.agent.place.https();
        self.hcl(&format!(
            "ports {{ https = {https} }} verify_incoming_https = true \
             ca_file = {:?} cert_file = {:?} key_file = {:?}",
            certificates.authority(),
            certificates.server(),
            certificates.server_key()
        ))
    }

    /// Has it serve on a unix socket as well.
    pub fn unix_socket(self) -> Self {
        let ip = self.agent.place.ip();
        let hcl =
            format!("addresses {{ http = \"{ip} unix://{}\" }}", self.agent.socket().display());
        self.hcl(&hcl)
    }

    /// Gives [`Agent::api`] a token.
    pub fn token(mut self, token: &str) -> Self {
        self.agent.token = Some(token.to_owned());
        self
    }

    /// Where it will serve, `ip:port`; until then connections are refused there.
    pub fn addr(&self) -> String {
        self.agent.addr()
    }

    /// Starts it, and waits until it serves: until a key can be written and a session created.
    ///
    /// # Panics
    ///
    /// When it ends, or does not serve within 30 seconds; its log is printed.
    #[track_caller]
    pub fn start(self) -> Agent {
        let agent = self.launch();
        agent.wait_ready();
        agent
    }

    #[track_caller]
    pub(crate) fn launch(self) -> Agent {
        self.agent.launch();
        self.agent
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.agent.args.push(arg.into());
        self
    }

    /// Where other agents find it.
    pub(crate) fn gossip_addr(&self) -> String {
        self.agent.place.addr(self.agent.place.gossip())
    }

    pub(crate) fn data_dir(self) -> Self {
        let dir = self.agent.dir.path().join("data");
        self.arg("-data-dir").arg(dir)
    }
}
