//! Certificates as `consul tls` makes them: an authority, and what it signs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::consul::Consul;
use crate::environment;

/// An authority with one certificate for agents and one for clients, in a directory of its own.
#[derive(Debug)]
pub struct Certificates {
    dir: TempDir,
}

impl Certificates {
    /// Those for `server.dc1.consul`, `localhost` and 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When `consul tls` makes none.
    #[track_caller]
    pub fn new(consul: &Consul) -> Self {
        let dir = tempfile::tempdir().unwrap_or_else(|fault| panic!("no directory: {fault}"));
        for args in [
            ["tls", "ca", "create", ""],
            ["tls", "cert", "create", "-server"],
            ["tls", "cert", "create", "-client"],
        ] {
            let mut command = Command::new(consul.path());
            let args = args.into_iter().filter(|arg| !arg.is_empty());
            let output = environment::clean(&mut command).args(args).current_dir(&dir).output();
            let output = output.unwrap_or_else(|fault| panic!("consul tls: {fault}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "consul tls: {said}");
        }
        Self { dir }
    }

    /// The directory of all files.
    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// The certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("consul-agent-ca.pem")
    }

    /// The certificate of a client.
    pub fn client(&self) -> PathBuf {
        self.dir.path().join("dc1-client-consul-0.pem")
    }

    /// The private key of a client: an `EC PRIVATE KEY`.
    pub fn client_key(&self) -> PathBuf {
        self.dir.path().join("dc1-client-consul-0-key.pem")
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.dir.path().join("dc1-server-consul-0.pem")
    }

    pub(crate) fn server_key(&self) -> PathBuf {
        self.dir.path().join("dc1-server-consul-0-key.pem")
    }
}
