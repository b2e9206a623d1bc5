//! What `leader-runtime` makes of a write, operation by operation.

use leader_core::election::{Call, Fence, Index, KeyId, Read, SessionId};

use crate::plant::Plant;

/// Where something is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Path {
    Key(KeyId),
    Beat(SessionId),
}

#[derive(Debug)]
pub(crate) enum Operation {
    CheckIndex(Index),
    CheckAbsent,
    Lock(SessionId),
    Unlock(SessionId),
}

/// The operations of a call, less those that the plant leaves out; none for a call that is no lock
/// write.
pub(crate) fn operations(call: &Call, plant: Option<Plant>) -> Vec<(Path, Operation)> {
    let beat = |session: &SessionId| Path::Beat(session.clone());
    let lock = |session: &SessionId| Operation::Lock(session.clone());
    let mut operations = Vec::new();
    if let Call::Take { from, beat: index, .. } = call
        && plant != Some(Plant::UncheckedTake)
    {
        operations.push((beat(from), Operation::CheckIndex(*index)));
    }
    match call {
        Call::Acquire { .. } | Call::Take { .. } if plant == Some(Plant::NoBeatInside) => {}
        Call::Beat(session)
        | Call::Acquire { session, .. }
        | Call::Take { session, .. }
        | Call::Resume { session, .. } => operations.push((beat(session), lock(session))),
        _ => {}
    }
    match call {
        Call::Acquire { session, keys } => {
            for (key, read) in keys {
                match read {
                    _ if plant == Some(Plant::UncheckedAcquire) => {}
                    Read::Absent => operations.push((Path::Key(*key), Operation::CheckAbsent)),
                    Read::At(index) => {
                        operations.push((Path::Key(*key), Operation::CheckIndex(*index)));
                    }
                }
                operations.push((Path::Key(*key), lock(session)));
            }
        }
        Call::Take { session, from, keys, .. } => {
            for key in keys {
                operations.push((Path::Key(*key), Operation::Unlock(from.clone())));
                operations.push((Path::Key(*key), lock(session)));
            }
        }
        Call::Resume { keys, .. } if plant != Some(Plant::ResumedByABeat) => {
            for (key, Fence(index)) in keys {
                operations.push((Path::Key(*key), Operation::CheckIndex(Index(*index))));
            }
        }
        Call::Release { session, keys } => {
            for (key, Fence(index)) in keys {
                if plant != Some(Plant::UncheckedRelease) {
                    operations.push((Path::Key(*key), Operation::CheckIndex(Index(*index))));
                }
                operations.push((Path::Key(*key), Operation::Unlock(session.clone())));
            }
        }
        _ => {}
    }
    operations
}
