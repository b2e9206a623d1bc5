//! The HTTP client for one agent: how its connections are made, and how long they are kept.

use std::sync::Arc;

use reqwest::Client;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::header::{HOST, HeaderValue};

use super::access::Connection;
use super::address::Address;
use super::tls;
use crate::error::Error;

/// One with a pool of its own.
pub(super) fn of(connection: &Connection) -> Result<Client, Error> {
    let Connection { address, server_name, headers, tls, .. } = connection;
    let mut headers = headers.clone();
    let builder = Client::builder()
        // a dead connection outlives its retries where HTTP/2 shares it
        .http1_only()
        // Consul answers a key with `//` or a leading `/` by a redirect: that is a fault of ours
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(2)
        .tcp_nodelay(true);
    let builder = tls::client(builder, tls);
    let builder = match (address, server_name) {
        #[cfg(unix)]
        (Address::Socket { path, .. }, _) => builder.unix_socket(path.as_path()),
        (Address::Host { host, port, .. }, Some(_)) => {
            // the name is for the certificate: asked is whoever the address says
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let named = HeaderValue::from_str(&format!("{host}{port}"));
            headers.extend(named.ok().map(|host| (HOST, host)));
            builder.dns_resolver(Elsewhere(host.trim_matches(['[', ']']).into()))
        }
        _ => builder,
    };
    builder.default_headers(headers).build().map_err(Error::client)
}

/// Finds the agent where its address says, whatever name its certificate is for.
struct Elsewhere(Arc<str>);

impl Resolve for Elsewhere {
    fn resolve(&self, _: Name) -> Resolving {
        let host = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((&*host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as _)
        })
    }
}
