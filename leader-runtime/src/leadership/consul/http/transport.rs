//! Requests to Consul's HTTP API, and the meaning of their statuses and texts for leadership.

use std::sync::Arc;

use leader_core::election::{Answer, Failure, Index};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;

use super::super::acl::{Rule, lacks_right};
use super::super::keyspace::Keyspace;
use super::super::wire::{Operation, StoredKey, TransactionAnswer, TransactionError};
use super::address::Address;
use super::client;
use super::env::Access;
use super::proxy::Proxy;
use super::tenancy::Tenancy;
use super::tls;
use super::token::Token;
use crate::error::Error;
use crate::leadership::Reply;
use crate::metrics::Counted;
use crate::text::Excerpt;

/// A client of one agent.
#[derive(Debug)]
pub(in crate::leadership::consul) struct Http {
    client: Client,
    address: Address,
    proxy: Option<Proxy>,
    /// The URL before every path.
    base: String,
    token: Arc<Token>,
    tenancy: Tenancy,
    keyspace: Keyspace,
}

/// A response that has a meaning: a success, or a 404 of a read.
pub(in crate::leadership::consul) struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// Maximum number of idle connections of a client.
const MAX_IDLE: usize = 2;

/// Result of a transaction: the keys read and written, or a non-empty list of errors.
pub(in crate::leadership::consul) type Carried = Result<Vec<StoredKey>, Vec<TransactionError>>;

impl Http {
    /// Three clients of one agent: for the election, for its requests over a new connection, and for
    /// jobs. They share no connection: the runtime that opened a connection polls it, and a runtime
    /// whose threads are all blocked by jobs polls none.
    pub(in crate::leadership::consul) fn of(
        access: &Access,
        keyspace: &Keyspace,
    ) -> Result<[Self; 3], Error> {
        let connection = access.connect().map_err(Error::wrong)?;
        let base = format!("{}/v1/", connection.address.base(connection.server_name.as_deref()));
        let http = |max_idle| {
            Ok(Self {
                client: client::of(&connection, max_idle)?,
                address: connection.address.clone(),
                proxy: connection.proxy.clone(),
                base: base.clone(),
                token: Arc::clone(&connection.token),
                tenancy: connection.tenancy.clone(),
                keyspace: keyspace.clone(),
            })
        };
        Ok([http(MAX_IDLE)?, http(0)?, http(MAX_IDLE)?])
    }

    /// The agent's name for messages, with the proxy before it.
    pub(in crate::leadership::consul) fn location(&self) -> String {
        let address = &self.address;
        match &self.proxy {
            None => format!("Consul at {address}"),
            Some(proxy) => format!("Consul at {address}, through the proxy {proxy}"),
        }
    }

    pub(in crate::leadership::consul) async fn get(&self, path: &str) -> Result<Response, Reply> {
        self.interpret(self.request(Method::GET, path, Vec::new()).await?, path, true)
    }

