//! The record store on Consul: each record is a key.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{Expected, Fence};

use super::super::kv::KvStore;
use super::batcher::{Get, Held, RecordOp, Set};
use crate::leadership::record_store::{RecordKey, RecordStore, StoredRecord, Written};

impl RecordStore for KvStore {
    fn read(&self, key: &RecordKey) -> BoxFuture<'static, Result<StoredRecord, String>> {
        let (store, key) = (self.clone(), self.0.keyspace.record(key));
        let op = move |reply| RecordOp { key, work: Get, reply };
        store.run(|queues, reply| queues.reads.push_back(op(reply))).boxed()
    }

    fn write(
        &self,
        key: &RecordKey,
        fence: Fence,
        read: Expected,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let held = Held { lock: key.lock.clone(), fence };
        let (store, key) = (self.clone(), self.0.keyspace.record(key));
        let work = Set { held, read, value };
        let op = move |reply| RecordOp { key, work, reply };
        store.run(|queues, reply| queues.writes.push_back(op(reply))).boxed()
    }
}
