//! The keys of one folder, read consistently once and watched from then on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::id::{Attempt, FolderId, Index, KeyId};
use super::leave::Phase;
use super::request::{Answer, Call, Failure};
use super::time::Timestamp;
use super::{Election, Pace};

/// How long the service may hold back the answer of a watch where nothing changes; it adds a random
/// part of a sixteenth. Short, so that a watch from an index that the service never had costs
/// little.
pub const WATCH_WAIT: Duration = Duration::from_secs(10);

/// So many folders are watched, those with the most keys: each watch holds a connection, and an
/// agent allows 200 for each client address.
const WATCHES: usize = 4;

/// Reads in flight.
const READS: usize = 4;

/// What a watch's answer may take on its way.
const WATCH_WAY: Duration = Duration::from_secs(5);

/// How far a folder is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Folder {
    /// How new the latest view is. 0: nothing is known that a watch could start from. A key that
    /// does not exist, or a prefix without keys, is never watched: every write in the datacenter
    /// would wake the watch.
    index: Index,
    /// The request that brought the latest view.
    viewed_by: Option<Attempt>,
    /// One of the few that are watched; the others are read again and again.
    watched: bool,
    watching: bool,
    reading: bool,
    /// When to read it consistently.
    read_at: Option<Timestamp>,
}

impl Folder {
    /// Something may have changed unseen.
    pub(super) fn read_by(&mut self, at: Timestamp) {
        self.read_at = Some(self.read_at.map_or(at, |before| before.min(at)));
    }

    /// Nothing is known any more, and nobody waits for the watch.
    pub(super) fn forget_watch(&mut self, now: Timestamp) {
        self.index = Index(0);
        self.watching = false;
        self.read_by(now);
    }
}

impl Election {
    /// Whether this process looks at what others do.
    pub(super) fn is_watching(&self) -> bool {
        matches!(self.pace, Pace::Beats(_))
            && self.phase == Phase::Running
            && self.session.live().is_some()
    }

    /// Decides which folders are watched, after keys were added.
    pub(super) fn choose_watched(&mut self) {
        let mut keys = vec![0_usize; self.folders.len()];
        for contest in &self.contests {
            keys[contest.folder.0 as usize] += 1;
        }
        let mut by_keys: Vec<usize> = (0..keys.len()).collect();
        by_keys.sort_by_key(|folder| std::cmp::Reverse(keys[*folder]));
        for (rank, folder) in by_keys.into_iter().enumerate() {
            self.folders[folder].watched = rank < WATCHES;
        }
    }

    fn reads_free(&self) -> usize {
        let busy = self.pending.values().filter(|p| matches!(p.call, Call::Read(_))).count();
        READS.saturating_sub(busy)
    }

    pub(super) fn folders_due(&self) -> Option<Timestamp> {
        if !self.is_watching() || self.reads_free() == 0 {
            return None;
        }
        self.folders.iter().filter(|folder| !folder.reading).filter_map(|f| f.read_at).min()
    }

    pub(super) fn plan_folders(&mut self, now: Timestamp) {
        if !self.is_watching() {
            return;
        }
        let mut free = self.reads_free();
        // Our own transactions would wake the watch, once for each: it goes on when they are
        // answered, and brings what others did meanwhile in one view.
        let mut writing = vec![false; self.folders.len()];
        for contest in &self.contests {
            writing[contest.folder.0 as usize] |= contest.stand.is_under_way();
        }
        for (id, writing) in writing.into_iter().enumerate() {
            let patience = self.patience();
            let folder = &mut self.folders[id];
            let id = FolderId(id as u32);
            if free > 0 && !folder.reading && folder.read_at.is_some_and(|at| at <= now) {
                free -= 1;
                folder.reading = true;
                folder.read_at = None;
                self.request(now, patience, Call::Read(id));
            } else if folder.watched
                && !folder.watching
                && !folder.reading
                && !writing
                && folder.index > Index(0)
            {
                folder.watching = true;
                let call = Call::Watch(id, folder.index);
                self.request(now, WATCH_WAIT + WATCH_WAIT / 16 + WATCH_WAY, call);
            }
        }
    }

    pub(super) fn handle_view(
        &mut self,
        now: Timestamp,
        attempt: Attempt,
        id: FolderId,
        answer: Answer,
        is_read: bool,
    ) {
        // four beats: half a lease
        let (transient, reread) = (self.retry(Failure::Transient), self.patience() * 2);
        let folder = &mut self.folders[id.0 as usize];
        if is_read {
            folder.reading = false;
        } else {
            folder.watching = false;
        }
        let (index, mut entries) = match answer {
            Answer::Folder { index, keys } => (index, BTreeMap::from_iter(keys)),
            answer => {
                // a watch that failed starts from nothing: its index may be another server's
                folder.index = Index(0);
                let wait = match answer {
                    Answer::Failed(failure) => self.retry(failure),
                    _ => transient,
                };
                self.folders[id.0 as usize].read_by(now + wait);
                return;
            }
        };
        if index < folder.index {
            if !is_read {
                // the service went back, or a stale server answered: a consistent read decides
                folder.forget_watch(now);
                return;
            }
            if folder.viewed_by > Some(attempt) {
                return;
            }
        }
        folder.viewed_by = Some(attempt);
        folder.index = if entries.is_empty() { Index(0) } else { index };
        if entries.is_empty() {
            folder.read_by(now + transient);
        } else if !folder.watched {
            folder.read_by(now + reread);
        }
        let own = self.session().cloned();
        for (key, contest) in (0..).map(KeyId).zip(&mut self.contests) {
            if contest.folder == id {
                contest.see(key, index, entries.remove(&key), own.as_ref(), &mut self.actions);
            }
        }
        self.meet_rivals(now);
    }

    /// A key of the folder was just written: it can be watched.
    pub(super) fn folder_exists(&mut self, now: Timestamp, id: FolderId) {
        let folder = &mut self.folders[id.0 as usize];
        if folder.index == Index(0) && !folder.watching {
            folder.read_by(now);
        }
    }
}
