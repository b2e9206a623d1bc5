//! The connection settings of Consul: every environment variable that its official clients read, with
//! their meaning of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tracing::warn;

use super::address::Address;
use super::proxy::{Proxies, Proxy};
use super::tenancy::Tenancy;
use super::tls::{Config, TlsOptions};
use super::token::Token;
use super::variable::Variable;
use crate::text::{Excerpt, too_long};

/// Connection settings as given, unparsed. Setters override the environment.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// Each variable with its value, or with the fault of the value.
    environment: BTreeMap<Variable, Result<String, String>>,
    proxies: Proxies,
    address: Option<String>,
    token: Option<String>,
}

/// Connection settings, parsed and checked.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: Address,
    /// The host of the agent's certificate, if it differs from the host of the address.
    pub(super) server_name: Option<String>,
    /// The forward proxy to Consul, if any.
    pub(super) proxy: Option<Proxy>,
    pub(super) headers: HeaderMap,
    pub(super) token: Arc<Token>,
    pub(super) tenancy: Tenancy,
    pub(super) tls: Config,
}

impl Access {
    /// Whether a variable of this name may be a connection setting.
    pub(crate) fn is_known(name: &str) -> bool {
        name.starts_with("CONSUL_") || Proxies::is_known(name)
    }

    /// Takes a variable that [may be a setting](Self::is_known). Ignores an empty one, and one that no
    /// official client reads for HTTP: other programs share the prefix. Faults of the value are
    /// returned by [`faults`](Self::faults).
    pub(crate) fn set(&mut self, name: &str, value: &OsStr) {
        self.proxies.set(name, value);
        let known = Variable::ALL.into_iter().find(|variable| variable.name() == name);
        let Some(variable) = known.filter(|_| !value.is_empty()) else { return };
        let value = match value.to_str() {
            None => Err(format!("{variable}: its value is not UTF-8")),
            Some(value) if value.trim().is_empty() => Err(format!(
                "{variable}: its value is nothing but spaces; set it to one, or unset it"
            )),
            Some(value) => match too_long(value) {
                Some(why) => Err(format!("{variable}: {why}")),
                None => Ok(value.into()),
            },
        };
        self.environment.insert(variable, value);
    }

    /// Overrides `CONSUL_HTTP_ADDR`.
    pub(crate) fn set_address(&mut self, address: &str) {
        self.address = Some(address.into());
    }

    /// Overrides `CONSUL_HTTP_TOKEN` and `CONSUL_HTTP_TOKEN_FILE`.
    pub(crate) fn set_token(&mut self, token: &str) {
        self.token = Some(token.into());
    }

