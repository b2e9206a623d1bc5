//! Consul's HTTP interface as far as a test asks it: to arrange a state, and to see what is really
//! there.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of one agent. Every request opens a connection of its own, so that none is left over
/// from before a restart.
#[derive(Debug, Clone)]
pub struct Api {
    addr: String,
    token: Option<String>,
    http: ureq::Agent,
}

/// An answer of Consul.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `X-Consul-Index`, where there is one.
    pub index: Option<u64>,
    /// The body, without the line end that dev agents append.
    pub body: String,
}

/// A key as Consul holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: String,
    /// The value, decoded.
    pub value: String,
    /// The session that holds the key's lock.
    pub session: Option<String>,
    /// How often the lock was taken.
    pub lock_index: u64,
    /// The index of the key's creation.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// The number that its writer attached.
    pub flags: u64,
}

/// A session as Consul holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: String,
    /// The name, empty where none was given.
    pub name: String,
    /// The agent's node that it lives on.
    pub node: String,
    /// The time to live as it was given, such as `10s`.
    pub ttl: String,
    /// How long its locks stay closed once it is lost.
    pub lock_delay: Duration,
    /// `release` or `delete`.
    pub behavior: String,
    /// The node checks that it hangs on.
    pub node_checks: Vec<String>,
}

impl Api {
    /// A client of the agent at `addr`, `host:port`, without a token.
    pub fn at(addr: &str) -> Self {
        Self::with_timeout(addr, TIMEOUT)
    }

    /// Makes a client with this timeout of each request.
    pub fn with_timeout(addr: &str, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_idle_connections(0)
            .timeout_global(Some(timeout))
            .proxy(None)
            .build();
        Self { addr: addr.to_owned(), token: None, http: config.new_agent() }
    }

    /// Returns this client with another token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Sends one request; `path` begins with `/v1/`.
    ///
    /// # Errors
    ///
    /// When no whole answer came in time, and why.
    pub fn try_request(&self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let told = |fault: &dyn std::fmt::Display| format!("{method} {}{path}: {fault}", self.addr);
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.addr));
        if let Some(token) = &self.token {
            request = request.header("X-Consul-Token", token);
        }
        let request = request.body(body).map_err(|fault| told(&fault))?;
        let mut response = self.http.run(request).map_err(|fault| told(&fault))?;
        let index = response.headers().get("X-Consul-Index");
        Ok(Answer {
            status: response.status().as_u16(),
            index: index.and_then(|index| index.to_str().ok()?.parse().ok()),
            body: response
                .body_mut()
                .read_to_string()
                .map_err(|fault| told(&fault))?
                .trim_end()
                .to_owned(),
        })
    }

    /// [`try_request`](Self::try_request) of an agent that is there.
    ///
    /// # Panics
    ///
    /// When no answer came. So does every method below, and when the status is not the expected
    /// one.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_request(method, path, body).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The key, or nothing.
    #[track_caller]
    pub fn get(&self, key: &str) -> Option<Entry> {
        self.entries(&format!("/v1/kv/{}?consistent", escaped(key))).pop()
    }

    /// Every key that begins with `prefix`.
    #[track_caller]
    pub fn list(&self, prefix: &str) -> Vec<Entry> {
        self.entries(&format!("/v1/kv/{}?recurse&consistent", escaped(prefix)))
    }

    /// Writes a key, whoever holds it.
    #[track_caller]
    pub fn put(&self, key: &str, value: &str) {
        assert!(
            self.did(&format!("/v1/kv/{}", escaped(key)), value),
            "Consul did not write `{key}`"
        );
    }

    /// Deletes a key, whoever holds it.
    #[track_caller]
    pub fn delete(&self, key: &str) {
        let path = format!("/v1/kv/{}", escaped(key));
        self.expect("DELETE", &path, "", 200);
    }

    /// Takes the lock on a key; `false` when it is held or closed.
    #[track_caller]
    pub fn acquire(&self, key: &str, session: &str, value: &str) -> bool {
        self.did(&format!("/v1/kv/{}?acquire={session}", escaped(key)), value)
    }

    /// Gives the lock up; `false` when `session` does not hold it.
    #[track_caller]
    pub fn release(&self, key: &str, session: &str) -> bool {
        self.did(&format!("/v1/kv/{}?release={session}", escaped(key)), "")
    }

    /// Creates a session from a JSON body such as `{"TTL":"10s"}`, and gives its id.
    #[track_caller]
    pub fn create_session(&self, body: &str) -> String {
        text(&self.json("/v1/session/create", "PUT", body)["ID"])
    }

    /// Destroys a session, whether it is there or not.
    #[track_caller]
    pub fn destroy_session(&self, id: &str) {
        self.expect("PUT", &format!("/v1/session/destroy/{id}"), "", 200);
    }

    /// The session, or nothing.
    #[track_caller]
    pub fn session(&self, id: &str) -> Option<Session> {
        items(&self.json(&format!("/v1/session/info/{id}"), "GET", ""))
            .map(Session::from_json)
            .next()
    }

    /// All sessions.
    #[track_caller]
    pub fn sessions(&self) -> Vec<Session> {
        items(&self.json("/v1/session/list", "GET", "")).map(Session::from_json).collect()
    }

    #[track_caller]
    fn expect(&self, method: &str, path: &str, body: &str, status: u16) -> Answer {
        let answer = self.request(method, path, body);
        let (got, said) = (answer.status, &answer.body);
        assert!(got == status, "{method} {}{path}: {got} {said}, expected {status}", self.addr);
        answer
    }

    #[track_caller]
    fn did(&self, path: &str, body: &str) -> bool {
        self.expect("PUT", path, body, 200).body == "true"
    }

    #[track_caller]
    pub(crate) fn json(&self, path: &str, method: &str, body: &str) -> Value {
        parsed(path, &self.expect(method, path, body, 200).body)
    }

    #[track_caller]
    fn entries(&self, path: &str) -> Vec<Entry> {
        let answer = self.request("GET", path, "");
        match answer.status {
            200 => items(&parsed(path, &answer.body)).map(Entry::from_json).collect(),
            404 => Vec::new(),
            status => panic!("GET {}{path}: {status} {}", self.addr, answer.body),
        }
    }
}

