//! The HTTP client for one agent: how it opens connections, and how many it keeps.

use std::sync::Arc;

use reqwest::Client;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::header::{HOST, HeaderValue};

use super::address::Address;
use super::env::Connection;
use super::tls;
use crate::error::Error;
use crate::system::through_socket;

/// Creates a client with its own pool of at most `max_idle` idle connections.
pub(super) fn of(connection: &Connection, max_idle: usize) -> Result<Client, Error> {
    let Connection { address, server_name, proxy, headers, tls, .. } = connection;
    let mut headers = headers.clone();
    let builder = Client::builder()
        // retries over HTTP/2 would share a dead connection
        .http1_only()
        // Consul redirects a key with `//` or a leading `/`: such a key is a fault of ours
        .redirect(reqwest::redirect::Policy::none())
        // `Proxies` chooses the proxy, by other rules than reqwest's
        .no_proxy()
        .pool_max_idle_per_host(max_idle)
        .tcp_nodelay(true);
    let builder = match proxy {
        Some(proxy) => builder.proxy(proxy.of_reqwest().map_err(Error::client)?),
        None => builder,
    };
    let builder = tls::client(builder, tls);
    let builder = match (address, server_name) {
        (Address::Socket { path, .. }, _) => through_socket(builder, path),
        (Address::Host { host, port, .. }, Some(_)) => {
            // `server_name` is only for the certificate; the connection goes to the address
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let named = HeaderValue::from_str(&format!("{host}{port}"));
            headers.extend(named.ok().map(|host| (HOST, host)));
            builder.dns_resolver(FixedHost(host.trim_matches(['[', ']']).into()))
        }
        _ => builder,
    };
    builder.default_headers(headers).build().map_err(Error::client)
}

/// Resolves every name to the host of the agent's address: the name in a URL is its certificate's.
struct FixedHost(Arc<str>);

impl Resolve for FixedHost {
    fn resolve(&self, _: Name) -> Resolving {
        let host = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((&*host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as _)
        })
    }
}