    /// The variables that are set, with their values; secret values are left out.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let set = self.environment.iter();
        let set = set.filter_map(|(variable, value)| Some((variable, value.as_ref().ok()?)));
        set.map(|(variable, value)| match variable {
            Variable::Token | Variable::Auth => (variable.name(), "…"),
            // refused, since it has a password or a token
            Variable::Addr if value.contains(['@', '?', '#']) => (variable.name(), "…"),
            _ => (variable.name(), value.as_str()),
        })
    }

    /// The forward proxy to Consul, behind the name of its variable.
    pub(crate) fn proxy(&self) -> Option<(&'static str, String)> {
        let connection = self.connection().ok()?;
        let server_name = connection.server_name.as_deref();
        let proxy = self.proxies.before(&connection.address, server_name).ok()??;
        Some((proxy.variable(), proxy.to_string()))
    }

    /// All faults of the settings, each in words with its variable. Reads the files that they name.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.connection().err().unwrap_or_default()
    }

    /// Parses the settings. Logs a warning where they protect less than a reader may think.
    pub(super) fn connect(&self) -> Result<Connection, Vec<String>> {
        let mut connection = self.connection()?;
        let (address, server_name) = (&connection.address, connection.server_name.as_deref());
        match self.proxies.before(address, server_name) {
            Ok(proxy) => connection.proxy = proxy,
            Err(why) => warn!("{why}; Consul at {address} is asked directly"),
        }
        if connection.address.is_tls() && self.flag(Variable::SslVerify) == Ok(Some(false)) {
            warn!(
                "{}=false: whoever answers at {} is taken for Consul, and is shown the token",
                Variable::SslVerify,
                connection.address
            );
        }
        Ok(connection)
    }

    fn connection(&self) -> Result<Connection, Vec<String>> {
        let mut faults = Vec::new();
        let ssl = keep(self.flag(Variable::Ssl), &mut faults).flatten().unwrap_or_default();
        let address = keep(self.address(ssl), &mut faults);
        let is_tls = address.as_ref().is_some_and(Address::is_tls);
        let headers = keep(self.headers(), &mut faults);
        let token = keep(self.token(), &mut faults);
        let namespace = keep(self.get(Variable::Namespace), &mut faults).flatten();
        let partition = keep(self.get(Variable::Partition), &mut faults).flatten();
        let tenancy = keep(Tenancy::new(namespace, partition), &mut faults);
        keep(self.flag(Variable::SslVerify), &mut faults);
        let server_name = keep(self.server_name(is_tls), &mut faults).flatten();
        let wanted = self.tls(is_tls, &mut faults);
        let tls = wanted.config().map_err(|wrong| faults.extend(wrong)).ok();
        if let (Some(address), Some(headers), Some(token), Some(tenancy), Some(tls)) =
            (address, headers, token, tenancy, tls)
            && faults.is_empty()
        {
            let token = Arc::new(token);
            let proxy = None;
            return Ok(Connection { address, server_name, proxy, headers, token, tenancy, tls });
        }
        Err(faults)
    }

    fn get(&self, variable: Variable) -> Result<Option<&str>, String> {
        match self.environment.get(&variable) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(why)) => Err(why.clone()),
        }
    }

    fn address(&self, ssl: bool) -> Result<Address, String> {
        match &self.address {
            Some(address) => Address::parse("Settings::consul", address, ssl),
            None => {
                let address = self.get(Variable::Addr)?.unwrap_or("127.0.0.1:8500");
                Address::parse(Variable::Addr.name(), address, ssl)
            }
        }
    }

    fn token(&self) -> Result<Token, String> {
        if let Some(token) = &self.token {
            return Token::fixed("Settings::token", token);
        }
        let fixed = match self.get(Variable::Token)? {
            Some(token) => Token::fixed(Variable::Token.name(), token)?,
            None => Token::default(),
        };
        match self.get(Variable::TokenFile)? {
            Some(path) => Token::of_file(Variable::TokenFile.name(), Path::new(path), fixed),
            None => Ok(fixed),
        }
    }

    /// `user:password`, or a user alone.
    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let Some(auth) = self.get(Variable::Auth)? else { return Ok(headers) };
        let auth = if auth.contains(':') { auth.to_owned() } else { format!("{auth}:") };
        let value = format!("Basic {}", BASE64_STANDARD.encode(auth));
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| format!("{}: it does not fit into a header", Variable::Auth))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(headers)
    }

    /// Parses a boolean as Go's `strconv.ParseBool` does; any other value is a fault.
    fn flag(&self, variable: Variable) -> Result<Option<bool>, String> {
        match self.get(variable)? {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(value) => {
                Err(format!("{variable}=`{}`: use `true` or `false`", Excerpt::line(value)))
            }
        }
    }

    /// The host of the agent's certificate. Ignores a port behind it.
    fn server_name(&self, is_tls: bool) -> Result<Option<String>, String> {
        let value = if is_tls { self.get(Variable::TlsServerName)? } else { None };
        let Some(value) = value else { return Ok(None) };
        let name = value.split_once(':').map_or(value, |(name, _)| name);
        let is_number =
            value.parse::<std::net::IpAddr>().is_ok() || name.parse::<std::net::Ipv4Addr>().is_ok();
        let is_name = reqwest::Url::parse(&format!("https://{name}"))
            .is_ok_and(|url| url.host_str() == Some(&*name.to_ascii_lowercase()));
        if is_number || !is_name {
            return Err(format!(
                "{}=`{}`: use a name that the agent's certificate is for, as \
                 `server.dc1.consul`; where it is for an IP address, {} is that",
                Variable::TlsServerName,
                Excerpt::line(value),
                Variable::Addr
            ));
        }
        Ok(Some(name.into()))
    }

    fn tls(&self, is_wanted: bool, faults: &mut Vec<String>) -> TlsOptions<'_> {
        if !is_wanted {
            return TlsOptions::default();
        }
        let mut get = |variable| keep(self.get(variable), faults).flatten();
        TlsOptions {
            is_wanted,
            is_unverified: self.flag(Variable::SslVerify) == Ok(Some(false)),
            ca_file: get(Variable::CaCert),
            ca_directory: get(Variable::CaPath),
            certificate: get(Variable::ClientCert),
            key: get(Variable::ClientKey),
        }
    }
}

/// Returns the value, or moves the fault to `faults`.
fn keep<T>(read: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

/// Shows the address and the names of the variables, and no value: values can be secret.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Access");
        if let Ok(address) = self.address(false) {
            shown.field("address", &format_args!("{address}"));
        }
        shown.field("environment", &self.environment.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(variables: &[(&str, &str)]) -> Access {
        let mut access = Access::default();
        variables.iter().for_each(|(name, value)| access.set(name, value.as_ref()));
        access
    }

    #[test]
    fn setters_override_the_environment_and_a_token_file() {
        let mut access = access(&[
            ("CONSUL_HTTP_ADDR", "ftp://x"),
            ("CONSUL_HTTP_TOKEN_FILE", "/nowhere"),
            ("CONSUL_GRPC_ADDR", "nonsense"),
        ]);
        assert_eq!(access.faults().len(), 2);
        access.set_address("here:80");
        access.set_token("s3cret");
        assert_eq!(access.faults(), [""; 0]);
        assert!(!format!("{access:?}").contains("s3cret"));
        access.set_address("ftp://x");
        access.set_token("s3cret\n");
        let faults = access.faults().join("\n");
        assert!(faults.contains("Settings::consul=`ftp://x`"), "{faults}");
        assert!(faults.contains("Settings::token: the token has characters"), "{faults}");
        assert!(!faults.contains("s3cret"), "{faults}");
    }

    #[test]
    fn settings_of_tls_matter_where_tls_is_spoken() {
        let files = ("CONSUL_CACERT", "/nowhere");
        assert_eq!(access(&[files]).faults(), [""; 0]);
        assert_eq!(access(&[files, ("CONSUL_HTTP_SSL", "t")]).faults().len(), 1);
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_the_feature_https_is_refused_with_the_remedy() {
        let faults = access(&[("CONSUL_HTTP_ADDR", "https://x")]).faults();
        assert!(faults[0].contains("its feature `tls`"), "{faults:?}");
    }
}
