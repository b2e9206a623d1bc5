//! A write as a list of operations, which the lock service carries out whole or not at all.
//!
//! This is all that safety rests on in what is sent: a beat in every transaction that gains a term,
//! and a check before every change of a key. Consul is sent this list, and the models execute it.

use super::id::{Index, KeyId, SessionId};
use super::request::{Call, Expected};

/// Maximum number of operations in one transaction: Consul's limit.
pub const OPERATIONS: usize = 64;

/// Subject of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// A lock key.
    Key(KeyId),
    /// The beat key of this session.
    Beat(SessionId),
}

/// One operation of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Requires that the key was last written at this index.
    CheckIndex(Index),
    /// Requires that the key does not exist.
    CheckAbsent,
    /// Writes the key and locks it for this session. Requires that no other session holds the key,
    /// and that this session exists.
    Lock(SessionId),
    /// Unlocks the key. Requires that this session holds it.
    Unlock(SessionId),
}

impl Call {
    /// Operations on lock keys and beats that the call consists of; empty for calls without any.
    #[must_use]
    pub fn operations(&self) -> Vec<(Path, Operation)> {
        use Operation::{CheckAbsent, CheckIndex, Lock, Unlock};

        let beat = |session: &SessionId| (Path::Beat(session.clone()), Lock(session.clone()));
        let key = |key: &KeyId, operation| (Path::Key(*key), operation);
        match self {
            Self::Beat(session) => vec![beat(session)],
            Self::Acquire { session, keys } => {
                let each = keys.iter().flat_map(|(id, read)| {
                    let check = match read {
                        Expected::Absent => CheckAbsent,
                        Expected::At(index) => CheckIndex(*index),
                    };
                    [key(id, check), key(id, Lock(session.clone()))]
                });
                std::iter::once(beat(session)).chain(each).collect()
            }
            Self::Take { session, from, beat: stood_still, keys } => {
                let check = (Path::Beat(from.clone()), CheckIndex(*stood_still));
                let each = keys
                    .iter()
                    .flat_map(|id| [key(id, Unlock(from.clone())), key(id, Lock(session.clone()))]);
                [check, beat(session)].into_iter().chain(each).collect()
            }
            Self::Resume { session, keys } => {
                let each = keys.iter().map(|(id, fence)| key(id, CheckIndex(fence.index())));
                std::iter::once(beat(session)).chain(each).collect()
            }
            Self::Release { session, keys } => {
                let each = keys.iter().flat_map(|(id, fence)| {
                    [key(id, CheckIndex(fence.index())), key(id, Unlock(session.clone()))]
                });
                each.collect()
            }
            Self::CreateSession
            | Self::RenewSession(_)
            | Self::DestroySession(_)
            | Self::DeleteBeat(_)
            | Self::Read(_)
            | Self::Watch(..)
            | Self::SweepBeats
            | Self::ReadBeat(_) => Vec::new(),
        }
    }
}
