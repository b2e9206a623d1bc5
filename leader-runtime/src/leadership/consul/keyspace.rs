//! The keys of beats and records in Consul's store. They lie outside every watched folder: each write
//! of theirs would wake the watch.

use leader_core::election::SessionId;

use crate::leadership::RecordKey;

/// The keys shared by all nodes with the same prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    key_prefix: String,
    beats: String,
}

impl Keyspace {
    /// The keyspace beside the locks whose keys begin with `key_prefix`.
    pub(crate) fn new(key_prefix: &str) -> Self {
        Self { key_prefix: key_prefix.into(), beats: format!(".leader/{key_prefix}beats/") }
    }

    /// The folder of the beats, which has one key per session.
    pub(super) fn beats(&self) -> &str {
        &self.beats
    }

    pub(super) fn beat(&self, session: &SessionId) -> String {
        format!("{}{session}", self.beats)
    }

    pub(super) fn record(&self, RecordKey { lock, job }: &RecordKey) -> String {
        let prefix = &self.key_prefix;
        let lock = lock.strip_prefix(&**prefix).unwrap_or(lock);
        format!(".leader/{prefix}runs/{lock}/{job}")
    }
}
