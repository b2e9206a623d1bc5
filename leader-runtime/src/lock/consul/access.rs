//! How Consul is found and spoken to: every variable that its official clients read, and what they
//! mean by it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tracing::warn;

use super::address::Address;
use super::tenancy::Tenancy;
use super::tls::Config;
use super::token::Token;
use super::variable::Variable;

/// What was said of it, as it was said. Setters win over the environment.
#[derive(Clone, Default)]
pub(crate) struct Access {
    environment: BTreeMap<Variable, String>,
    address: Option<String>,
    token: Option<String>,
}

/// What it comes to.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: Address,
    /// The host that the agent's certificate is for, where that is another than the address says.
    pub(super) server_name: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) token: Arc<Token>,
    pub(super) tenancy: Tenancy,
    pub(super) tls: Config,
}

/// What the variables say of TLS.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "tls"), expect(dead_code))]
pub(super) struct Wanted<'a> {
    pub(super) is_wanted: bool,
    pub(super) is_unverified: bool,
    pub(super) ca_file: Option<&'a str>,
    pub(super) ca_directory: Option<&'a str>,
    pub(super) certificate: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}

impl Access {
    /// Takes a variable `CONSUL_…`, whose value is not empty. One that no official client reads
    /// for HTTP says nothing: others have a part in this prefix.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let Some(variable) = Variable::ALL.into_iter().find(|variable| variable.name() == name) {
            self.environment.insert(variable, value.into());
        }
    }

    /// Wins over `CONSUL_HTTP_ADDR`.
    pub(crate) fn set_address(&mut self, address: &str) {
        self.address = Some(address.into());
    }

    /// Wins over `CONSUL_HTTP_TOKEN` and `CONSUL_HTTP_TOKEN_FILE`.
    pub(crate) fn set_token(&mut self, token: &str) {
        self.token = Some(token.into());
    }

    /// The variables that say something, each with its value, but for those that are secret.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.environment.iter().map(|(variable, value)| match variable {
            Variable::Token | Variable::Auth => (variable.name(), "…"),
            // where it is refused, since it has a password or a token
            Variable::Addr if value.contains(['@', '?', '#']) => (variable.name(), "…"),
            _ => (variable.name(), value.as_str()),
        })
    }

    /// All that is wrong, each in words with its place. Reads the files that are named.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.connection().err().unwrap_or_default()
    }

    /// What it comes to, and a word in the log where that protects less than a reader may think.
    pub(super) fn connect(&self) -> Result<Connection, Vec<String>> {
        let connection = self.connection()?;
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
        let tenancy = keep(
            Tenancy::new(self.get(Variable::Namespace), self.get(Variable::Partition)),
            &mut faults,
        );
        keep(self.flag(Variable::SslVerify), &mut faults);
        let server_name = keep(self.server_name(is_tls), &mut faults).flatten();
        let tls = self.tls(is_tls).config().map_err(|wrong| faults.extend(wrong)).ok();
        if let (Some(address), Some(headers), Some(token), Some(tenancy), Some(tls)) =
            (address, headers, token, tenancy, tls)
            && faults.is_empty()
        {
            let token = Arc::new(token);
            return Ok(Connection { address, server_name, headers, token, tenancy, tls });
        }
        Err(faults)
    }

    fn get(&self, variable: Variable) -> Option<&str> {
        self.environment.get(&variable).map(String::as_str)
    }

    fn address(&self, ssl: bool) -> Result<Address, String> {
        match (&self.address, self.get(Variable::Addr)) {
            (Some(address), _) => Address::parse("Settings::consul", address, ssl),
            (None, address) => {
                let address = address.unwrap_or("127.0.0.1:8500");
                Address::parse(Variable::Addr.name(), address, ssl)
            }
        }
    }

    fn token(&self) -> Result<Token, String> {
        if let Some(token) = &self.token {
            return Token::fixed("Settings::token", token);
        }
        let fixed = match self.get(Variable::Token) {
            Some(token) => Token::fixed(Variable::Token.name(), token)?,
            None => Token::default(),
        };
        match self.get(Variable::TokenFile) {
            Some(path) => Token::of_file(Variable::TokenFile.name(), Path::new(path), fixed),
            None => Ok(fixed),
        }
    }

    /// `user:password`, or a user alone.
    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let Some(auth) = self.get(Variable::Auth) else { return Ok(headers) };
        let auth = if auth.contains(':') { auth.to_owned() } else { format!("{auth}:") };
        let value = format!("Basic {}", BASE64_STANDARD.encode(auth));
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| format!("{}: it does not fit into a header", Variable::Auth))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(headers)
    }

    /// As Go's `strconv.ParseBool` reads it; but a value that is none is a fault.
    fn flag(&self, variable: Variable) -> Result<Option<bool>, String> {
        match self.get(variable) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(value) => Err(format!("{variable}=`{value}`: use `true` or `false`")),
        }
    }

    /// A port behind it says nothing.
    fn server_name(&self, is_tls: bool) -> Result<Option<String>, String> {
        let Some(value) = self.get(Variable::TlsServerName).filter(|_| is_tls) else {
            return Ok(None);
        };
        let name = value.split_once(':').map_or(value, |(name, _)| name);
        let is_number =
            value.parse::<std::net::IpAddr>().is_ok() || name.parse::<std::net::Ipv4Addr>().is_ok();
        let is_name = reqwest::Url::parse(&format!("https://{name}"))
            .is_ok_and(|url| url.host_str() == Some(&*name.to_ascii_lowercase()));
        if is_number || !is_name {
            return Err(format!(
                "{}=`{value}`: use a name that the agent's certificate is for, as \
                 `server.dc1.consul`; where it is for an IP address, {} is that",
                Variable::TlsServerName,
                Variable::Addr
            ));
        }
        Ok(Some(name.into()))
    }

    fn tls(&self, is_wanted: bool) -> Wanted<'_> {
        Wanted {
            is_wanted,
            is_unverified: self.flag(Variable::SslVerify) == Ok(Some(false)),
            ca_file: self.get(Variable::CaCert),
            ca_directory: self.get(Variable::CaPath),
            certificate: self.get(Variable::ClientCert),
            key: self.get(Variable::ClientKey),
        }
    }
}

/// What is right; what is wrong goes to the others.
fn keep<T>(read: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

/// Nothing of it but its address, and which variables were set.
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
        variables.iter().for_each(|(name, value)| access.set(name, value));
        access
    }

    #[test]
    fn what_code_says_wins_over_the_environment_and_over_a_token_file() {
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
    fn what_is_said_of_tls_matters_where_it_is_spoken() {
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
