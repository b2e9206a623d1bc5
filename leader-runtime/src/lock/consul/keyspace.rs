//! Where in Consul's store our own keys lie, beside the locks: outside every watched folder, which
//! each of their writes would wake.

use leader_core::election::SessionId;

use super::acl::Rule;
use crate::lock::Place;

/// The keys of all nodes that share a prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    key_prefix: String,
    beats: String,
}

impl Keyspace {
    /// Of locks whose keys begin with this.
    pub(crate) fn new(key_prefix: &str) -> Self {
        Self { key_prefix: key_prefix.into(), beats: format!(".leader/{key_prefix}beats/") }
    }

    /// The folder of the beats, one for each session.
    pub(super) fn beats(&self) -> &str {
        &self.beats
    }

    pub(super) fn beat(&self, session: &SessionId) -> String {
        format!("{}{session}", self.beats)
    }

    pub(super) fn record(&self, Place { lock, job }: &Place) -> String {
        let prefix = &self.key_prefix;
        let lock = lock.strip_prefix(&**prefix).unwrap_or(lock);
        format!(".leader/{prefix}runs/{lock}/{job}")
    }

    /// The rule by which a token may read and write this key. What sessions are called is not known
    /// beforehand: beats have one for all of them.
    pub(super) fn rule(&self, key: &str) -> Rule {
        match key.starts_with(&self.beats) {
            true => Rule::Folder(self.beats.clone()),
            false => Rule::Key(key.into()),
        }
    }
}
