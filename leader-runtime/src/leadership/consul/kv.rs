//! Consul's key-value store for jobs: reads, and writes fenced by a term.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::Fence;

use super::acl::Rule;
use super::agent::{Agent, in_time};
use super::wire::{KvOperation, Operation, base64};
use crate::leadership::Reply;
use crate::leadership::values::{ValueStore, Write};

/// Maximum number of connections for reads and writes of jobs: an agent allows 200 per client address,
/// and closes any of them above that, also a beat's.
pub(super) const MAX_CONNECTIONS: usize = 4;

/// The key-value store of the Consul that has the locks.
#[derive(Clone, Debug)]
pub(super) struct KvStore(pub(super) Arc<Agent>);

impl ValueStore for KvStore {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<Vec<u8>>, String>> {
        let (store, key) = (self.clone(), key.to_owned());
        async move { store.read(&key).await }.boxed()
    }

    fn write(
        &self,
        lock: &str,
        fence: Fence,
        key: &str,
        write: Write,
    ) -> BoxFuture<'static, Result<bool, String>> {
        let (store, lock, key) = (self.clone(), lock.to_owned(), key.to_owned());
        async move { store.change(&lock, fence, &key, write).await }.boxed()
    }
}

impl KvStore {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let path = format!("kv/{key}?consistent");
        let stored = self.ask(async { self.0.jobs.get(&path).await?.stored() });
        let found = stored.await?.pop();
        Ok(found.map(|stored| stored.value().unwrap_or_default()))
    }

    async fn change(
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
        let checks = checks(lock, fence, session.as_str());
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
            let key = operation.map_or("", |it| &it.kv.key);
            error.describe(|| Rule::for_key(&self.0.keyspace, key))
        });
        Err(fault.unwrap_or_default())
    }

    /// Sends a request over one of the few connections. The timeout includes the wait for a connection.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, Reply>>) -> Result<T, String> {
        in_time(async {
            // nobody closes it
            let _connection = self.0.kv_connections.acquire().await;
            call.await
        })
        .await
    }
}

/// Returns the checks that this session holds the lock under this fence.
pub(super) fn checks(lock: &str, fence: Fence, session: &str) -> [KvOperation; 2] {
    let session = Some(session.to_owned());
    [
        KvOperation { session, ..KvOperation::new("check-session", lock) },
        KvOperation { index: Some(fence.0), ..KvOperation::new("check-index", lock) },
    ]
}
