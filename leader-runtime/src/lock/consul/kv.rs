//! Reads, and writes that only the leader of a term can make.

use std::sync::Arc;
use std::time::Duration;

use leader_core::election::Fence;

use super::Shared;
use super::acl::{key_rule, lacks_right};
use super::wire::{KvOperation, Operation, StoredKey, base64};
use crate::lock::Reply;

/// How long a job waits for Consul.
const PATIENCE: Duration = Duration::from_secs(5);

/// The key-value store of the Consul that the locks are in.
#[derive(Clone, Debug)]
pub(crate) struct KvStore(pub(super) Arc<Shared>);

/// What is done to a key.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Put(Vec<u8>),
    Delete,
}

impl KvStore {
    /// The value of this key, or what went wrong, in words for a person.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let stored =
            in_time(async { self.0.http.get(&format!("kv/{key}?consistent")).await?.stored() });
        let found = stored.await?.pop();
        Ok(found.map(|stored| stored.value().unwrap_or_default()))
    }

    /// Writes while the lock is held by this process's session under this fence; `false` where it
    /// is not, and nothing was written.
    pub(crate) async fn write(
        &self,
        lock: &str,
        fence: Fence,
        key: &str,
        write: Write,
    ) -> Result<bool, String> {
        let write = match write {
            Write::Put(value) => {
                KvOperation { value: Some(base64(&value)), ..KvOperation::new("set", key) }
            }
            Write::Delete => KvOperation::new("delete", key),
        };
        Ok(self.write_led(lock, fence, None, write).await?.is_some())
    }

    /// The same, where this check holds as well; what was written, or `None` where nothing was.
    pub(super) async fn write_led(
        &self,
        lock: &str,
        fence: Fence,
        check: Option<KvOperation>,
        write: KvOperation,
    ) -> Result<Option<Vec<StoredKey>>, String> {
        let Some(session) = self.0.session() else { return Ok(None) };
        let session = Some(session.to_string());
        let rule = key_rule(&write.key);
        let checks = [
            KvOperation { session, ..KvOperation::new("check-session", lock) },
            KvOperation { index: Some(fence.0), ..KvOperation::new("check-index", lock) },
        ];
        let operations: Vec<Operation> =
            checks.into_iter().chain(check).chain([write]).map(|kv| Operation { kv }).collect();
        let checks = operations.len() - 1;
        let errors = match in_time(self.0.http.transact(&operations)).await? {
            Ok(written) => return Ok(Some(written)),
            Err(errors) => errors,
        };
        match errors.iter().find(|error| error.what.contains("Permission denied")) {
            Some(denied) => Err(lacks_right(&rule, &denied.what)),
            None if errors.iter().any(|error| error.op_index < checks) => Ok(None),
            None => {
                let whats: Vec<_> = errors.iter().map(|error| error.what.as_str()).collect();
                Err(format!("refused a write: {}", whats.join("; ")))
            }
        }
    }
}

pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, Reply>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(reply)) => Err(reply.fault.unwrap_or_else(|| "no answer".into())),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    }
}
