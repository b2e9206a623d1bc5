//! What Consul's HTTP API says and is told, as far as a lock needs it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use leader_core::Lease;
use leader_core::election::Attempt;
use serde::{Deserialize, Serialize};

use super::acl::{Rule, lacks_right};

/// The flags by which every official client, and this one, knows a lock: they contend for the same
/// key, safely. (`LockFlagValue` of Consul's `api/lock.go`.)
pub(super) const LOCK_FLAGS: u64 = 0x2ddc_cbc0_58a5_0c18;

/// The flags of a semaphore, whose keys a lock must not touch. (`SemaphoreFlagValue` of Consul's
/// `api/semaphore.go`.)
const SEMAPHORE_FLAGS: u64 = 0xe0f6_9a2b_aa41_4de0;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Session<'a> {
    pub(super) name: String,
    #[serde(rename = "TTL")]
    pub(super) ttl: &'a str,
    pub(super) lock_delay: String,
    pub(super) node_checks: [&'static str; 0],
    pub(super) behavior: &'static str,
}

#[derive(Deserialize)]
pub(super) struct SessionCreated {
    #[serde(rename = "ID")]
    pub(super) id: String,
}

/// A key as it is stored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StoredKey {
    pub(super) key: String,
    pub(super) modify_index: u64,
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    pub(super) session: Option<String>,
    /// In base64; null where it is empty.
    #[serde(default)]
    value: Option<String>,
}

impl StoredKey {
    pub(super) const fn is_semaphore(&self) -> bool {
        self.flags == SEMAPHORE_FLAGS
    }

    pub(super) fn value(&self) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(self.value.as_ref()?).ok()
    }
}

/// The value of a beat key.
#[derive(Serialize, Deserialize)]
pub(super) struct Beat {
    lease: String,
    node: String,
    pid: u32,
    attempt: u64,
}

impl Beat {
    pub(super) fn new(lease: Lease, node: &str, attempt: Attempt) -> Self {
        Self {
            lease: lease.to_string(),
            node: node.into(),
            pid: std::process::id(),
            attempt: attempt.number(),
        }
    }

    /// What the holder beats within; `None` where this is no lease.
    pub(super) fn lease(&self) -> Option<Duration> {
        Some(self.lease.parse::<Lease>().ok()?.length())
    }
}

/// One operation of a transaction.
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    #[serde(rename = "KV")]
    pub(super) kv: KvOperation,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KvOperation {
    pub(super) verb: &'static str,
    pub(super) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flags: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
}

impl KvOperation {
    pub(super) fn new(verb: &'static str, key: &str) -> Self {
        Self { verb, key: key.into(), value: None, flags: None, index: None, session: None }
    }
}

pub(super) fn base64(value: &[u8]) -> String {
    BASE64_STANDARD.encode(value)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactionAnswer {
    #[serde(default)]
    pub(super) results: Option<Vec<TransactionResult>>,
    #[serde(default)]
    pub(super) errors: Option<Vec<TransactionError>>,
}

#[derive(Deserialize)]
pub(super) struct TransactionResult {
    #[serde(rename = "KV")]
    pub(super) kv: StoredKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactionError {
    pub(super) op_index: usize,
    pub(super) what: String,
}

impl TransactionError {
    /// Whether the token lacks a right.
    pub(super) fn is_denied(&self) -> bool {
        self.what.contains("Permission denied")
    }

    /// In words for a person; `rule` is what the operation needs.
    pub(super) fn told(&self, rule: impl FnOnce() -> Rule) -> String {
        if self.is_denied() {
            lacks_right(&rule(), &self.what)
        } else {
            format!("refused a transaction: {}", self.what)
        }
    }
}
