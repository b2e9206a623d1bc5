//! The records of jobs as keys in Consul, outside every watched folder, which each write would wake.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{Fence, Index, Read};

use super::kv::{KvStore, in_time};
use super::wire::{KvOperation, StoredKey, base64};
use crate::lock::records::{Found, Place, Records, Written};

impl KvStore {
    /// Beside the beats: one rule of the token's policy covers both.
    fn record_key(&self, Place { lock, job }: &Place) -> String {
        let prefix = &self.0.key_prefix;
        let lock = lock.strip_prefix(&**prefix).unwrap_or(lock);
        format!(".leader/{prefix}runs/{lock}/{job}")
    }

    async fn read_record(&self, key: &str) -> Result<Found, String> {
        let stored = async { self.0.http.get(&format!("kv/{key}?consistent")).await?.stored() };
        let stored = in_time(stored).await?.pop();
        Ok(match stored {
            None => Found { value: None, read: Read::Absent },
            Some(stored) => Found { read: at(&stored), value: stored.value() },
        })
    }

    async fn write_record(
        &self,
        lock: &str,
        fence: Fence,
        key: &str,
        read: Read,
        value: &[u8],
    ) -> Result<Written, String> {
        let check = match read {
            Read::Absent => KvOperation::new("check-not-exists", key),
            Read::At(index) => {
                KvOperation { index: Some(index.0), ..KvOperation::new("check-index", key) }
            }
        };
        let set = KvOperation { value: Some(base64(value)), ..KvOperation::new("set", key) };
        let Some(written) = self.write_led(lock, fence, Some(check), set).await? else {
            return Ok(Written::Refused);
        };
        // the check shows the key as well, as it was
        let written = written.iter().rfind(|stored| stored.key == key);
        Ok(Written::Done(written.map_or(read, at)))
    }
}

fn at(stored: &StoredKey) -> Read {
    Read::At(Index(stored.modify_index))
}

impl Records for KvStore {
    fn read(&self, place: &Place) -> BoxFuture<'static, Result<Found, String>> {
        let (store, key) = (self.clone(), self.record_key(place));
        async move { store.read_record(&key).await }.boxed()
    }

    fn write(
        &self,
        place: &Place,
        fence: Fence,
        read: Read,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let (store, key, lock) = (self.clone(), self.record_key(place), place.lock.clone());
        async move { store.write_record(&lock, fence, &key, read, &value).await }.boxed()
    }
}
