//! Reads, and writes that only the leader of a term can make.

use std::sync::Arc;

use leader_core::election::Fence;

use super::wire::{KvOperation, Operation, base64};
use super::{Shared, in_time};
use crate::lock::Reply;

/// Connections for what jobs read and write here: an agent allows 200 for each client address, and
/// would close that of a beat as well.
pub(super) const LANES: usize = 4;

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
        let path = format!("kv/{key}?consistent");
        let stored = self.ask(async { self.0.jobs.get(&path).await?.stored() });
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
        let Some(session) = self.0.session() else { return Ok(false) };
        let checks = led(lock, fence, session.as_str());
        let checked = checks.len();
        let operations: Vec<Operation> =
            checks.into_iter().chain([write]).map(|kv| Operation { kv }).collect();
        let Err(errors) = self.ask(self.0.jobs.transact(&operations)).await? else {
            return Ok(true);
        };
        let denied = errors.iter().find(|error| error.is_denied());
        if denied.is_none() && errors.iter().any(|error| error.op_index < checked) {
            return Ok(false);
        }
        let fault = denied.or_else(|| errors.first()).map(|error| {
            let operation = operations.get(error.op_index);
            error.told(|| self.0.keyspace.rule(operation.map_or("", |it| &it.kv.key)))
        });
        Err(fault.unwrap_or_default())
    }

    /// Asks over one of few connections, and waits for that no longer than for the answer.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, Reply>>) -> Result<T, String> {
        in_time(async {
            // nobody closes it
            let _lane = self.0.kv_lanes.acquire().await;
            call.await
        })
        .await
    }
}

/// That the lock is held by this session under this fence.
pub(super) fn led(lock: &str, fence: Fence, session: &str) -> [KvOperation; 2] {
    let session = Some(session.to_owned());
    [
        KvOperation { session, ..KvOperation::new("check-session", lock) },
        KvOperation { index: Some(fence.0), ..KvOperation::new("check-index", lock) },
    ]
}
