//! The store for the values that jobs write (`Kv`), beside their locks.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use leader_core::election::Fence;

/// A key-value store that only the leader of a term can write. Keys include the prefix of the
/// settings; faults are in words for a person.
pub(crate) trait ValueStore: Debug + Send + Sync + 'static {
    /// Reads the value of a key; `None` if the key does not exist.
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<Vec<u8>>, String>>;

    /// Writes if this process holds the lock under this fence; returns `false` if it does not, and
    /// nothing was written. After an `Err` the value may be written all the same: an answer can be
    /// lost.
    fn write(
        &self,
        lock: &str,
        fence: Fence,
        key: &str,
        write: Write,
    ) -> BoxFuture<'static, Result<bool, String>>;
}

/// A change of one key.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Put(Vec<u8>),
    Delete,
}
