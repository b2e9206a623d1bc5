//! The forward proxy to Consul, from the environment, by the rules of Consul's official client, which
//! are those of Go's standard library.
//!
//! `HTTPS_PROXY` is for an https address, `HTTP_PROXY` for an http address; capitals override small
//! letters. No proxy is used for a loopback address, `localhost`, a unix socket, or the hosts listed in
//! `NO_PROXY`. curl reads `ALL_PROXY`, Go does not.
//!
//! Why not the matcher of reqwest and hyper-util? It has curl's rules: in a `NO_PROXY` it knows no ports
//! and no `*.` before a name, lets `.name` match the name itself, and `*` no IP address. A program that
//! moves from the official client to this one must not reach Consul by another way.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;

use super::address::Address;
use super::variable::Variable;
use crate::text::{Excerpt, too_long};

/// The variables, by precedence. `CGI` marks a CGI server, whose `HTTP_PROXY` the client of a request
/// can set.
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const NO: [&str; 2] = ["NO_PROXY", "no_proxy"];
const CGI: &str = "REQUEST_METHOD";

/// The proxy settings of the environment, unparsed.
#[derive(Clone, Default)]
pub(super) struct Proxies(BTreeMap<&'static str, OsString>);

/// The forward proxy for an address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    variable: &'static str,
    url: Url,
}

impl Proxies {
    /// Whether a variable of this name is a proxy setting.
    pub(super) fn is_known(name: &str) -> bool {
        known(name).is_some()
    }

    /// Takes a variable; ignores an empty one.
    pub(super) fn set(&mut self, name: &str, value: &OsStr) {
        if let Some(name) = known(name).filter(|_| !value.is_empty()) {
            self.0.insert(name, value.to_owned());
        }
    }

    /// Chooses the proxy for an address, if any.
    ///
    /// # Errors
    ///
    /// The reason why a proxy is set but not used, in words. It is no fault of the program's settings:
    /// the variables of a machine are for other programs, too.
    pub(super) fn before(
        &self,
        address: &Address,
        server_name: Option<&str>,
    ) -> Result<Option<Proxy>, String> {
        let Some((host, port)) = address.host_and_port() else { return Ok(None) };
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, self.0.get(name)?)))
        };
        let names = if address.is_tls() { HTTPS } else { HTTP };
        let Some((variable, value)) = first(names).filter(|_| !is_loopback(host)) else {
            return Ok(None);
        };
        let refuse = |why: String| Err(format!("{variable}=`{}`: {why}", public(value)));
        if let Some((no, list)) = first(NO) {
            match list.to_str() {
                None => return refuse(format!("{no} is not UTF-8, and may take Consul from it")),
                Some(list) if is_listed(list, host, port) => return Ok(None),
                Some(_) => {}
            }
        }
        if names == HTTP && self.0.contains_key(CGI) {
            return refuse(format!(
                "{CGI} is set, so that it may be the wish of a client of a CGI server"
            ));
        }
        if server_name.is_some() {
            return refuse(format!(
                "a proxy would be asked for the host that {} names; list the address in NO_PROXY",
                Variable::TlsServerName
            ));
        }
        match read(value) {
            Ok(url) => Ok(Some(Proxy { variable, url })),
            Err(why) => refuse(why),
        }
    }
}

impl Proxy {
    pub(super) fn of_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        reqwest::Proxy::all(self.url.clone())
    }

    /// The remedy for a proxy that does not answer, or lets nothing pass.
    pub(super) fn remedy(&self) -> String {
        format!(
            "set {} to a proxy that passes it on, or list the address in NO_PROXY",
            self.variable
        )
    }

    pub(super) const fn variable(&self) -> &'static str {
        self.variable
    }
}

/// Prints the URL without user name and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.url.scheme(), self.url.host_str().unwrap_or_default());
        write!(f, "{scheme}://{host}")?;
        self.url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&format_args!("{self}")).finish()
    }
}

/// Shows the names of the variables, and no value: values can be secret.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn known(name: &str) -> Option<&'static str> {
    let names = HTTP.into_iter().chain(HTTPS).chain(NO).chain([CGI]);
    names.into_iter().find(|known| *known == name)
}

/// Parses a URL; the scheme is http by default.
fn read(value: &OsStr) -> Result<Url, String> {
    let text = value.to_str().ok_or("is not UTF-8")?.trim();
    if let Some(why) = too_long(text) {
        return Err(why);
    }
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(&whole).map_err(|cause| format!("is no URL of a proxy ({cause})"))?;
    match url.scheme() {
        "http" | "socks5h" => {}
        // Go lets the proxy look up the name, too
        "socks5" => {
            let _ = url.set_scheme("socks5h");
        }
        "https" if cfg!(feature = "tls") => {}
        "https" => return Err("this program was built without TLS, its feature `tls`".into()),
        scheme => {
            return Err(format!(
                "`{}` is no scheme of a proxy; use http, https or socks5",
                Excerpt::line(scheme)
            ));
        }
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("has no host; use one such as `http://proxy:3128`".into());
    }
    Ok(url)
}