    pub(in crate::leadership::consul) async fn put(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, Reply> {
        self.interpret(self.request(Method::PUT, path, body).await?, path, false)
    }

    pub(in crate::leadership::consul) async fn delete(
        &self,
        path: &str,
    ) -> Result<Response, Reply> {
        self.interpret(self.request(Method::DELETE, path, Vec::new()).await?, path, false)
    }

    /// Carries out all of these operations or none.
    pub(in crate::leadership::consul) async fn transact(
        &self,
        operations: &[Operation],
    ) -> Result<Carried, Reply> {
        // for a transaction that only reads; a write goes through the quorum anyway
        let path = "txn?consistent";
        let response = self.request(Method::PUT, path, self.tenancy.operations(operations)).await?;
        if response.status != StatusCode::CONFLICT {
            let answer: TransactionAnswer = self.interpret(response, path, false)?.json()?;
            let results = answer.results.unwrap_or_default();
            return Ok(Ok(results.into_iter().map(|result| result.kv).collect()));
        }
        let answer: TransactionAnswer = response.json()?;
        match answer.errors.unwrap_or_default() {
            errors if errors.is_empty() => {
                let fault = "refused a transaction, and does not say why";
                Err(Reply::failed(Failure::Transient, fault))
            }
            errors => Ok(Err(errors)),
        }
    }

    async fn request(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Response, Reply> {
        let token = self.token.current();
        let kept = self.token.is_of_a_file().then(|| body.clone());
        let response = self.send(method.clone(), path, body, token.clone()).await?;
        // a refusal has done nothing: the file may have a new token that was not read yet
        if response.status == StatusCode::FORBIDDEN
            && let Some(body) = kept
            && let Some(token) = self.token.instead_of(token.as_ref()).await
        {
            return self.send(method, path, body, Some(token)).await;
        }
        Ok(response)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        token: Option<HeaderValue>,
    ) -> Result<Response, Reply> {
        let url = format!("{}{}", self.base, self.tenancy.path(path));
        let broken = |cause| Reply::failed(Failure::Transient, self.broken(&cause));
        let mut request = self.client.request(method.clone(), url).body(body);
        if let Some(token) = token {
            request = request.header("X-Consul-Token", token);
        }
        let counted = Counted::new(&method, path);
        let sent = request.send().await;
        counted.answered(sent.as_ref().ok().map(reqwest::Response::status));
        let response = sent.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match status {
            StatusCode::OK | StatusCode::CONFLICT => response.text().await,
            _ => beginning(response).await,
        };
        Ok(Response { status, headers, body: body.map_err(broken)? })
    }

    /// Returns the response if it has a meaning, otherwise its fault. `is_read`: a 404 is an answer.
    fn interpret(&self, response: Response, path: &str, is_read: bool) -> Result<Response, Reply> {
        let text = response.text();
        match response.status {
            StatusCode::OK => Ok(response),
            StatusCode::NOT_FOUND if is_read => Ok(response),
            // the answer to a renewal
            StatusCode::NOT_FOUND if text.contains("Session id") => Err(gone()),
            StatusCode::INTERNAL_SERVER_ERROR if text.contains("invalid session") => Err(gone()),
            StatusCode::NOT_FOUND if !self.address.prefix().is_empty() => {
                let prefix = self.address.prefix();
                let fault = format!(
                    "answered {} to `{prefix}/v1/…`, where Consul should be; the path of an address is \
                     put before every request's own: leave `{prefix}` out of CONSUL_HTTP_ADDR, or write \
                     the one that a proxy there takes away",
                    response.status
                );
                Err(Reply::failed(Failure::Configuration, fault))
            }
            status => {
                let refusal = refusal(status, text, || self.rule(path));
                Err(Reply::failed(failure(status, text), refusal))
            }
        }
    }

    fn broken(&self, cause: &reqwest::Error) -> String {
        if let Some(remedy) = tls::remedy(cause, self.proxy.is_none()) {
            return remedy;
        }
        let root = sources(cause).last().unwrap_or(cause);
        if !cause.is_connect() {
            if root.to_string().contains("invalid HTTP") && !self.address.is_tls() {
                return format!(
                    "does not speak HTTP at this port ({root}); where it speaks TLS, {USE_TLS}"
                );
            }
            return format!("the connection broke ({root})");
        }
        let is_found = sources(cause).all(|cause| cause.to_string() != "dns error");
        let of_proxy = self.proxy.as_ref().map(Proxy::remedy);
        match of_proxy.or_else(|| self.address.doubt().filter(|_| is_found)) {
            Some(remedy) => format!("does not answer ({root}); {remedy}"),
            None => unanswered(root),
        }
    }

    /// The right that a request for this path needs.
    fn rule(&self, path: &str) -> Rule {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match path.strip_prefix("kv/") {
            Some(folder) if query.starts_with("recurse") && folder != self.keyspace.beats() => {
                Rule::List(folder.into())
            }
            Some(key) => Rule::for_key(&self.keyspace, key),
            None => Rule::Sessions,
        }
    }
}

impl Response {
    /// The body without the line feed that older Consuls add in dev mode.
    pub(in crate::leadership::consul) fn text(&self) -> &str {
        self.body.trim()
    }

    pub(in crate::leadership::consul) fn json<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        serde_json::from_str(&self.body).map_err(|cause| {
            // the cause quotes what it does not understand
            let cause = cause.to_string();
            let cause = Excerpt::line(&cause);
            Reply::failed(
                Failure::Transient,
                format!("an answer is none of Consul's ({cause}); is this a Consul agent?"),
            )
        })
    }

    /// The keys that a read found; empty if the key, or every key of the folder, is missing.
    pub(in crate::leadership::consul) fn stored(&self) -> Result<Vec<StoredKey>, Reply> {
        match self.status {
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            _ => self.json(),
        }
    }

    /// The index of the answer.
    pub(in crate::leadership::consul) fn index(&self) -> Result<Index, Reply> {
        let index = self.headers.get("X-Consul-Index").and_then(|v| v.to_str().ok()?.parse().ok());
        index.map(Index).ok_or_else(|| {
            Reply::failed(
                Failure::Transient,
                format!(
                    "an answer has no X-Consul-Index ({}); is this a Consul agent?",
                    self.status
                ),
            )
        })
    }
}

/// Maximum length of a refusal that is read, in bytes: a proxy's refusal may be endless.
const MAX_REFUSAL: usize = 64 * 1024;

/// Reads the beginning of a body.
async fn beginning(mut response: reqwest::Response) -> reqwest::Result<String> {
    let mut body = Vec::new();
    while body.len() < MAX_REFUSAL
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn gone() -> Reply {
    Answer::SessionGone.into()
}

/// Classifies a failure. Consul answers most faults of its clients with a 500: the text decides.
fn failure(status: StatusCode, text: &str) -> Failure {
    let is_configuration = match status {
        StatusCode::INTERNAL_SERVER_ERROR => {
            // "Missing node" is transient: an agent that has just started does not know its own
            ["Invalid ", "Missing check", "UUID must be 36"].iter().any(|part| text.contains(part))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            false
        }
        status => status.is_client_error() || status.is_redirection(),
    };
    if is_configuration { Failure::Configuration } else { Failure::Transient }
}

/// Answers to a namespace or a partition by a Consul without them; the second by a Consul older than
/// partitions.
const NO_TENANCY: [&str; 2] = ["Consul Enterprise feature", "unknown field \"Partition\""];

/// Answers to plain HTTP at a port of TLS, by Go's servers and by nginx.
const TLS_ALONE: [&str; 2] =
    ["HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port"];

const USE_TLS: &str =
    "write https:// before the address in CONSUL_HTTP_ADDR, or set CONSUL_HTTP_SSL=true";

fn refusal(status: StatusCode, text: &str, rule: impl FnOnce() -> Rule) -> String {
    let excerpt = Excerpt::line(text);
    match (status, text) {
        (StatusCode::FORBIDDEN, text) if text.contains("ACL not found") => format!(
            "Consul does not know the token ({status}: {excerpt}); set CONSUL_HTTP_TOKEN, or what \
             CONSUL_HTTP_TOKEN_FILE holds, to one that exists"
        ),
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, _) => format!(
            "the proxy asks for a name and a password ({status}); write them before its host, as \
             `http://user:password@proxy:3128`"
        ),
        // from a proxy, or an agent that takes no writes from here: no right would help
        (StatusCode::FORBIDDEN, text) if !text.contains("ermission denied") => {
            format!("does not let this pass, whatever the token ({status}: {excerpt})")
        }
        (StatusCode::UNAUTHORIZED, _) => format!(
            "asks for a name and a password ({status}), as a proxy does; set CONSUL_HTTP_AUTH to \
             the right `user:password`"
        ),
        (StatusCode::BAD_REQUEST, text) if TLS_ALONE.iter().any(|part| text.contains(part)) => {
            format!("speaks TLS alone at this port; {USE_TLS}")
        }
        (StatusCode::BAD_REQUEST, text) if NO_TENANCY.iter().any(|part| text.contains(part)) => {
            format!(
                "is no Consul Enterprise, and has neither namespaces nor partitions ({excerpt}); unset \
                 CONSUL_NAMESPACE and CONSUL_PARTITION"
            )
        }
        (StatusCode::FORBIDDEN, text) => lacks_right(&rule(), text),
        (status, "") => format!("Consul answered {status}"),
        (status, _) => format!("Consul answered {status}: {excerpt}"),
    }
}

/// A fault and its sources; the last is the root.
fn sources<'a>(
    cause: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(cause), |cause| cause.source())
}

/// Describes that no answer came, with the remedies for a first start of the program.
fn unanswered(root: &dyn std::error::Error) -> String {
    format!(
        "does not answer ({root}); start an agent there, for example with `consul agent -dev`, or set \
         CONSUL_HTTP_ADDR to one that runs; or set LEADER_LOCK=local to do without Consul on one \
         machine"
    )
}
