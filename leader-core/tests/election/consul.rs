//! A toy Consul: one history of keys and sessions, in which every request is executed at one
//! instant, as the real one executes what `leader-runtime` builds of it.
//!
//! Measured on the real Consul, and kept here: the lock delay is looked at when a request arrives, and not when it is applied; a write that changes nothing moves no index; a failed
//! transaction names every operation that stood against it; deleting or releasing a key by hand is
//! followed by no lock delay.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{
    Answer, Attempt, BeatView, Call, Failure, Fence, FolderId, Index, KeyId, KeyView, Layout,
    Operation, Path, Refusal, RefusalReason, SessionId,
};

use crate::support::{Mutation, Objection, Store, operations, transact};

#[derive(Clone, Debug)]
pub(crate) struct Consul {
    layout: Layout,
    mutation: Option<Mutation>,
    raft: u64,
    keys: BTreeMap<Path, Stored>,
    sessions: BTreeMap<SessionId, Alive>,
    /// Held back after their session's death, until then.
    delays: BTreeMap<Path, Duration>,
    /// When the latest key of a folder was deleted.
    tombstones: BTreeMap<FolderId, u64>,
    made: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    index: u64,
    /// The index at which it was locked last.
    fence: Fence,
    session: Option<SessionId>,
    value: Value,
}

/// The number of a write, and the lease of a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    number: u64,
    lease: Duration,
}

#[derive(Clone, Debug)]
struct Alive {
    ttl: Duration,
    lock_delay: Duration,
    expires: Duration,
}

/// The process that asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) attempt: Attempt,
    pub(crate) timing: Timing,
}

impl Consul {
    pub(crate) fn new(layout: Layout, mutation: Option<Mutation>) -> Self {
        Self {
            layout,
            mutation,
            raft: 10,
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            delays: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            made: 0,
        }
    }

    /// The checks before Raft: `Err` ends the request here.
    pub(crate) fn arrive(&self, now: Duration, call: &Call) -> Result<(), Answer> {
        let delayed = |path: &Path| self.delays.get(path).is_some_and(|until| now < *until);
        if let Call::Beat(session) = call {
            // `false`: nobody else locks this key
            return match delayed(&Path::Beat(session.clone())) {
                true => Err(Answer::SessionGone),
                false => Ok(()),
            };
        }
        let mut refusals = Vec::new();
        for (path, operation) in operations(call, self.mutation) {
            if matches!(operation, Operation::Lock(_)) && delayed(&path) {
                match path {
                    Path::Key(key) => {
                        refusals.push(Refusal { key: Some(key), why: RefusalReason::LockDelay });
                    }
                    Path::Beat(_) => return Err(Answer::Failed(Failure::Transient)),
                }
            }
        }
        if refusals.is_empty() { Ok(()) } else { Err(Answer::Refused(refusals)) }
    }

    /// Executes the request.
    pub(crate) fn apply(&mut self, now: Duration, caller: Caller, call: &Call) -> Answer {
        match call {
            Call::CreateSession => {
                let timing = caller.timing;
                let session = self.create(now, timing.session_ttl(), timing.lock_delay());
                Answer::Session(session)
            }
            Call::RenewSession(session) => match self.sessions.get_mut(session) {
                Some(alive) => {
                    alive.expires = now + alive.ttl * 2;
                    Answer::Done
                }
                None => Answer::SessionGone,
            },
            Call::DestroySession(session) => {
                self.end(now, session);
                Answer::Done
            }
            Call::Beat(session) => {
                self.raft += 1;
                let value = self.value(caller);
                match self.write_locked(&Path::Beat(session.clone()), session, value) {
                    Ok(_) => Answer::Done,
                    Err(_) => Answer::SessionGone,
                }
            }
            Call::DeleteBeat(session) => {
                self.raft += 1;
                self.keys.remove(&Path::Beat(session.clone()));
                Answer::Done
            }
            Call::SweepBeats => {
                self.raft += 1;
                self.keys.retain(|path, stored| {
                    !matches!(path, Path::Beat(_)) || stored.session.is_some()
                });
                Answer::Done
            }
            Call::Read(folders) => self.read(folders),
            Call::Watch(folder, _) => self.read(&[*folder]),
            Call::ReadBeat(session) => self.read_beat(session, caller),
            Call::Acquire { .. }
            | Call::Take { .. }
            | Call::Resume { .. }
            | Call::Release { .. } => transact(self, caller, call),
        }
    }

