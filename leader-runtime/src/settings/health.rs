//! The address of the health endpoint.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// `None` where the endpoint is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Health(pub(super) Option<SocketAddr>);

impl Health {
    pub(super) const OFF: Self = Self(None);
}

impl FromStr for Health {
    type Err = String;

    /// A port alone is a port of 127.0.0.1, which no other machine reaches.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self(Some((Ipv4Addr::LOCALHOST, port).into())));
        }
        match text.parse() {
            Ok(address) => Ok(Self(Some(address))),
            Err(_) => {
                Err("is no address; use a port of 127.0.0.1 such as `8080`, an address such \
                           as `0.0.0.0:8080` or `[::1]:8080`, or `off`"
                    .into())
            }
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}
