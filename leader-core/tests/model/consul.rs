//! A toy Consul in one history: keys, beats and sessions, each request executed at one instant. The
//! lock delay is looked at when a request arrives, apart from applying it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher};
use std::time::Duration;

use leader_core::election::{
    Answer, BeatView, Call, Fence, FolderId, Index, KeyId, KeyView, Operation, Path, Refusal,
    RefusalReason, SessionId,
};

use crate::canonical::INDICES;
use crate::support::{Mutation, Objection, Store, operations, transact};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consul {
    pub(crate) mutation: Option<Mutation>,
    raft: u64,
    stored: BTreeMap<Path, Stored>,
    sessions: BTreeSet<SessionId>,
    /// The tick at which a key whose session died is free again.
    delays: BTreeMap<KeyId, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    index: Index,
    /// Its index before the last write: what a server shows that lags behind.
    before: Index,
    session: Option<SessionId>,
    /// Lease of the process that wrote the beat last: the next beat is due within it.
    lease: Duration,
}

impl Consul {
    /// `absent`: no key was ever written; else each exists, and is free.
    pub(crate) fn new(keys: u32, absent: bool, mutation: Option<Mutation>) -> Self {
        let index = Index(INDICES.start + 1);
        let free = Stored { index, before: index, session: None, lease: Duration::ZERO };
        let keys = if absent { 0 } else { keys };
        Self {
            mutation,
            raft: index.0,
            stored: (0..keys).map(|key| (Path::Key(KeyId(key)), free.clone())).collect(),
            sessions: BTreeSet::new(),
            delays: BTreeMap::new(),
        }
    }

    /// Everything that the future depends on.
    pub(crate) fn hash(&self, tick: u32, lags: bool, state: &mut impl Hasher) {
        for (path, stored) in &self.stored {
            (path, stored.index, &stored.session).hash(state);
            if lags && matches!(path, Path::Beat(_)) {
                stored.before.hash(state);
            }
        }
        self.sessions.hash(state);
        for (key, until) in &self.delays {
            key.hash(state);
            state.write_u8((until - tick) as u8);
        }
    }

    /// Delays that are over say nothing any more.
    pub(crate) fn pass(&mut self, tick: u32) {
        self.delays.retain(|_, until| *until > tick);
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.sessions.iter()
    }

    pub(crate) fn create(&mut self, session: SessionId) {
        self.sessions.insert(session);
    }

    /// Ends a session: destroyed, expired, or gone with its agent. Its keys wait for `delay` ticks.
    pub(crate) fn end(&mut self, session: &SessionId, until: u32) {
        self.sessions.remove(session);
        // what is left of the beat is of no use: no lock of a dead session can be taken
        self.stored.remove(&Path::Beat(session.clone()));
        self.raft += 1;
        for (path, stored) in &mut self.stored {
            if stored.session.as_ref() == Some(session) {
                stored.index = Index(self.raft);
                stored.session = None;
                if let Path::Key(key) = path {
                    self.delays.insert(*key, until);
                }
            }
        }
    }

    /// Answer of the checks before Raft, if they end the request.
    pub(crate) fn refuse(&self, call: &Call) -> Option<Answer> {
        let refusals: Vec<Refusal> = operations(call, self.mutation)
            .into_iter()
            .filter_map(|(path, operation)| match (path, operation) {
                (Path::Key(key), Operation::Lock(_)) if self.delays.contains_key(&key) => {
                    Some(Refusal { key: Some(key), why: RefusalReason::LockDelay })
                }
                _ => None,
            })
            .collect();
        (!refusals.is_empty()).then_some(Answer::Refused(refusals))
    }

    /// Whether this write, executed at whatever time from now on, is sure to change nothing:
    /// indices only grow, and a session that is gone never comes back.
    pub(crate) fn is_hopeless(&self, call: &Call) -> bool {
        operations(call, self.mutation).iter().any(|(path, operation)| match operation {
            Operation::CheckIndex(index) => {
                self.stored.get(path).is_none_or(|stored| stored.index != *index)
            }
            Operation::CheckAbsent => self.stored.contains_key(path),
            Operation::Lock(session) | Operation::Unlock(session) => {
                !self.sessions.contains(session)
            }
        })
    }

