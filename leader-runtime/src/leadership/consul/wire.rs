//! The JSON of Consul's HTTP API, as far as locks need it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::acl::{Rule, lacks_right};
use crate::text::Excerpt;

/// Flags that mark a key as a lock for every official client and for this one, so that they can safely
/// contend for one key. (`LockFlagValue` of Consul's `api/lock.go`.)
pub(super) const LOCK_FLAGS: u64 = 0x2ddc_cbc0_58a5_0c18;

/// Flags that mark a key as a semaphore, which a lock must not touch. (`SemaphoreFlagValue` of Consul's
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

/// An operation of a transaction.
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

    /// Describes the error for a person; `rule` is the right that the operation needs.
    pub(super) fn describe(&self, rule: impl FnOnce() -> Rule) -> String {
        if self.is_denied() {
            lacks_right(&rule(), &self.what)
        } else {
            format!("refused a transaction: {}", Excerpt::line(&self.what))
        }
    }
}
