//! What stands in for TLS in a program that was built without the feature `tls`.

use std::error::Error;

use reqwest::ClientBuilder;

use super::access::Wanted;
use super::variable::Variable;

pub(super) type Config = ();

impl Wanted<'_> {
    /// # Errors
    ///
    /// Where TLS is wanted.
    pub(super) fn config(&self) -> Result<Config, Vec<String>> {
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

pub(super) fn client(builder: ClientBuilder, (): &Config) -> ClientBuilder {
    builder
}

pub(super) fn remedy(_: &(dyn Error + 'static)) -> Option<String> {
    None
}