/// The value for logs; left out if it may have a user name and a password.
fn public(value: &OsStr) -> String {
    match value.to_string_lossy() {
        text if text.contains('@') => "…".into(),
        text => Excerpt::line(&text).to_string(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || ip(host).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether a `NO_PROXY` lists this host and port. Its entries are names, which match all names below
/// them too; `*.` or `.` before a name, which match only names below it; addresses; each of these with an
/// optional port; networks; `*` for all.
fn is_listed(list: &str, host: &str, port: u16) -> bool {
    let host_ip = ip(host).map(|ip| ip.to_canonical());
    list.to_lowercase().split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return host_ip.is_some_and(|ip| network.contains(&ip));
        }
        let (name, of_port) = match entry.rsplit_once(':') {
            // the colons of an IPv6 address precede no port
            Some((name, of_port)) if !name.contains(':') || name.ends_with(']') => {
                (name, Some(of_port))
            }
            _ => (entry, None),
        };
        if of_port.is_some_and(|of_port| of_port.parse() != Ok(port)) {
            return false;
        }
        match (ip(name), host_ip) {
            (Some(listed), Some(host)) => listed.to_canonical() == host,
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => {
                let name =
                    name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
                let is_below = |name: &str| host.len() > name.len() && host.ends_with(name);
                match name {
                    "" => false,
                    name if name.starts_with('.') => is_below(name),
                    name => host == name || is_below(&format!(".{name}")),
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(address: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let mut proxies = Proxies::default();
        variables.iter().for_each(|(name, value)| proxies.set(name, value.as_ref()));
        let address = Address::parse("CONSUL_HTTP_ADDR", address, false).unwrap();
        Ok(proxies.before(&address, None)?.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn each_scheme_has_its_proxy_and_capitals_win() {
        let all = [
            ("HTTP_PROXY", "http://one:1"),
            ("http_proxy", "two:2"),
            ("https_proxy", "three:3"),
            ("HTTPS_PROXY", ""),
            ("ALL_PROXY", "four:4"),
        ];
        assert_eq!(before("consul:8500", &all), Ok(Some("http://one:1".into())));
        assert_eq!(before("https://consul:8501", &all), Ok(Some("http://three:3".into())));
        assert_eq!(before("consul:8500", &all[1..2]), Ok(Some("http://two:2".into())));
        assert_eq!(before("consul:8500", &all[2..]), Ok(None));
        let socks = [("HTTP_PROXY", "socks5://five:5")];
        assert_eq!(before("consul:8500", &socks), Ok(Some("socks5h://five:5".into())));
    }

    #[test]
    fn a_loopback_address_and_a_socket_have_none() {
        let set = [("HTTP_PROXY", "proxy:3128"), ("HTTPS_PROXY", "proxy:3128")];
        for address in [
            "127.0.0.1:8500",
            "localhost:8500",
            "[::1]:8500",
            "https://127.8.9.1:8501",
            "unix:///s",
        ] {
            assert_eq!(before(address, &set), Ok(None), "{address}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for (value, told) in [
            ("ftp://proxy:21", "`ftp` is no scheme of a proxy"),
            ("http://", "is no URL of a proxy"),
            ("   ", "is no URL of a proxy"),
            ("http://proxy:port", "is no URL of a proxy"),
            ("ftp://me:s3cret@proxy", "`ftp` is no scheme of a proxy"),
        ] {
            let fault = before("consul:8500", &[("HTTP_PROXY", value)]).unwrap_err();
            assert!(fault.starts_with("HTTP_PROXY=`") && fault.contains(told), "{fault}");
            assert!(!fault.contains("s3cret"), "{fault}");
        }
        let cgi = [("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "good:2")];
        assert!(before("consul:8500", &cgi).unwrap_err().contains("REQUEST_METHOD is set"));
        assert_eq!(before("https://consul", &cgi), Ok(Some("http://good:2".into())));
        let with = [("HTTP_PROXY", "http://me:s3cret@proxy:3128")];
        assert_eq!(before("consul:8500", &with), Ok(Some("http://proxy:3128".into())));
        let address = Address::parse("CONSUL_HTTP_ADDR", "consul:8500", false).unwrap();
        let mut proxies = Proxies::default();
        proxies.set("HTTP_PROXY", with[0].1.as_ref());
        let proxy = proxies.before(&address, None).unwrap().unwrap();
        assert!(!format!("{proxies:?} {proxy:?} {proxy} {}", proxy.remedy()).contains("s3cret"));
        assert!(proxies.before(&address, Some("server")).unwrap_err().contains("TLS_SERVER_NAME"));
    }
}
