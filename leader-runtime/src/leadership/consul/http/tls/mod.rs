//! TLS to Consul: the options, and the implementation that this program was built with.

#[cfg(not(feature = "tls"))]
mod disabled;
#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod rustls;

#[cfg(not(feature = "tls"))]
pub(super) use self::disabled::{Config, client, remedy};
#[cfg(feature = "tls")]
pub(super) use self::handshake::remedy;
#[cfg(feature = "tls")]
pub(super) use self::rustls::{Config, client};

/// The TLS options as the environment gives them, unread.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "tls"), expect(dead_code))]
pub(super) struct TlsOptions<'a> {
    pub(super) is_wanted: bool,
    pub(super) is_unverified: bool,
    pub(super) ca_file: Option<&'a str>,
    pub(super) ca_directory: Option<&'a str>,
    pub(super) certificate: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}
