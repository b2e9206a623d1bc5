//! A real Consul agent on an address and ports of its own, which serves when `start` returns and
//! ends with its owner.

mod builder;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::api::Api;
use crate::consul::Consul;
use crate::deadline::poll;
use crate::place::Place;
use crate::process::Process;
use crate::starved::{Ration, Starved};
pub use builder::AgentBuilder;

/// Far beyond what a start takes (0.1 to 0.6 s; a cluster 1.3 to 3 s), for machines that are busy.
const READY: Duration = Duration::from_secs(30);
const STOPPED: Duration = Duration::from_secs(15);
const TAIL: usize = 30;

/// The master token of the configurations in `examples/consul/`.
pub const MASTER_TOKEN: &str = "2b5c1f0e-6d0c-4b1e-9a51-3f1d8f0c7a42";

static POLICIES: AtomicU32 = AtomicU32::new(1);

/// A token of Consul's ACL.
#[derive(Debug)]
pub struct Token {
    accessor: String,
    /// The secret for a node.
    pub secret: String,
}

/// A started agent, up or down.
#[derive(Debug)]
pub struct Agent {
    name: String,
    consul: Consul,
    args: Vec<OsString>,
    token: Option<String>,
    // before `dir` and `place`, so that it is gone before they are
    process: Mutex<Option<Process>>,
    dir: TempDir,
    place: Place,
}

impl Agent {
    /// An agent in dev mode: one server, all in memory, sessions from 1 s on.
    pub fn dev(consul: &Consul) -> AgentBuilder {
        AgentBuilder::new(consul, "agent", Place::loopback()).arg("-dev")
    }

    /// A dev agent as `examples/consul/` configures it, whose [`api`](Self::api) uses the master
    /// token.
    ///
    /// # Panics
    ///
    /// When the configuration and [`MASTER_TOKEN`] disagree.
    #[track_caller]
    pub fn configured(consul: &Consul) -> AgentBuilder {
        let file = if consul.is_at_least(1, 11) { "agent.hcl" } else { "agent-1.8.hcl" };
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/consul").join(file);
        let text =
            fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert!(text.contains(MASTER_TOKEN), "{}: no token {MASTER_TOKEN}", file.display());
        Self::dev(consul).config_file(&file).token(MASTER_TOKEN)
    }

    /// Where it serves, `ip:port`.
    pub fn addr(&self) -> String {
        self.place.addr(self.place.http())
    }

    /// Where it serves over TLS, `ip:port`, if it was started so.
    pub fn https_addr(&self) -> String {
        self.place.addr(self.place.https())
    }

