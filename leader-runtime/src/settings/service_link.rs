//! Service links: variables that an orchestrator injects for other services. Those of a service called
//! `leader`, or `leader-job-ui`, begin as settings do.
//!
//! Kubernetes injects variables for every Service of the pod's namespace, unless the pod's
//! `enableServiceLinks` is `false`; Docker injects variables for the links of a container. Variables
//! of Nomad begin with `NOMAD_`, and those of systemd (`LISTEN_FDS`, `INVOCATION_ID`,
//! `CREDENTIALS_DIRECTORY` …) never with `LEADER_`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// The linked services, by the prefix of their variables: `LEADER_JOB_UI`.
#[derive(Debug, Default)]
pub(super) struct ServiceLinks {
    services: BTreeSet<String>,
    /// Services with a host; every Service of Kubernetes has one.
    hosts: BTreeSet<String>,
}

impl ServiceLinks {
    /// Finds the service links of an environment.
    pub(super) fn of<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut links = Self::default();
        for (name, value) in variables {
            if let Some(service) = name.strip_suffix("_SERVICE_HOST")
                && is_address(value)
            {
                links.hosts.insert(service.to_owned());
            }
            match name.rsplit_once('_') {
                Some((service, "PORT")) if is_url(value) => {
                    links.services.insert(service.to_owned());
                }
                Some((service, "NAME")) if is_path(value) => {
                    links.services.insert(service.to_owned());
                }
                _ => {}
            }
        }
        links
    }

    /// Whether a variable belongs to a service link, by its name and its value.
    pub(super) fn have(&self, name: &str, value: &str) -> bool {
        // after `_ENV_` Docker copies any variable of the other container
        is_of_a_service(name, value)
            || name.match_indices("_ENV_").any(|(at, _)| self.services.contains(&name[..at]))
            || is_port(value) && self.has_port(name)
    }

    /// Whether this is a named port, such as `LEADER_SERVICE_PORT_HTTP`. A job may be called
    /// `service_port`, and have options.
    fn has_port(&self, name: &str) -> bool {
        name.match_indices("_SERVICE_PORT_").any(|(at, _)| self.hosts.contains(&name[..at]))
    }
}

fn is_of_a_service(name: &str, value: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    match words.as_slice() {
        [_, .., "SERVICE", "HOST"] => is_address(value),
        [_, .., "SERVICE", "PORT"] => is_port(value),
        [_, .., "PORT"] if is_url(value) => true,
        [_, .., "NAME"] => is_path(value),
        [_, of_service @ ..] => of_service.windows(3).enumerate().any(|(at, words)| match words {
            ["PORT", port, protocol]
                if port.parse::<u16>().is_ok() && is_protocol(&protocol.to_lowercase()) =>
            {
                match &of_service[at + 3..] {
                    [] | ["START" | "END"] => is_url(value),
                    ["PROTO"] => is_protocol(value),
                    ["ADDR"] => is_address(value),
                    ["PORT"] | ["PORT", "START" | "END"] => is_port(value),
                    _ => false,
                }
            }
            _ => false,
        }),
        [] => false,
    }
}

fn is_port(value: &str) -> bool {
    value.parse::<u16>().is_ok()
}

fn is_address(value: &str) -> bool {
    value.parse::<IpAddr>().is_ok()
}

fn is_protocol(text: &str) -> bool {
    matches!(text, "tcp" | "udp" | "sctp")
}

/// Whether this is such as `tcp://10.0.0.7:80`.
fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(protocol, address)| {
        is_protocol(protocol) && address.parse::<SocketAddr>().is_ok()
    })
}

/// Whether this is such as `/clock/leader`: Docker's name of a link, in the container `clock`.
fn is_path(value: &str) -> bool {
    let names = value.strip_prefix('/').and_then(|value| value.split_once('/'));
    names.is_some_and(|(one, other)| !one.is_empty() && !other.is_empty() && !other.contains('/'))
}
