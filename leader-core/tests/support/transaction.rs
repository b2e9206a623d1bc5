//! The execution of a write by a toy Consul: its operations one by one, all of them or none.

use leader_core::election::{
    Answer, Call, Failure, Fence, Index, KeyId, Operation, Path, Refusal, RefusalReason, SessionId,
};

use super::Mutation;

/// Reason for which an operation fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Objection {
    /// The key is not as the operation requires it.
    Moved,
    /// The session does not exist.
    NoSession,
}

/// Stored keys of a toy Consul.
pub(crate) trait Store {
    /// All keys, to be put back where a transaction fails.
    type Keys;
    /// Data of the writing process that the store keeps.
    type Writer: Copy;

    fn mutation(&self) -> Option<Mutation>;

    /// The index of the last write; `None` where the key does not exist.
    fn index(&self, path: &Path) -> Option<Index>;

    fn lock(
        &mut self,
        path: &Path,
        session: &SessionId,
        writer: Self::Writer,
    ) -> Result<Fence, Objection>;

    fn unlock(&mut self, path: &Path, session: &SessionId) -> Result<(), Objection>;

    /// Moves on to the next index, and returns the keys as they are.
    fn begin(&mut self) -> Self::Keys;

    fn roll_back(&mut self, keys: Self::Keys);
}

/// Operations that a write is executed as: its own, less those that the mutation leaves out.
pub(crate) fn operations(call: &Call, mutation: Option<Mutation>) -> Vec<(Path, Operation)> {
    let mut operations = call.operations();
    operations.retain(|(path, operation)| {
        !mutation.is_some_and(|mutation| mutation.leaves_out(call, path, operation))
    });
    operations
}

/// Executes a transaction whole or not at all. As the real Consul does, a failed one names every
/// operation that failed.
pub(crate) fn transact<S: Store>(store: &mut S, writer: S::Writer, call: &Call) -> Answer {
    let before = store.begin();
    let (mut granted, mut refusals, mut failed) = (Vec::new(), Vec::new(), None);
    for (path, operation) in operations(call, store.mutation()) {
        match (operate(store, &path, &operation, writer), path) {
            (Ok(Some(fence)), Path::Key(key)) => granted.push((key, fence)),
            (Ok(_), _) => {}
            (Err(Objection::NoSession), _) => failed = failed.or(Some(Answer::SessionGone)),
            (Err(Objection::Moved), Path::Key(key)) => refusals.push(moved(Some(key))),
            (Err(Objection::Moved), Path::Beat(session)) if Some(&session) == call.session() => {
                failed = failed.or(Some(Answer::Failed(Failure::Transient)));
            }
            (Err(Objection::Moved), Path::Beat(_)) => refusals.push(moved(None)),
        }
    }
    if failed.is_some() || !refusals.is_empty() {
        store.roll_back(before);
    }
    match failed {
        Some(answer) => answer,
        None if !refusals.is_empty() => Answer::Refused(refusals),
        None if granted.is_empty() => Answer::Done,
        None => Answer::Granted(granted),
    }
}

fn operate<S: Store>(
    store: &mut S,
    path: &Path,
    operation: &Operation,
    writer: S::Writer,
) -> Result<Option<Fence>, Objection> {
    let holds = |holds: bool| if holds { Ok(None) } else { Err(Objection::Moved) };
    match operation {
        Operation::CheckIndex(index) => holds(store.index(path) == Some(*index)),
        Operation::CheckAbsent => holds(store.index(path).is_none()),
        Operation::Lock(session) => store.lock(path, session, writer).map(Some),
        Operation::Unlock(session) => store.unlock(path, session).map(|()| None),
    }
}

fn moved(key: Option<KeyId>) -> Refusal {
    Refusal { key, why: RefusalReason::Moved }
}
