//! The address of Consul, in the forms of its official clients.

mod mistake;

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;

use self::mistake::Mistake;
use crate::system::HAS_SOCKETS;
use crate::text::Excerpt;

/// The address of an agent's HTTP API. Default: `http://127.0.0.1:8500`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Host {
        is_tls: bool,
        host: String,
        port: Option<u16>,
        /// The prefix of every request's path; begins with a `/`, or is empty.
        prefix: String,
    },
    Socket {
        is_tls: bool,
        path: PathBuf,
    },
}

/// The accepted forms, for the message of a fault.
const ALLOWED: &str = "use `host:port`, `http://host:port`, `https://host:port` or `unix:///path`";

impl Address {
    /// Parses `host:port` or a URL, whose path becomes the prefix of every request's path. `ssl`: TLS
    /// is spoken also without `https://`, as for `CONSUL_HTTP_SSL`.
    ///
    /// # Errors
    ///
    /// The fault, in words; begins with `source`.
    pub(super) fn parse(source: &str, text: &str, ssl: bool) -> Result<Self, String> {
        // a text that may have a user, a password or a token is not printed
        let secret = text.contains(['@', '?', '#']);
        let shown = Excerpt::line(if secret { "…" } else { text });
        let refuse = |why: &str| Err(format!("{source}=`{shown}`: {why}; {ALLOWED}"));
        if secret {
            return refuse(
                "an address has no user, no password, no `?` and no `#` (CONSUL_HTTP_AUTH has the \
                 first two)",
            );
        }
        match mistake::find(text) {
            None => {}
            Some(Mistake { why, meant: Some(meant) }) => {
                return Err(format!("{source}=`{shown}`: {why}; write `{meant}`"));
            }
            Some(Mistake { why, meant: None }) => return refuse(&why),
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_tls = ssl || scheme == "https";
        match scheme {
            "unix" if rest.is_empty() => return refuse("the path of the socket is missing"),
            "unix" if HAS_SOCKETS => return Ok(Self::Socket { is_tls, path: rest.into() }),
            "unix" => return refuse("this system has no unix sockets"),
            _ => {}
        }
        let scheme = if is_tls { "https" } else { "http" };
        let url = match Url::parse(&format!("{scheme}://{rest}")) {
            Ok(url) => url,
            Err(cause) => return refuse(&format!("it is not an address ({cause})")),
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

    /// The likely fault of the address, if nobody answers there.
    pub(super) fn doubt(&self) -> Option<String> {
        match self {
            Self::Host { port: None, host, is_tls, .. } => {
                let (asked, usual) = if *is_tls { (443, 8501) } else { (80, 8500) };
                Some(format!(
                    "it has no port, so that {asked} was asked; Consul's own is `{host}:{usual}`"
                ))
            }
            Self::Socket { path, .. } if path.is_relative() => Some(format!(
                "its path begins in the working directory; write `unix:///{}` for one from the root",
                path.display()
            )),
            _ => None,
        }
    }

    /// The host and port that a proxy would connect to.
    pub(super) fn host_and_port(&self) -> Option<(&str, u16)> {
        let usual = if self.is_tls() { 443 } else { 80 };
        match self {
            Self::Host { host, port, .. } => Some((host, port.unwrap_or(usual))),
            Self::Socket { .. } => None,
        }
    }

    /// The prefix of every request's path; empty in most cases.
    pub(super) fn prefix(&self) -> &str {
        match self {
            Self::Host { prefix, .. } => prefix,
            Self::Socket { .. } => "",
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
    fn what_is_nearly_an_address_is_told_the_one_that_works() {
        for (text, why, meant) in [
            ("::1:8500", "stands in brackets", "[::1]:8500"),
            ("::1", "stands in brackets", "[::1]:8500"),
            ("fe80::1", "stands in brackets", "[fe80::1]:8500"),
            ("2001:db8::7:8501", "stands in brackets", "[2001:db8::7]:8501"),
            ("http://::1:8500", "stands in brackets", "http://[::1]:8500"),
            ("https://::1/consul", "stands in brackets", "https://[::1]:8501/consul"),
            (" 127.0.0.1:8500", "white space", "127.0.0.1:8500"),
            ("127.0.0.1:8500\n", "white space", "127.0.0.1:8500"),
            ("\"127.0.0.1:8500\"", "quotes", "127.0.0.1:8500"),
            ("'http://consul:8500'", "quotes", "http://consul:8500"),
            ("consul:8500'", "quotes", "consul:8500"),
            ("\" ::1:8500/ui \"", "quotes", "[::1]:8500"),
            ("http:127.0.0.1:8500", "`://` stands between", "http://127.0.0.1:8500"),
            ("http:/127.0.0.1:8500", "`://` stands between", "http://127.0.0.1:8500"),
            ("https//consul:8501", "`://` stands between", "https://consul:8501"),
            ("http:\\\\consul:8500", "`://` stands between", "http://consul:8500"),
            ("http:///consul:8500", "host is missing", ""),
            ("http://http://consul:8500", "two schemes", "http://consul:8500"),
            ("//consul:8500", "scheme is missing", "consul:8500"),
            ("HTTP://consul:8500", "`HTTP` is no scheme", "http://consul:8500"),
            ("htp://consul:8500", "`htp` is no scheme", "http://consul:8500"),
            ("tcp://10.0.0.7:8500", "`tcp` is no scheme", "http://10.0.0.7:8500"),
            ("grpc://10.0.0.7:8502", "`grpc` is no scheme", ""),
            ("/run/consul.sock", "has a scheme", "unix:///run/consul.sock"),
            ("unix:/run/consul.sock", "`://` stands between", "unix:///run/consul.sock"),
            ("http://", "host is missing", ""),
            ("https:", "`://` stands between", ""),
            (":8500", "host is missing", "127.0.0.1:8500"),
            ("http://:8500", "host is missing", "http://127.0.0.1:8500"),
            ("8500", "a port without a host", "127.0.0.1:8500"),
            ("localhost:", "port is missing", "localhost:8500"),
            ("https://consul:", "port is missing", "https://consul:8501"),
            ("127.0.0.1:65536", "`65536` is no port; use a number from 1 to 65535", ""),
            ("127.0.0.1:0", "`0` is no port", ""),
            ("[::1]:99999", "`99999` is no port", ""),
            ("127.0.0.1:+80", "`+80` is no port", ""),
            ("127.0.0.1:8500:8500", "more than one `:`", ""),
            ("[fe80::1%eth0]:8500", "zone id", ""),
            ("fe80::1%eth0", "zone id", ""),
            ("127.0.0.1:8500/v1", "`/v1` does not belong", "127.0.0.1:8500"),
            ("http://127.0.0.1:8500/v1/kv/", "`/v1` does not belong", "http://127.0.0.1:8500"),
            ("http://127.0.0.1:8500/ui", "`/ui` does not belong", "http://127.0.0.1:8500"),
            ("http://127.0.0.1:8500/ui/dc1/services", "`/ui`", "http://127.0.0.1:8500"),
            ("a:8500,b:8500", "not one address", ""),
            ("127.0.0.1 8500", "white space in it", ""),
            ("consul :8500", "white space in it", ""),
            ("[::1:8500", "bracket is missing", "[::1]:8500"),
            ("::1]:8500", "bracket is missing", "[::1]:8500"),
            ("[::1]8500", "`:` is missing", "[::1]:8500"),
            ("http://[::1]8500/consul", "`:` is missing", "http://[::1]:8500/consul"),
            ("::ffff:127.0.0.1:8500", "in brackets", "[::ffff:127.0.0.1]:8500"),
            ("127.0.0.1;8500", "not one address", ""),
            ("$(HOST_IP):8500", "not filled in", ""),
            ("${CONSUL_HOST}:8500", "not filled in", ""),
            ("{{ consul }}:8500", "not filled in", ""),
            ("<host>:8500", "no host has '<' in it", ""),
            ("010.0.0.1:8500", "read as 8.0.0.1", "8.0.0.1:8500"),
            ("127.1:8500", "read as 127.0.0.1", "127.0.0.1:8500"),
            ("   ", "white space", ""),
            ("\"\"", "quotes", ""),
        ] {
            let fault = parse(text, false).unwrap_err();
            assert!(fault.starts_with("CONSUL_HTTP_ADDR=`") && fault.contains(why), "{fault}");
            if meant.is_empty() {
                assert!(fault.ends_with(ALLOWED), "{fault}");
            } else {
                assert!(fault.ends_with(&format!("; write `{meant}`")), "{fault}");
                assert!(parse(meant, false).is_ok(), "{text}: {meant}");
            }
        }
        // the port is TLS's own where that is asked for otherwise
        assert!(parse("localhost:8501", true).is_ok());
    }

    #[test]
    fn whatever_is_written_is_an_address_or_told_in_a_line_of_bounded_length() {
        for text in
            ["x".repeat(1 << 20), "[".repeat(1 << 16), ":".repeat(1 << 16), "/".repeat(1 << 16)]
        {
            match parse(&text, false) {
                Ok(_) => {}
                Err(fault) => assert!(fault.len() < 1000, "{} bytes", fault.len()),
            }
        }
    }

    #[test]
    fn a_wrong_address_is_refused_with_its_remedy() {
        for (text, part) in [
            ("", "host is missing"),
            ("ftp://x", "`ftp` is no scheme"),
            ("http://x?token=s3cret", "no `?`"),
            ("http://x:notaport", "`notaport` is no port"),
            ("http://u:s3cret@x:80", "CONSUL_HTTP_AUTH"),
            ("unix://", "the socket is missing"),
        ] {
            let fault = parse(text, false).unwrap_err();
            assert!(fault.starts_with("CONSUL_HTTP_ADDR=`") && fault.contains(part), "{fault}");
            assert!(fault.contains("use `host:port`") && !fault.contains("s3cret"), "{fault}");
        }
    }
}
