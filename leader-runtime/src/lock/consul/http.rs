//! Consul's HTTP API: requests, and what a status and a text mean for leadership.

use std::sync::Arc;

use leader_core::election::{Answer, Failure, Index};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;

use super::super::Reply;
use super::access::Access;
use super::acl::{Rule, lacks_right};
use super::address::Address;
use super::client;
use super::keyspace::Keyspace;
use super::tenancy::Tenancy;
use super::tls;
use super::token::Token;
use super::wire::{Operation, StoredKey, TransactionAnswer, TransactionError};
use crate::error::Error;
use crate::metrics::Counted;

/// A client of one agent.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    address: Address,
    /// What stands before every path.
    base: String,
    token: Arc<Token>,
    tenancy: Tenancy,
    keyspace: Keyspace,
}

/// An answer that says what it means: a success, or a 404 of a read.
pub(super) struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// What a transaction has read and written; or what stood against it, one thing at the least.
pub(super) type Carried = Result<Vec<StoredKey>, Vec<TransactionError>>;

impl Http {
    /// Two of the same agent, which lend each other no connection: what polls one is the runtime that
    /// opened it, and a runtime on which jobs block every thread polls none.
    pub(super) fn pair(access: &Access, keyspace: &Keyspace) -> Result<[Self; 2], Error> {
        let connection = access.connect().map_err(Error::wrong)?;
        let base = format!("{}/v1/", connection.address.base(connection.server_name.as_deref()));
        let http = || {
            Ok(Self {
                client: client::of(&connection)?,
                address: connection.address.clone(),
                base: base.clone(),
                token: Arc::clone(&connection.token),
                tenancy: connection.tenancy.clone(),
                keyspace: keyspace.clone(),
            })
        };
        Ok([http()?, http()?])
    }

    pub(super) const fn address(&self) -> &Address {
        &self.address
    }

    pub(super) async fn get(&self, path: &str) -> Result<Response, Reply> {
        self.meaning(self.request(Method::GET, path, Vec::new()).await?, path, true)
    }

