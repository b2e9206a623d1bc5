//! The records of jobs as keys in Consul, outside every watched folder, which each write would wake.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{Fence, Read};

use super::errands::{Errand, Held, Reading, Writing};
use super::kv::KvStore;
use crate::lock::records::{Found, Place, Records, Written};

impl Records for KvStore {
    fn read(&self, place: &Place) -> BoxFuture<'static, Result<Found, String>> {
        let (store, key) = (self.clone(), self.0.keyspace.record(place));
        let errand = move |asked| Errand { key, work: Reading, asked };
        store.carried(|queues, asked| queues.reads.push_back(errand(asked))).boxed()
    }

    fn write(
        &self,
        place: &Place,
        fence: Fence,
        read: Read,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let (store, key) = (self.clone(), self.0.keyspace.record(place));
        let held = Held { lock: place.lock.clone(), fence };
        let work = Writing { held, read, value };
        let errand = move |asked| Errand { key, work, asked };
        store.carried(|queues, asked| queues.writes.push_back(errand(asked))).boxed()
    }
}