impl Entry {
    #[track_caller]
    fn from_json(json: &Value) -> Self {
        let key = text(&json["Key"]);
        // an empty value is `null`
        let value = BASE64_STANDARD
            .decode(json["Value"].as_str().unwrap_or_default())
            .unwrap_or_else(|fault| panic!("the value of `{key}` is no base64: {fault}"));
        let value = String::from_utf8(value)
            .unwrap_or_else(|fault| panic!("the value of `{key}` is no UTF-8: {fault}"));
        Self {
            key,
            value,
            session: json["Session"].as_str().map(str::to_owned),
            lock_index: number(&json["LockIndex"]),
            create_index: number(&json["CreateIndex"]),
            modify_index: number(&json["ModifyIndex"]),
            flags: number(&json["Flags"]),
        }
    }
}

impl Session {
    #[track_caller]
    fn from_json(json: &Value) -> Self {
        Self {
            id: text(&json["ID"]),
            name: text(&json["Name"]),
            node: text(&json["Node"]),
            ttl: text(&json["TTL"]),
            lock_delay: Duration::from_nanos(number(&json["LockDelay"])),
            behavior: text(&json["Behavior"]),
            node_checks: items(&json["NodeChecks"]).map(text).collect(),
        }
    }
}

#[track_caller]
fn parsed(path: &str, body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|fault| panic!("{path}: {fault} in `{body}`"))
}

#[track_caller]
fn text(json: &Value) -> String {
    json.as_str().unwrap_or_else(|| panic!("Consul gave {json} for a text")).to_owned()
}

#[track_caller]
fn number(json: &Value) -> u64 {
    json.as_u64().unwrap_or_else(|| panic!("Consul gave {json} for a number"))
}

fn items(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

/// A key as it stands in a URL: all but the slash and what needs no escape is escaped.
fn escaped(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
