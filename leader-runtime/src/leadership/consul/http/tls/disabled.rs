//! The stand-in for TLS in a program built without the feature `tls`.

use reqwest::ClientBuilder;

use super::super::variable::Variable;
use super::TlsOptions;

pub(in crate::leadership::consul::http) type Config = ();

impl TlsOptions<'_> {
    /// Builds the configuration of a client.
    ///
    /// # Errors
    ///
    /// The remedy, if TLS is wanted.
    pub(in crate::leadership::consul::http) fn config(&self) -> Result<Config, Vec<String>> {
        if !self.is_wanted {
            return Ok(());
        }
        Err(vec![format!(
            "{}: this program was built without TLS; build leader-runtime with its feature `tls`, \
             or use http:// or unix://",
            Variable::Addr
        )])
    }
}

pub(in crate::leadership::consul::http) fn client(
    builder: ClientBuilder,
    (): &Config,
) -> ClientBuilder {
    builder
}

pub(in crate::leadership::consul::http) fn remedy(_: &reqwest::Error, _: bool) -> Option<String> {
    None
}
