//! The store for the records of jobs, beside their locks.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use leader_core::election::{Expected, Fence};

/// A store of records, each of which only the leader of a term can write.
pub(crate) trait RecordStore: Debug + Send + Sync + 'static {
    /// Reads a record; `Err` with the fault in words for a person.
    fn read(&self, key: &RecordKey) -> BoxFuture<'static, Result<StoredRecord, String>>;

    /// Writes a record if this process holds the lock under this fence, and the record is as it was
    /// read. After an `Err` it may be written all the same: an answer can be lost.
    fn write(
        &self,
        key: &RecordKey,
        fence: Fence,
        read: Expected,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>>;
}

/// The key of a record: a job under a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordKey {
    /// The whole key of the lock.
    pub(crate) lock: String,
    /// The job's name.
    pub(crate) job: String,
}

/// A record as it was read, with the check for the next write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    /// `None` if there is no record.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) read: Expected,
}

/// Result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Written; the check for the next write.
    Done(Expected),
    /// Nothing written: the term is over, or another term has written meanwhile.
    Refused,
}
