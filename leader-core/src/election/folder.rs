//! The keys of one folder, read consistently once and watched from then on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::id::{FolderId, Index, KeyId};
use super::leave::Phase;
use super::operation::OPERATIONS;
use super::request::{Answer, Call, Failure, KeyView};
use super::time::Timestamp;
use super::{Election, Liveness};

/// Maximum time for which the service holds back the answer of a watch (a blocking query) while
/// nothing changes; the service adds a random part of up to a sixteenth. Short, so that a watch from
/// an index that the service never had costs little.
pub const WATCH_WAIT: Duration = Duration::from_secs(10);

/// Maximum number of watched folders, which are those with the most keys: each watch holds a
/// connection, and an agent allows 200 per client address. All other folders are read together, once
/// a beat.
pub const WATCHES: usize = 4;

/// Maximum number of reads in flight.
const READS: usize = 4;

/// Maximum number of folders in one read: one operation more shows how new the view is.
const FOLDERS_READ: usize = OPERATIONS - 1;

/// Minimum time that the answer of a watch may take on the network.
const WATCH_WAY: Duration = Duration::from_secs(5);

/// State of the reads and the watch of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Folder {
    /// Index of the latest view; 0 where there is none that a watch could start from. A key that does
    /// not exist, or a prefix without keys, is never watched: every write in the datacenter would
    /// wake the watch.
    index: Index,
    /// Whether the folder is watched; otherwise it is polled.
    watched: bool,
    watching: bool,
    reading: bool,
    /// Time of the next consistent read.
    read_at: Option<Timestamp>,
}

impl Folder {
    /// Has the folder read at this time at the latest: something may have changed unseen.
    pub(super) fn schedule_read(&mut self, at: Timestamp) {
        self.read_at = Some(self.read_at.map_or(at, |before| before.min(at)));
    }

    fn is_due(&self, now: Timestamp) -> bool {
        !self.reading && self.read_at.is_some_and(|at| at <= now)
    }

    fn begin_reading(&mut self) {
        self.reading = true;
        self.read_at = None;
    }

    /// Discards the view and the watch.
    pub(super) fn forget_watch(&mut self, now: Timestamp) {
        self.index = Index(0);
        self.watching = false;
        self.schedule_read(now);
    }

    /// Discards the read in flight.
    pub(super) const fn forget_read(&mut self) {
        self.reading = false;
    }
}

impl Election {
    /// Whether this process observes other sessions.
    pub(super) fn is_watching(&self) -> bool {
        matches!(self.liveness, Liveness::Beats(_))
            && self.phase == Phase::Running
            && self.session.live().is_some()
    }

    /// Chooses the watched folders anew after keys were added.
    fn choose_watched(&mut self) {
        if !std::mem::take(&mut self.has_new_keys) {
            return;
        }
        let mut keys = vec![0_usize; self.folders.len()];
        for candidacy in &self.candidacies {
            keys[candidacy.folder.0 as usize] += 1;
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
        self.choose_watched();
        let mut free = self.reads_free();
        // Each transaction of our own would wake the watch. So the watch begins again when they are
        // answered, and shows the changes of other nodes in one view.
        let mut writing = vec![false; self.folders.len()];
        for candidacy in &self.candidacies {
            writing[candidacy.folder.0 as usize] |= candidacy.state.is_under_way();
        }
        let timeout = self.request_timeout();
        // folders that were read together stay together, and one that was read alone joins them
        let soon = now + self.retry(Failure::Transient) / 2;
        let (mut unwatched, mut is_any_due) = (Vec::new(), false);
        for (id, writing) in (0..).map(FolderId).zip(writing) {
            let folder = &mut self.folders[id.0 as usize];
            let is_due = folder.is_due(now);
            if !folder.watched {
                is_any_due |= is_due;
                if folder.is_due(soon) {
                    unwatched.push(id);
                }
            } else if is_due && free > 0 {
                free -= 1;
                folder.begin_reading();
                self.request(now, timeout, Call::Read(vec![id]));
            } else if !folder.watching && !folder.reading && !writing && folder.index > Index(0) {
                folder.watching = true;
                let call = Call::Watch(id, folder.index);
                let way = timeout.max(WATCH_WAY);
                self.request(now, WATCH_WAIT + WATCH_WAIT / 16 + way, call);
            }
        }
        let free = if is_any_due { free } else { 0 };
        for folders in unwatched.chunks(FOLDERS_READ).take(free) {
            for FolderId(id) in folders {
                self.folders[*id as usize].begin_reading();
            }
            self.request(now, timeout, Call::Read(folders.to_vec()));
        }
    }

    pub(super) fn handle_read(&mut self, now: Timestamp, folders: &[FolderId], answer: Answer) {
        for FolderId(id) in folders {
            self.folders[*id as usize].reading = false;
        }
        let Some((index, entries)) = self.view_of(now, folders, answer) else { return };
        // no watch begins while a read is in flight: nothing newer was asked for since
        self.see(now, folders, index, entries);
    }

    pub(super) fn handle_watched(&mut self, now: Timestamp, id: FolderId, answer: Answer) {
        self.folders[id.0 as usize].watching = false;
        let Some((index, entries)) = self.view_of(now, &[id], answer) else { return };
        let folder = &mut self.folders[id.0 as usize];
        if index < folder.index {
            // the service went back, or a stale server answered: a consistent read decides
            folder.forget_watch(now);
        } else {
            self.see(now, &[id], index, entries);
        }
    }

    /// Returns the view that was answered; otherwise schedules another read.
    fn view_of(
        &mut self,
        now: Timestamp,
        folders: &[FolderId],
        answer: Answer,
    ) -> Option<(Index, BTreeMap<KeyId, KeyView>)> {
        let wait = match answer {
            Answer::View { index, keys } => return Some((index, keys.into_iter().collect())),
            Answer::Failed(failure) => self.retry(failure),
            _ => self.retry(Failure::Transient),
        };
        for FolderId(id) in folders {
            let folder = &mut self.folders[*id as usize];
            // a watch that failed starts from nothing: its index may be another server's
            folder.index = Index(0);
            folder.schedule_read(now + wait);
        }
        None
    }

    /// Takes in a view of these folders.
    fn see(
        &mut self,
        now: Timestamp,
        folders: &[FolderId],
        index: Index,
        mut entries: BTreeMap<KeyId, KeyView>,
    ) {
        let again = now + self.retry(Failure::Transient);
        let own = self.session().cloned();
        let mut exists = vec![None; self.folders.len()];
        for FolderId(id) in folders {
            exists[*id as usize] = Some(false);
        }
        for (key, candidacy) in (0..).map(KeyId).zip(&mut self.candidacies) {
            if let Some(exists) = &mut exists[candidacy.folder.0 as usize] {
                let entry = entries.remove(&key);
                *exists |= entry.is_some();
                candidacy.see(key, index, entry, own.as_ref(), &mut self.actions);
            }
        }
        for (folder, exists) in self.folders.iter_mut().zip(exists) {
            let Some(exists) = exists else { continue };
            folder.index = if exists { index } else { Index(0) };
            if !exists || !folder.watched {
                folder.schedule_read(again);
            }
        }
        self.update_rivals(now);
    }

    /// Has the folder read, where it had no key before: one was just written, so it can be watched.
    pub(super) fn folder_exists(&mut self, now: Timestamp, id: FolderId) {
        let folder = &mut self.folders[id.0 as usize];
        if folder.index == Index(0) && !folder.watching {
            folder.schedule_read(now);
        }
    }
}