    /// Executes a request of a process with this lease.
    pub(crate) fn apply(&mut self, call: &Call, lease: Duration, until: u32) -> Answer {
        match call {
            Call::DestroySession(session) => {
                self.end(session, until);
                Answer::Done
            }
            Call::DeleteBeat(session) => {
                self.stored.remove(&Path::Beat(session.clone()));
                Answer::Done
            }
            Call::Read(_) | Call::Watch(..) => self.folder(),
            Call::ReadBeat(session) => self.beat(session, lease, false),
            Call::CreateSession | Call::RenewSession(_) | Call::SweepBeats => Answer::Done,
            _ => transact(self, lease, call),
        }
    }

    /// `stale`: as it was before its last write.
    pub(crate) fn beat(&self, session: &SessionId, own_lease: Duration, stale: bool) -> Answer {
        let seen = self.stored.get(&Path::Beat(session.clone())).and_then(|stored| {
            (stored.session.as_ref() == Some(session)).then_some(())?;
            let index = if stale { stored.before } else { stored.index };
            let lease = match self.mutation {
                Some(Mutation::OwnLease) => own_lease,
                _ => stored.lease,
            };
            Some(BeatView { index, lease })
        });
        Answer::Beat(seen)
    }

    fn keys(&self) -> impl Iterator<Item = (KeyId, &Stored)> {
        self.stored.iter().filter_map(|(path, stored)| match path {
            Path::Key(key) => Some((*key, stored)),
            Path::Beat(_) => None,
        })
    }

    fn folder(&self) -> Answer {
        let keys = self.keys().map(|(key, stored)| {
            let (index, session) = (stored.index, stored.session.clone());
            (key, KeyView { index, session, conflict: false })
        });
        Answer::View { index: self.folder_index(), keys: keys.collect() }
    }

    fn folder_index(&self) -> Index {
        self.keys().map(|(_, stored)| stored.index).max().unwrap_or(Index(self.raft))
    }

    /// Whether there is an answer for this watch.
    pub(crate) fn has_moved_past(&self, _: FolderId, index: Index) -> bool {
        self.folder_index() > index
    }
}

impl Store for Consul {
    type Keys = BTreeMap<Path, Stored>;
    /// The lease of the process that writes.
    type Writer = Duration;

    fn mutation(&self) -> Option<Mutation> {
        self.mutation
    }

    fn index(&self, path: &Path) -> Option<Index> {
        self.stored.get(path).map(|stored| stored.index)
    }

    fn lock(
        &mut self,
        path: &Path,
        session: &SessionId,
        lease: Duration,
    ) -> Result<Fence, Objection> {
        if !self.sessions.contains(session) {
            return Err(Objection::NoSession);
        }
        let index = Index(self.raft);
        let index = match self.stored.get_mut(path) {
            Some(stored) if stored.session.as_ref() == Some(session) => {
                if !writes_nothing(self.mutation, path) {
                    stored.before = std::mem::replace(&mut stored.index, index);
                }
                stored.index
            }
            Some(Stored { session: Some(_), .. }) => return Err(Objection::Moved),
            stored => {
                let before = stored.map_or(index, |stored| stored.index);
                let stored = Stored { index, before, session: Some(session.clone()), lease };
                self.stored.insert(path.clone(), stored);
                index
            }
        };
        Ok(Fence(index.0))
    }

    fn unlock(&mut self, path: &Path, session: &SessionId) -> Result<(), Objection> {
        match self.stored.get_mut(path) {
            Some(stored) if stored.session.as_ref() == Some(session) => {
                stored.before = std::mem::replace(&mut stored.index, Index(self.raft));
                stored.session = None;
                Ok(())
            }
            _ => Err(Objection::Moved),
        }
    }

    fn begin(&mut self) -> Self::Keys {
        self.raft += 1;
        self.stored.clone()
    }

    fn roll_back(&mut self, keys: Self::Keys) {
        self.stored = keys;
    }
}

/// Whether a lock by the session that holds the path already moves no index.
const fn writes_nothing(mutation: Option<Mutation>, path: &Path) -> bool {
    match mutation {
        Some(Mutation::BeatsAlike) => matches!(path, Path::Beat(_)),
        Some(Mutation::TakenUpAsItIs) => matches!(path, Path::Key(_)),
        _ => false,
    }
}
