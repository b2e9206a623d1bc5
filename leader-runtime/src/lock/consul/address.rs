//! Where Consul is, as its official clients are told.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The base URL of an agent: `http://127.0.0.1:8500` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(String);

impl FromStr for Address {
    type Err = Error;

    /// `host:port`, or a URL that begins with `http://`; a path after it is put before every
    /// request's own.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |shown: &str, why: &str| {
            Err(Error::setting(
                "CONSUL_HTTP_ADDR",
                shown,
                &format!("{why}; use `host:port` or `http://host:port`"),
            ))
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        // where a user, a password or a token may stand, nothing of it is printed
        let secret = rest.contains(['@', '?', '#']);
        let shown = if secret { "…" } else { text };
        match scheme {
            "http" => {}
            "https" | "unix" => {
                return refuse(shown, &format!("`{scheme}://` is not supported yet"));
            }
            _ => return refuse(shown, "this is no address of Consul's HTTP API"),
        }
        if secret {
            return refuse(shown, "an address has no user, no password, no `?` and no `#`");
        }
        let url = format!("http://{}", rest.trim_end_matches('/'));
        match reqwest::Url::parse(&url) {
            Err(cause) => refuse(shown, &format!("it is not an address ({cause})")),
            Ok(_) => Ok(Self(url)),
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self("http://127.0.0.1:8500".into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_official_clients_read_it() {
        for (text, url) in [
            ("127.0.0.1:8500", "http://127.0.0.1:8500"),
            ("consul.local:80", "http://consul.local:80"),
            ("http://10.0.0.1:8500/", "http://10.0.0.1:8500"),
            ("http://proxy/consul", "http://proxy/consul"),
            ("[::1]:8500", "http://[::1]:8500"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn a_wrong_address_is_refused_with_its_remedy() {
        for (text, part) in [
            ("", "empty host"),
            ("ftp://x", "no address of Consul's"),
            ("http://x?token=s3cret", "no `?`"),
            ("https://x:8501", "not supported yet"),
            ("http://x:notaport", "invalid port"),
            ("http://u:s3cret@x:80", "no user"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains("use `host:port`") && !error.contains("s3cret"), "{error}");
        }
    }
}
