//! How Consul is reached: by what its official clients read, or as code says.

use super::Settings;
use super::backend::Backend;
use super::place::{Place, Placed};
use crate::error::Error;

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

impl Settings {
    pub(super) fn with_consul_variable(mut self, name: &str, value: &str) -> Self {
        match name {
            "CONSUL_HTTP_ADDR" => match value.parse() {
                Ok(address) => self.address = address,
                Err(error) => self.faults.extend(Error::into_faults(error)),
            },
            "CONSUL_HTTP_TOKEN" => self.token = Some(value.into()),
            "CONSUL_HTTP_SSL" | "CONSUL_HTTP_SSL_VERIFY" if value == "false" => {}
            unsupported if UNSUPPORTED.contains(&unsupported) => {
                self.faults.push(format!("{name} is not supported yet; unset it"));
            }
            _ => {}
        }
        self
    }

    /// Locks are kept by the Consul at this address: `host:port` or `http://host:port`.
    pub fn consul(mut self, address: &str) -> Self {
        self.backend = Placed::at(Place::Code("Settings::consul"), Backend::Consul);
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
}
