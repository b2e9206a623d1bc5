//! Where Consul is, as its official clients are told.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;

/// An agent's HTTP API: `http://127.0.0.1:8500` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Host {
        is_tls: bool,
        host: String,
        port: Option<u16>,
        /// Put before every request's own path; begins with a `/`, or is empty.
        prefix: String,
    },
    Socket {
        is_tls: bool,
        path: PathBuf,
    },
}

/// What is accepted, for whoever wrote something else.
const ALLOWED: &str = "use `host:port`, `http://host:port`, `https://host:port` or `unix:///path`";

impl Address {
    /// `host:port` or a URL, whose path is put before every request's own. `ssl`: also without
    /// `https://` TLS is spoken, as `CONSUL_HTTP_SSL` says.
    ///
    /// # Errors
    ///
    /// What is wrong, in words; begins with `place`.
    pub(super) fn parse(place: &str, text: &str, ssl: bool) -> Result<Self, String> {
        let refuse = |shown: &str, why: &str| Err(format!("{place}=`{shown}`: {why}; {ALLOWED}"));
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        // where a user, a password or a token may stand, nothing of it is printed
        let secret = rest.contains(['@', '?', '#']);
        let shown = if secret { "…" } else { text };
        let is_tls = ssl || scheme == "https";
        match scheme {
            "http" | "https" => {}
            "unix" if rest.is_empty() => return refuse(shown, "the path of the socket is missing"),
            "unix" if cfg!(unix) => return Ok(Self::Socket { is_tls, path: rest.into() }),
            "unix" => return refuse(shown, "this system has no unix sockets"),
            _ => return refuse(shown, "this is no address of Consul's HTTP API"),
        }
        if secret {
            return refuse(
                shown,
                "an address has no user, no password, no `?` and no `#` (CONSUL_HTTP_AUTH has the \
                 first two)",
            );
        }
        let scheme = if is_tls { "https" } else { "http" };
        let url = match Url::parse(&format!("{scheme}://{rest}")) {
            Ok(url) => url,
            Err(cause) => return refuse(shown, &format!("it is not an address ({cause})")),
        };
        Ok(Self::Host {
            is_tls,
            host: url.host_str().unwrap_or_default().into(),
            port: url.port(),
            prefix: url.path().trim_end_matches('/').into(),
        })
    }

    pub(super) const fn is_tls(&self) -> bool {
        match self {
            Self::Host { is_tls, .. } | Self::Socket { is_tls, .. } => *is_tls,
        }
    }

    /// The URL before every request's path; with this name for the host, where there is one.
    pub(super) fn base(&self, name: Option<&str>) -> String {
        let scheme = if self.is_tls() { "https" } else { "http" };
        match self {
            Self::Host { host, port, prefix, .. } => {
                let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{}{port}{prefix}", name.unwrap_or(host))
            }
            Self::Socket { .. } => format!("{scheme}://{}", name.unwrap_or("localhost")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { .. } => f.write_str(&self.base(None)),
            Self::Socket { path, .. } => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, ssl: bool) -> Result<Address, String> {
        Address::parse("CONSUL_HTTP_ADDR", text, ssl)
    }

    #[test]
    fn an_address_is_read_as_the_official_clients_read_it() {
        for (text, url) in [
            ("127.0.0.1:8500", "http://127.0.0.1:8500"),
            ("consul.local", "http://consul.local"),
            ("http://10.0.0.1:8500/", "http://10.0.0.1:8500"),
            ("http://proxy/consul", "http://proxy/consul"),
            ("https://x:8501", "https://x:8501"),
            ("https://x:80/a/b/", "https://x:80/a/b"),
            ("https://x", "https://x"),
            ("[::1]:8500", "http://[::1]:8500"),
            ("unix:///run/consul.sock", "unix:///run/consul.sock"),
        ] {
            assert_eq!(parse(text, false).unwrap().to_string(), url);
        }
        for (text, url) in [
            ("x:8501", "https://x:8501"),
            // `http://` does not undo what was asked for
            ("http://x:8501", "https://x:8501"),
            ("unix:///run/consul.sock", "unix:///run/consul.sock"),
        ] {
            let address = parse(text, true).unwrap();
            assert!(address.is_tls() && address.to_string() == url, "{address}");
        }
        assert_eq!(parse("unix:///s", true).unwrap().base(None), "https://localhost");
        assert_eq!(parse("x:8501/p", true).unwrap().base(Some("name")), "https://name:8501/p");
    }

    #[test]
    fn a_wrong_address_is_refused_with_its_remedy() {
        for (text, part) in [
            ("", "empty host"),
            ("ftp://x", "no address of Consul's"),
            ("http://x?token=s3cret", "no `?`"),
            ("http://x:notaport", "invalid port"),
            ("http://u:s3cret@x:80", "CONSUL_HTTP_AUTH"),
            ("unix://", "the socket is missing"),
        ] {
            let fault = parse(text, false).unwrap_err();
            assert!(fault.starts_with("CONSUL_HTTP_ADDR=`") && fault.contains(part), "{fault}");
            assert!(fault.contains("use `host:port`") && !fault.contains("s3cret"), "{fault}");
        }
    }
}
