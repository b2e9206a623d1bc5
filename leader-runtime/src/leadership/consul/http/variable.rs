//! The environment variables of Consul's official clients.

use std::fmt;

/// An environment variable that Consul's official clients read for the HTTP API. Prints as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    Addr,
    Token,
    TokenFile,
    Auth,
    Ssl,
    SslVerify,
    CaCert,
    CaPath,
    ClientCert,
    ClientKey,
    TlsServerName,
    Namespace,
    Partition,
}

impl Variable {
    pub(super) const ALL: [Self; 13] = [
        Self::Addr,
        Self::Token,
        Self::TokenFile,
        Self::Auth,
        Self::Ssl,
        Self::SslVerify,
        Self::CaCert,
        Self::CaPath,
        Self::ClientCert,
        Self::ClientKey,
        Self::TlsServerName,
        Self::Namespace,
        Self::Partition,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Addr => "CONSUL_HTTP_ADDR",
            Self::Token => "CONSUL_HTTP_TOKEN",
            Self::TokenFile => "CONSUL_HTTP_TOKEN_FILE",
            Self::Auth => "CONSUL_HTTP_AUTH",
            Self::Ssl => "CONSUL_HTTP_SSL",
            Self::SslVerify => "CONSUL_HTTP_SSL_VERIFY",
            Self::CaCert => "CONSUL_CACERT",
            Self::CaPath => "CONSUL_CAPATH",
            Self::ClientCert => "CONSUL_CLIENT_CERT",
            Self::ClientKey => "CONSUL_CLIENT_KEY",
            Self::TlsServerName => "CONSUL_TLS_SERVER_NAME",
            Self::Namespace => "CONSUL_NAMESPACE",
            Self::Partition => "CONSUL_PARTITION",
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
