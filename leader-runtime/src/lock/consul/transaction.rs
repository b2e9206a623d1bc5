//! One transaction: all of its operations or none, and what its answer means for each key.

use std::collections::HashMap;

use leader_core::election::{Answer, Failure, Fence, Index, KeyId, Read, Refusal, SessionId, Why};

use super::super::Reply;
use super::acl::{key_rule, lacks_right};
use super::http::Carried;
use super::wire::{KvOperation, LOCK_FLAGS, Operation, StoredKey, TransactionError, base64};

/// Operations, each with what it is about.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    operations: Vec<Operation>,
    subjects: Vec<Subject>,
}

/// What one operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// A lock key; `locks`: this operation acquires it.
    Key { id: KeyId, locks: bool },
    /// The beat of this process.
    OwnBeat,
    /// The beat of the session that is to be taken from.
    RivalBeat,
}

impl Transaction {
    /// Only where the key still is as it was read.
    pub(super) fn check(&mut self, id: KeyId, key: &str, read: Read) {
        let subject = Subject::Key { id, locks: false };
        match read {
            Read::Absent => self.push(subject, KvOperation::new("check-not-exists", key)),
            Read::At(index) => self.push(subject, check_index(key, index)),
        }
    }

    /// Only where the key is still in this term.
    pub(super) fn check_term(&mut self, id: KeyId, key: &str, fence: Fence) {
        self.push(Subject::Key { id, locks: false }, check_index(key, fence.index()));
    }

    /// Only where this beat has not moved.
    pub(super) fn check_beat(&mut self, key: &str, beat: Index) {
        self.push(Subject::RivalBeat, check_index(key, beat));
    }

    /// Locks a key, or the own beat.
    pub(super) fn lock(&mut self, id: Option<KeyId>, key: &str, session: &SessionId, value: &[u8]) {
        let subject = id.map_or(Subject::OwnBeat, |id| Subject::Key { id, locks: true });
        self.push(
            subject,
            KvOperation {
                value: Some(base64(value)),
                flags: id.map(|_| LOCK_FLAGS),
                session: Some(session.to_string()),
                ..KvOperation::new("lock", key)
            },
        );
    }

    /// Takes a key from the session that holds it.
    pub(super) fn unlock(&mut self, id: KeyId, key: &str, session: &SessionId) {
        self.push(
            Subject::Key { id, locks: false },
            KvOperation {
                // an unlock writes: without these, the key would no longer be known as a lock
                flags: Some(LOCK_FLAGS),
                session: Some(session.to_string()),
                ..KvOperation::new("unlock", key)
            },
        );
    }

    fn push(&mut self, subject: Subject, kv: KvOperation) {
        self.subjects.push(subject);
        self.operations.push(Operation { kv });
    }

    pub(super) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(super) fn answer(&self, carried: Carried) -> Result<Reply, Reply> {
        match carried {
            Ok(written) => Ok(self.done(written).into()),
            Err(errors) => self.refused(errors),
        }
    }

    /// It was carried out.
    fn done(&self, written: Vec<StoredKey>) -> Answer {
        let written: HashMap<String, u64> =
            written.into_iter().map(|stored| (stored.key, stored.modify_index)).collect();
        let granted: Vec<(KeyId, Fence)> = self
            .subjects
            .iter()
            .zip(&self.operations)
            .filter_map(|(subject, operation)| match subject {
                Subject::Key { id, locks: true } => {
                    Some((*id, Fence(*written.get(&operation.kv.key)?)))
                }
                _ => None,
            })
            .collect();
        if granted.is_empty() { Answer::Done } else { Answer::Granted(granted) }
    }

    /// Nothing was carried out.
    fn refused(&self, errors: Vec<TransactionError>) -> Result<Reply, Reply> {
        let mut refusals = Vec::new();
        let mut fault = None;
        for TransactionError { op_index, what } in errors {
            let why = match what.as_str() {
                what if what.contains("invalid session") => return Ok(Answer::SessionGone.into()),
                what if what.contains("due to lock delay") => Why::LockDelay,
                what if what.contains("Permission denied") => Why::Denied,
                _ => Why::Moved,
            };
            if why == Why::Denied {
                let key = self.operations.get(op_index).map_or("", |operation| &operation.kv.key);
                fault = Some(lacks_right(&key_rule(key), &what));
            }
            let key = match self.subjects.get(op_index) {
                Some(Subject::Key { id, .. }) => Some(*id),
                Some(Subject::RivalBeat) => None,
                // held back after its session's death, and no other session ever locks it
                Some(Subject::OwnBeat) if why == Why::LockDelay => {
                    return Ok(Answer::SessionGone.into());
                }
                Some(Subject::OwnBeat) | None => {
                    let failure = match why {
                        Why::Denied => Failure::Configuration,
                        _ => Failure::Transient,
                    };
                    let fault = fault.unwrap_or_else(|| format!("refused a transaction: {what}"));
                    return Err(Reply::failed(failure, fault));
                }
            };
            refusals.push(Refusal { key, why });
        }
        Ok(Reply { answer: Answer::Refused(refusals), fault })
    }
}

fn check_index(key: &str, Index(index): Index) -> KvOperation {
    KvOperation { index: Some(index), ..KvOperation::new("check-index", key) }
}