    pub(super) async fn put(&self, path: &str, body: Vec<u8>) -> Result<Response, Reply> {
        self.meaning(self.request(Method::PUT, path, body).await?, path, false)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Response, Reply> {
        self.meaning(self.request(Method::DELETE, path, Vec::new()).await?, path, false)
    }

    /// All of these operations or none.
    pub(super) async fn transact(&self, operations: &[Operation]) -> Result<Carried, Reply> {
        // of one that only reads; whatever writes asks the quorum anyway
        let path = "txn?consistent";
        let response = self.request(Method::PUT, path, self.tenancy.operations(operations)).await?;
        if response.status != StatusCode::CONFLICT {
            let answer: TransactionAnswer = self.meaning(response, path, false)?.json()?;
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
        // refused, nothing was done: a new token may be there that was not read yet
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
        let broken = |cause| Reply::failed(Failure::Transient, broken(&cause));
        let mut request = self.client.request(method.clone(), url).body(body);
        if let Some(token) = token {
            request = request.header("X-Consul-Token", token);
        }
        let counted = Counted::new(&method, path);
        let sent = request.send().await;
        counted.answered(sent.as_ref().ok().map(reqwest::Response::status));
        let response = sent.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.map_err(broken)?;
        Ok(Response { status, headers, body })
    }

    /// What the response says; `is_read`: a 404 is an answer.
    fn meaning(&self, response: Response, path: &str, is_read: bool) -> Result<Response, Reply> {
        let text = response.text();
        match response.status {
            StatusCode::OK => Ok(response),
            StatusCode::NOT_FOUND if is_read => Ok(response),
            // of a renewal
            StatusCode::NOT_FOUND if text.contains("Session id") => Err(gone()),
            StatusCode::INTERNAL_SERVER_ERROR if text.contains("invalid session") => Err(gone()),
            status => {
                let refusal = refusal(status, text, || self.rule(path));
                Err(Reply::failed(failure(status, text), refusal))
            }
        }
    }

    /// What a request for this path needs.
    fn rule(&self, path: &str) -> Rule {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match path.strip_prefix("kv/") {
            Some(folder) if query.starts_with("recurse") && folder != self.keyspace.beats() => {
                Rule::List(folder.into())
            }
            Some(key) => self.keyspace.rule(key),
            None => Rule::Sessions,
        }
    }
}

impl Response {
    /// In dev mode, older Consuls end their bodies with a line feed.
    pub(super) fn text(&self) -> &str {
        self.body.trim()
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        serde_json::from_str(&self.body).map_err(|cause| {
            Reply::failed(
                Failure::Transient,
                format!("an answer is none of Consul's ({cause}); is this a Consul agent?"),
            )
        })
    }

    /// The keys that a read found: none where the key, or every key of the folder, is missing.
    pub(super) fn stored(&self) -> Result<Vec<StoredKey>, Reply> {
        match self.status {
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            _ => self.json(),
        }
    }

    /// How new the answer is.
    pub(super) fn index(&self) -> Result<Index, Reply> {
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

fn gone() -> Reply {
    Answer::SessionGone.into()
}

/// Consul answers most faults of its clients with a 500: the text decides.
fn failure(status: StatusCode, text: &str) -> Failure {
    let is_configuration = match status {
        StatusCode::INTERNAL_SERVER_ERROR => {
            // "Missing node" is none: just started, an agent does not know its own yet
            ["Invalid ", "Missing check", "UUID must be 36"].iter().any(|part| text.contains(part))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            false
        }
        status => status.is_client_error() || status.is_redirection(),
    };
    if is_configuration { Failure::Configuration } else { Failure::Transient }
}

/// What is said of a namespace or a partition where there are none; the second by a Consul that is
/// older than partitions.
const NO_TENANCY: [&str; 2] = ["Consul Enterprise feature", "unknown field \"Partition\""];

fn refusal(status: StatusCode, text: &str, rule: impl FnOnce() -> Rule) -> String {
    let text: String = text.chars().take(200).collect();
    match (status, text.as_str()) {
        (StatusCode::FORBIDDEN, text) if text.contains("ACL not found") => format!(
            "Consul does not know the token ({status}: {text}); set CONSUL_HTTP_TOKEN, or what \
             CONSUL_HTTP_TOKEN_FILE holds, to one that exists"
        ),
        (StatusCode::UNAUTHORIZED, _) => format!(
            "asks for a name and a password ({status}), as a proxy does; set CONSUL_HTTP_AUTH to \
             the right `user:password`"
        ),
        (StatusCode::BAD_REQUEST, text) if text.contains("HTTP request to an HTTPS server") => {
            "speaks TLS alone at this port; write https:// before the address in CONSUL_HTTP_ADDR, or \
             set CONSUL_HTTP_SSL=true"
                .into()
        }
        (StatusCode::BAD_REQUEST, text) if NO_TENANCY.iter().any(|part| text.contains(part)) => {
            format!(
                "is no Consul Enterprise, and has neither namespaces nor partitions ({text}); unset \
                 CONSUL_NAMESPACE and CONSUL_PARTITION"
            )
        }
        (StatusCode::FORBIDDEN, text) => lacks_right(&rule(), text),
        (status, "") => format!("Consul answered {status}"),
        (status, text) => format!("Consul answered {status}: {text}"),
    }
}

/// No answer came. The remedies are those of whoever starts the program for the first time.
fn broken(cause: &reqwest::Error) -> String {
    if let Some(remedy) = tls::remedy(cause) {
        return remedy;
    }
    let mut root: &dyn std::error::Error = cause;
    while let Some(source) = root.source() {
        root = source;
    }
    if cause.is_connect() {
        format!(
            "does not answer ({root}); start an agent there, for example with `consul agent -dev`, \
             or set CONSUL_HTTP_ADDR to one that runs; or set LEADER_LOCK=local to do without \
             Consul on one machine"
        )
    } else {
        format!("the connection broke ({root})")
    }
}