    fn write_locked(
        &mut self,
        path: &Path,
        session: &SessionId,
        value: Value,
    ) -> Result<Fence, Objection> {
        if !self.sessions.contains_key(session) {
            return Err(Objection::NoSession);
        }
        if let Some(stored) = self.keys.get(path)
            && let Some(holder) = &stored.session
        {
            if holder != session {
                return Err(Objection::Moved);
            }
            if stored.value == value {
                // nothing changes, and the answer is the same
                return Ok(Fence(stored.index));
            }
        }
        let (index, fence) = (self.raft, Fence(self.raft));
        let stored = Stored { index, fence, session: Some(session.clone()), value };
        self.keys.insert(path.clone(), stored);
        Ok(fence)
    }

    fn value(&self, caller: Caller) -> Value {
        let number = match self.mutation {
            Some(Mutation::BeatsAlike) => 0,
            _ => caller.attempt.number(),
        };
        Value { number, lease: caller.timing.lease().length() }
    }

    fn read_beat(&self, session: &SessionId, caller: Caller) -> Answer {
        let beat = self.keys.get(&Path::Beat(session.clone())).and_then(|stored| {
            (stored.session.as_ref() == Some(session)).then_some(())?;
            let lease = match self.mutation {
                Some(Mutation::OwnLease) => caller.timing.lease().length(),
                _ => stored.value.lease,
            };
            Some(BeatView { index: Index(stored.index), lease })
        });
        Answer::Beat(beat)
    }

    /// Answers a read of several folders with their keys and one index for all.
    fn read(&self, folders: &[FolderId]) -> Answer {
        let keys: Vec<(KeyId, KeyView)> = folders
            .iter()
            .flat_map(|folder| self.keys_of(*folder))
            .map(|(key, stored)| {
                let (index, session) = (Index(stored.index), stored.session.clone());
                (key, KeyView { index, session, conflict: false })
            })
            .collect();
        let index = match folders {
            [folder] => self.folder_index(*folder),
            _ => {
                let beats = self.keys.iter().filter(|(path, _)| matches!(path, Path::Beat(_)));
                let beats = beats.map(|(_, stored)| Index(stored.index));
                let newest = keys.iter().map(|(_, entry)| entry.index).chain(beats).max();
                newest.unwrap_or_default()
            }
        };
        Answer::View { index, keys }
    }

    fn keys_of(&self, folder: FolderId) -> impl Iterator<Item = (KeyId, &Stored)> {
        self.keys.iter().filter_map(move |(path, stored)| match path {
            Path::Key(key) if self.layout.folder_of(*key) == folder => Some((*key, stored)),
            _ => None,
        })
    }

    /// How new the folder's latest change is. Nothing in it: as new as all of Consul, so that every
    /// write wakes the watch.
    pub(crate) fn folder_index(&self, folder: FolderId) -> Index {
        let deleted = self.tombstones.get(&folder).copied().unwrap_or(0);
        let latest = self.keys_of(folder).map(|(_, stored)| stored.index).max();
        Index(latest.map_or(self.raft, |latest| latest.max(deleted)))
    }

    /// The holder of the key, and its acquisition.
    pub(crate) fn holder(&self, key: KeyId) -> Option<(&SessionId, Fence)> {
        let stored = self.keys.get(&Path::Key(key))?;
        Some((stored.session.as_ref()?, stored.fence))
    }

    fn create(&mut self, now: Duration, ttl: Duration, lock_delay: Duration) -> SessionId {
        self.raft += 1;
        self.made += 1;
        let session = SessionId::new(&format!("s{}", self.made));
        let alive = Alive { ttl, lock_delay, expires: now + ttl * 2 };
        self.sessions.insert(session.clone(), alive);
        session
    }

