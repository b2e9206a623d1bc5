//! The requests to Consul.

use std::time::Instant;

use reqwest::{Method, StatusCode};

use super::{CONSUL_ANSWER, CONSUL_REQUESTS};

/// One request, counted when it is answered or given up.
#[derive(Debug)]
pub(crate) struct Counted {
    kind: &'static str,
    sent: Instant,
    answered: bool,
}

impl Counted {
    /// `path` is the path after `/v1/`.
    pub(crate) fn new(method: &Method, path: &str) -> Self {
        Self { kind: kind(method, path), sent: Instant::now(), answered: false }
    }

    /// Counts an answer; `None` where the connection broke.
    pub(crate) fn answered(mut self, status: Option<StatusCode>) {
        self.answered = true;
        if status.is_some() && self.kind != "watch" {
            CONSUL_ANSWER.histogram(&[self.kind]).record(self.sent.elapsed().as_secs_f64());
        }
        self.count(status.as_ref().map_or("broken", StatusCode::as_str));
    }

    fn count(&self, status: &str) {
        CONSUL_REQUESTS.counter(&[self.kind, status]).increment(1);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.answered {
            self.count("none");
        }
    }
}

fn kind(method: &Method, path: &str) -> &'static str {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match path.split('/').next() {
        Some("session") => "session",
        Some("txn") => "transaction",
        Some("kv") if query.contains("acquire=") => "beat",
        Some("kv") if query.contains("index=") => "watch",
        Some("kv") if *method == Method::GET => "read",
        Some("kv") if *method == Method::DELETE => "delete",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_its_path() {
        for (method, path, expected) in [
            (Method::PUT, "session/create", "session"),
            (Method::PUT, "session/renew/ab-c", "session"),
            (Method::PUT, "txn?consistent", "transaction"),
            (Method::PUT, "kv/.leader/beats/ab?acquire=ab", "beat"),
            (Method::GET, "kv/service/?recurse&index=7&wait=10s", "watch"),
            (Method::GET, "kv/service/?recurse", "read"),
            (Method::DELETE, "kv/.leader/beats/ab?cas=7", "delete"),
            (Method::GET, "acl/token/self", "other"),
        ] {
            assert_eq!(kind(&method, path), expected, "{method} {path}");
        }
    }
}