    /// The unix socket that it serves on, if it was started so.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("http.sock")
    }

    /// A client of this agent, with the master token where it has one.
    pub fn api(&self) -> Api {
        let api = Api::at(&self.addr());
        match &self.token {
            Some(token) => api.with_token(token),
            None => api,
        }
    }

    /// The version of Consul that it is.
    pub fn version(&self) -> &str {
        self.consul.version()
    }

    /// The node that it calls itself in Consul's catalog.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SIGTERM, and waits for its end.
    ///
    /// # Panics
    ///
    /// When it is down already, or not down after 15 seconds.
    #[track_caller]
    pub fn stop(&self) {
        self.signal(Signal::TERM);
        if let Some(process) = self.process().take() {
            process.wait(STOPPED);
        }
    }

    /// SIGKILL, and waits for its end.
    ///
    /// # Panics
    ///
    /// When it is down already.
    #[track_caller]
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        self.process().take();
    }

    /// Stops it where it is, and returns once it stands; its ports still take connections, and
    /// nothing answers.
    ///
    /// # Panics
    ///
    /// When it is down.
    #[track_caller]
    pub fn freeze(&self) {
        self.running(Process::freeze);
    }

    /// Lets a frozen agent run on.
    ///
    /// # Panics
    ///
    /// When it is down.
    #[track_caller]
    pub fn thaw(&self) {
        self.running(Process::thaw);
    }

    /// Puts it on this ration until that is dropped.
    ///
    /// # Errors
    ///
    /// Where this machine gives no way to, and why.
    ///
    /// # Panics
    ///
    /// When it is down.
    #[track_caller]
    pub fn starve(&self, ration: Ration) -> Result<Starved, String> {
        let mut starved = None;
        self.running(|process| {
            starved = Some(Starved::put(process.pid(), self.dir.path(), ration));
        });
        starved.expect("it runs")
    }

    /// Starts an agent that is down, on the same ports; a dev agent has forgotten everything.
    ///
    /// # Panics
    ///
    /// When it is up, or does not serve within 30 seconds.
    #[track_caller]
    pub fn start_again(&self) {
        self.launch();
        self.wait_ready();
    }

    /// A new token that permits what these rules say, made with the `consul` of this agent by its
    /// master token.
    ///
    /// # Panics
    ///
    /// When it has no such token, or Consul does not take the rules.
    #[track_caller]
    pub fn token_for(&self, rules: &str) -> Token {
        let name = format!("policy-{}", POLICIES.fetch_add(1, Ordering::Relaxed));
        self.run(&["acl", "policy", "create", "-name", &name, "-rules", "-"], rules);
        let text = self.run(&["acl", "token", "create", "-policy-name", &name], "");
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.split_whitespace().nth(1));
            value.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
        };
        Token { accessor: field("AccessorID"), secret: field("SecretID") }
    }

    /// Makes a token one that Consul does not know.
    ///
    /// # Panics
    ///
    /// When Consul does not take that.
    #[track_caller]
    pub fn revoke(&self, token: &Token) {
        self.run(&["acl", "token", "delete", "-id", &token.accessor], "");
    }

    /// Saves what Consul's servers hold now, under a name for [`restore`](Self::restore).
    ///
    /// # Panics
    ///
    /// When `consul snapshot` fails, as it does where the name is taken.
    #[track_caller]
    pub fn save(&self, name: &str) {
        self.snapshot("save", name);
    }

    /// Gives Consul's servers back what they held then: all since is forgotten, and the indexes of
    /// all keys are what they were.
    ///
    /// # Panics
    ///
    /// When `consul snapshot` fails, as it does where nothing was saved under the name.
    #[track_caller]
    pub fn restore(&self, name: &str) {
        self.snapshot("restore", name);
    }

    /// Whether its process is there.
    pub fn is_up(&self) -> bool {
        self.process().as_ref().is_some_and(|process| process.ended().is_none())
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    /// Where the servers of a cluster know it.
    pub(crate) fn server_addr(&self) -> String {
        self.place.addr(self.place.server())
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        self.running(|process| process.signal(signal));
    }

    #[track_caller]
    fn running(&self, order: impl FnOnce(&Process)) {
        match &*self.process() {
            Some(process) => order(process),
            None => panic!("{} is down; start it again first", self.name),
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn snapshot(&self, verb: &str, name: &str) {
        let file = self.dir.path().join(name);
        self.run(&["snapshot", verb, &file.to_string_lossy()], "");
    }

    /// The `consul` command line, with this agent; gives what it printed.
    #[track_caller]
    fn run(&self, args: &[&str], stdin: &str) -> String {
        let mut command = self.place.command(self.consul.path());
        command.args(args).env("CONSUL_HTTP_ADDR", self.addr());
        command.envs(self.token.iter().map(|token| ("CONSUL_HTTP_TOKEN", token)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn().and_then(|mut child| {
            // dropped, which ends it, before the wait
            child.stdin.take().map(|mut pipe| pipe.write_all(stdin.as_bytes())).transpose()?;
            child.wait_with_output()
        });
        let output = output.unwrap_or_else(|fault| panic!("consul {args:?}: {fault}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "consul {args:?}: {said}\n{stdin}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// As [`start_again`](Self::start_again), without waiting until it serves.
    ///
    /// # Panics
    ///
    /// When it is up.
    #[track_caller]
    pub fn launch(&self) {
        assert!(!self.is_up(), "{} is up already", self.name);
        let log = File::options().create(true).append(true).open(self.log());
        let log = log.unwrap_or_else(|fault| panic!("{}: {fault}", self.log().display()));
        let second = log.try_clone().unwrap_or_else(|fault| panic!("{}: {fault}", self.name));
        let mut command = self.place.command(self.consul.path());
        command.arg("agent").args(&self.args).stdout(log).stderr(second);
        *self.process() = Some(Process::start(&self.name, &mut command));
    }

    /// Serving is more than listening: a key can be written, and a session created.
    #[track_caller]
    pub(crate) fn wait_ready(&self) {
        let ready = poll(READY, || {
            if !self.is_up() {
                return Ok(Err("it has ended; its log is below".to_owned()));
            }
            let asked = |method, path: &str, body| match self.api().try_request(method, path, body)
            {
                Ok(answer) if answer.status == 200 => Ok(answer.body),
                Ok(answer) => Err(format!("{method} {path}: {} {}", answer.status, answer.body)),
                Err(fault) => Err(fault),
            };
            let key = format!("/v1/kv/harness/{}", self.name);
            asked("PUT", &key, "ready")?;
            asked("DELETE", &key, "")?;
            let session = asked("PUT", "/v1/session/create", r#"{"TTL":"60s"}"#)?;
            let id = session.split('"').nth(3).ok_or_else(|| session.clone())?;
            asked("PUT", &format!("/v1/session/destroy/{id}"), "")?;
            Ok(Ok(()))
        });
        if let Err(reason) | Ok(Err(reason)) = ready {
            let (version, addr) = (self.version(), self.addr());
            panic!("{} ({version}) does not serve on {addr}: {reason}", self.name);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if thread::panicking() {
            self.dir.disable_cleanup(true);
            let log = self.log();
            eprintln!(
                "--- {} ({}): {}\n{}",
                self.name,
                self.version(),
                log.display(),
                self.log_tail()
            );
        }
    }
}