    /// Ends a session: destroyed, expired, or gone with its agent.
    pub(crate) fn end(&mut self, now: Duration, session: &SessionId) {
        let Some(ended) = self.sessions.remove(session) else { return };
        self.raft += 1;
        for (path, stored) in &mut self.keys {
            if stored.session.as_ref() == Some(session) {
                stored.session = None;
                stored.index = self.raft;
                if self.mutation != Some(Mutation::NoLockDelay) {
                    self.delays.insert(path.clone(), now + ended.lock_delay);
                }
            }
        }
    }

    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        self.sessions.values().map(|alive| alive.expires).min()
    }

    pub(crate) fn expire(&mut self, now: Duration) {
        let due = |(session, alive): (&SessionId, &Alive)| {
            (alive.expires <= now).then(|| session.clone())
        };
        let expired: Vec<SessionId> = self.sessions.iter().filter_map(due).collect();
        for session in expired {
            self.end(now, &session);
        }
    }

    // ---- by hand

    pub(crate) fn delete(&mut self, key: KeyId) {
        self.raft += 1;
        if self.keys.remove(&Path::Key(key)).is_some() {
            self.tombstones.insert(self.layout.folder_of(key), self.raft);
        }
    }

    /// `PUT ?release` by somebody who read the session.
    pub(crate) fn release(&mut self, key: KeyId) {
        self.raft += 1;
        if let Some(stored) = self.keys.get_mut(&Path::Key(key))
            && stored.session.take().is_some()
        {
            stored.index = self.raft;
        }
    }

    /// A plain `PUT`: the session stays.
    pub(crate) fn write(&mut self, key: KeyId) {
        self.raft += 1;
        let value = Value { number: self.raft, lease: Duration::ZERO };
        let stored = self.keys.entry(Path::Key(key)).or_insert_with(|| Stored {
            index: 0,
            fence: Fence(0),
            session: None,
            value: value.clone(),
        });
        (stored.index, stored.value) = (self.raft, value);
    }

    /// Another tool, which knows of no beats, locks the key where it is free.
    pub(crate) fn lock_by_tool(&mut self, now: Duration, key: KeyId) -> Option<SessionId> {
        let path = Path::Key(key);
        let held = self.holder(key).is_some();
        if held || self.delays.get(&path).is_some_and(|until| now < *until) {
            return None;
        }
        let session = self.create(now, Duration::from_secs(3600), Duration::ZERO);
        let value = Value { number: u64::MAX, lease: Duration::ZERO };
        self.write_locked(&path, &session, value).ok()?;
        Some(session)
    }

    /// A development agent was restarted: everything is forgotten.
    pub(crate) fn forget(&mut self) {
        let made = self.made;
        *self = Self { made, ..Self::new(self.layout.clone(), self.mutation) };
    }
}

impl Store for Consul {
    type Keys = BTreeMap<Path, Stored>;
    type Writer = Caller;

    fn mutation(&self) -> Option<Mutation> {
        self.mutation
    }

    fn index(&self, path: &Path) -> Option<Index> {
        self.keys.get(path).map(|stored| Index(stored.index))
    }

    fn lock(
        &mut self,
        path: &Path,
        session: &SessionId,
        writer: Caller,
    ) -> Result<Fence, Objection> {
        let value = self.value(writer);
        self.write_locked(path, session, value)
    }

    fn unlock(&mut self, path: &Path, session: &SessionId) -> Result<(), Objection> {
        match self.keys.get_mut(path) {
            Some(stored) if stored.session.as_ref() == Some(session) => {
                stored.session = None;
                stored.index = self.raft;
                Ok(())
            }
            _ => Err(Objection::Moved),
        }
    }

    fn begin(&mut self) -> Self::Keys {
        self.raft += 1;
        self.keys.clone()
    }

    fn roll_back(&mut self, keys: Self::Keys) {
        self.keys = keys;
    }
}
