//! A transaction of the election: its operations, of which all or none are carried out, and the
//! meaning of its answer for each key.

use std::collections::HashMap;

use leader_core::election::{
    Answer, Call, Failure, Fence, Index, KeyId, Operation, Path, Refusal, RefusalReason,
};

use super::acl::Rule;
use super::http::Carried;
use super::keyspace::Keyspace;
use super::wire::{self, KvOperation, LOCK_FLAGS, StoredKey, TransactionError};
use crate::leadership::Reply;

/// The operations of a call as Consul reads them, each with its subject.
#[derive(Debug)]
pub(super) struct Transaction {
    operations: Vec<wire::Operation>,
    subjects: Vec<Subject>,
}

/// The subject of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// A lock key; `locks`: the operation acquires it.
    Key { id: KeyId, locks: bool },
    /// The beat of this process.
    OwnBeat,
    /// The beat of the session that a key is taken from.
    RivalBeat,
}

/// The value and the flags written to a key with its lock.
#[derive(Debug)]
pub(super) struct Locked {
    /// In base64.
    pub(super) value: String,
    pub(super) flags: Option<u64>,
}

impl Transaction {
    /// Builds the transaction of a call. `key` returns a path's key in Consul, `locked` the content
    /// written with its lock.
    pub(super) fn of(
        call: &Call,
        key: impl Fn(&Path) -> String,
        locked: impl Fn(&Path) -> Locked,
    ) -> Self {
        let (mut operations, mut subjects) = (Vec::new(), Vec::new());
        for (path, operation) in call.operations() {
            let locks = matches!(operation, Operation::Lock(_));
            subjects.push(match path {
                Path::Key(id) => Subject::Key { id, locks },
                Path::Beat(_) if locks => Subject::OwnBeat,
                Path::Beat(_) => Subject::RivalBeat,
            });
            let key = key(&path);
            let kv = match operation {
                Operation::CheckAbsent => KvOperation::new("check-not-exists", &key),
                Operation::CheckIndex(Index(index)) => {
                    KvOperation { index: Some(index), ..KvOperation::new("check-index", &key) }
                }
                Operation::Lock(session) => {
                    let Locked { value, flags } = locked(&path);
                    let (value, session) = (Some(value), Some(session.to_string()));
                    KvOperation { value, flags, session, ..KvOperation::new("lock", &key) }
                }
                Operation::Unlock(session) => KvOperation {
                    // an unlock writes: without these, the key would no longer be known as a lock
                    flags: Some(LOCK_FLAGS),
                    session: Some(session.to_string()),
                    ..KvOperation::new("unlock", &key)
                },
            };
            operations.push(wire::Operation { kv });
        }
        Self { operations, subjects }
    }

    pub(super) fn operations(&self) -> &[wire::Operation] {
        &self.operations
    }

    pub(super) fn answer(&self, carried: Carried, keyspace: &Keyspace) -> Result<Reply, Reply> {
        match carried {
            Ok(written) => Ok(self.done(written).into()),
            Err(errors) => self.refused(errors, keyspace),
        }
    }

    /// The answer to a transaction that was carried out.
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

    /// The answer to a transaction that was refused: nothing was carried out.
    fn refused(&self, errors: Vec<TransactionError>, keyspace: &Keyspace) -> Result<Reply, Reply> {
        let mut refusals = Vec::new();
        let mut fault = None;
        for error in errors {
            let why = match error.what.as_str() {
                what if what.contains("invalid session") => return Ok(Answer::SessionGone.into()),
                what if what.contains("due to lock delay") => RefusalReason::LockDelay,
                _ if error.is_denied() => RefusalReason::Denied,
                _ => RefusalReason::Moved,
            };
            let text = || {
                let operation = self.operations.get(error.op_index);
                let key = operation.map_or("", |operation| &operation.kv.key);
                error.describe(|| Rule::for_key(keyspace, key))
            };
            if why == RefusalReason::Denied {
                fault = Some(text());
            }
            let key = match self.subjects.get(error.op_index) {
                Some(Subject::Key { id, .. }) => Some(*id),
                Some(Subject::RivalBeat) => None,
                // held back after its session's death, and no other session ever locks it
                Some(Subject::OwnBeat) if why == RefusalReason::LockDelay => {
                    return Ok(Answer::SessionGone.into());
                }
                Some(Subject::OwnBeat) | None => {
                    let failure = match why {
                        RefusalReason::Denied => Failure::Configuration,
                        _ => Failure::Transient,
                    };
                    return Err(Reply::failed(failure, fault.unwrap_or_else(text)));
                }
            };
            refusals.push(Refusal { key, why });
        }
        Ok(Reply { answer: Answer::Refused(refusals), fault })
    }
}
