//! Lock files as a lock service: several processes on one machine elect a leader, with nothing
//! installed.
//!
//! The operating system holds the lock of an open file and frees that of a killed process at once.
//! A process that is frozen keeps its locks. The file's content is for people, and counts the
//! fence, which is raised under the lock. The files are never deleted: a new one would begin at
//! fence 1, and its holder would not know of the old one's for up to a second.

mod records;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{
    Answer, Attempt, Call, Failure, Fence, KeyId, Pace, Read, Refusal, Request, SessionId, Why,
};
use serde::{Deserialize, Serialize};

use self::records::Files;
use super::identity::{Identity, Leader, json};
use super::records::Records;
use super::{LockService, Reply, SharedLayout};
use crate::error::Error;

/// A waiting key is tried this often: a thread that is blocked in `lock` can't be called back, and
/// would take the lock after a step-down.
const RETRY: Duration = Duration::from_millis(50);

/// Lock files in one directory.
#[derive(Debug)]
pub(crate) struct Local {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    layout: SharedLayout,
    identity: Identity,
    held: Mutex<BTreeMap<KeyId, Held>>,
}

/// A lock file that this process holds.
#[derive(Debug)]
struct Held {
    file: File,
    fence: Fence,
}

/// A file that this process has locked, and what it is to hold.
struct Locked {
    file: File,
    fence: u64,
    /// Bytes that are in it now.
    length: usize,
}

/// What is read of a lock file before it is written anew.
#[derive(Default, Deserialize)]
struct Past {
    fence: u64,
}

#[derive(Serialize)]
struct Present<'a> {
    fence: u64,
    #[serde(flatten)]
    holder: &'a serde_json::Value,
}

impl Local {
    /// Lock files in this directory.
    pub(crate) fn new(directory: PathBuf, layout: SharedLayout, identity: Identity) -> Self {
        let shared = Shared { directory, layout, identity, held: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }
}

impl LockService for Local {
    fn prepare(&self) -> Result<(), Error> {
        let directory = &self.shared.directory;
        fs::create_dir_all(directory).map_err(|cause| Error::lock_directory(directory, cause))
    }

    fn pace(&self) -> Pace {
        Pace::Kernel { retry: RETRY }
    }

    fn place(&self) -> String {
        format!("lock files in {}", self.shared.directory.display())
    }

    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        let shared = Arc::clone(&self.shared);
        async move { shared.call(request) }.boxed()
    }

    fn records(&self) -> Arc<dyn Records> {
        Arc::new(Files(Arc::clone(&self.shared)))
    }

    /// A directory that is missing is made when something runs.
    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        let directory = &self.shared.directory;
        let looked_at = match fs::read_dir(directory) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(unusable(directory, &cause))
            }
            _ => Ok(()),
        };
        std::future::ready(looked_at).boxed()
    }

    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let path = self.shared.path_of(&key);
        async move { leader(&path).map_err(|cause| unusable(&path, &cause)) }.boxed()
    }
}

impl Shared {
    fn call(&self, Request { attempt, call, .. }: Request) -> Reply {
        match call {
            Call::CreateSession => {
                Answer::Session(SessionId::new(&std::process::id().to_string())).into()
            }
            Call::RenewSession(_) => self.look_after().into(),
            Call::Acquire { keys, .. } => self.acquire(attempt, &keys),
            Call::Release { keys, .. } => {
                let mut held = self.held();
                let files = keys.iter().filter_map(|(key, _)| held.remove(key));
                files.for_each(|held| unlock(&held.file));
                Answer::Done.into()
            }
            Call::DestroySession(_) => {
                std::mem::take(&mut *self.held()).values().for_each(|held| unlock(&held.file));
                Answer::Done.into()
            }
            // the kernel shows who lives: there is nothing to beat, to watch or to take
            other => Reply::failed(
                Failure::Configuration,
                format!("lock files know nothing of {other:?}"),
            ),
        }
    }

    /// A lock file that somebody deleted, or replaced, holds nothing any more: another process
    /// locks the new one. All is lost then, and acquired again.
    fn look_after(&self) -> Answer {
        let mut held = self.held();
        if held.iter().all(|(key, held)| is_at(&held.file, &self.path(*key))) {
            Answer::Done
        } else {
            held.clear();
            Answer::SessionGone
        }
    }

    /// All of these keys or none, as on Consul.
    fn acquire(&self, attempt: Attempt, keys: &[(KeyId, Read)]) -> Reply {
        let mut locked = Vec::new();
        let mut refused = Vec::new();
        let mut fault = None;
        for &(key, _) in keys {
            let mut refuse = |why| refused.push(Refusal { key: Some(key), why });
            match self.lock(key) {
                Ok(Some(lock)) => locked.push((key, lock)),
                Ok(None) => refuse(Why::Moved),
                Err(wrong) => {
                    refuse(Why::Denied);
                    fault = Some(wrong);
                }
            }
        }
        let mut granted = Vec::new();
        if refused.is_empty() {
            for (key, lock) in &mut locked {
                match self.write(attempt, lock) {
                    Ok(()) => granted.push((*key, Fence(lock.fence))),
                    Err(cause) => {
                        refused.push(Refusal { key: Some(*key), why: Why::Denied });
                        fault = Some(unusable(&self.path(*key), &cause));
                    }
                }
            }
        }
        if !refused.is_empty() {
            return Reply { answer: Answer::Refused(refused), fault };
        }
        let held = |lock: Locked| Held { file: lock.file, fence: Fence(lock.fence) };
        self.held().extend(locked.into_iter().map(|(key, lock)| (key, held(lock))));
        Answer::Granted(granted).into()
    }

    /// `None` where another process holds it.
    fn lock(&self, key: KeyId) -> Result<Option<Locked>, String> {
        let path = self.path(key);
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|cause| unusable(&path, &cause))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => {}
            // deleted since it was opened: the next try opens the new one
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(unusable(&path, &cause)),
        }
        let mut past = Vec::new();
        file.read_to_end(&mut past).map_err(|cause| unusable(&path, &cause))?;
        // a fence that went back to nothing would let an old leader's writes through
        let fence = next_fence(&past).ok_or_else(|| {
            format!(
                "the lock file {} was damaged and holds no fence; delete it, if no fence of its \
                 was ever used",
                path.display()
            )
        })?;
        Ok(Some(Locked { file, fence, length: past.len() }))
    }

    /// In one write, which a killed process has done or not: what was longer before is filled up.
    fn write(&self, attempt: Attempt, lock: &mut Locked) -> io::Result<()> {
        let holder = serde_json::from_slice(&self.identity.lock_value(attempt))?;
        let mut present = json(&Present { fence: lock.fence, holder: &holder });
        present.push(b'\n');
        let length = lock.length.max(present.len());
        present.resize(length, b'\n');
        lock.file.rewind()?;
        lock.file.write_all(&present)?;
        lock.file.sync_data()?;
        if lock.length == 0 {
            sync_directory(&self.directory)?;
        }
        Ok(())
    }

    /// Keys have no `+`: no two of them share a file.
    fn path_of(&self, key: &str) -> PathBuf {
        self.directory.join(format!("{}.lock", key.replace('/', "+")))
    }

    fn path(&self, key: KeyId) -> PathBuf {
        self.path_of(self.layout.read().key(key))
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<KeyId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom the file names, where anybody locks it.
fn leader(path: &Path) -> io::Result<Option<Leader>> {
    let mut file = match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut value = Vec::new();
            file.read_to_end(&mut value)?;
            Ok(Some(Leader::of_value(&value)))
        }
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

fn unusable(path: &Path, cause: &io::Error) -> String {
    format!(
        "the lock file {} cannot be opened, locked or written ({cause}); set LEADER_LOCK=local:DIR \
         to a directory that this user may write, on a local disk, and use keys of at most 250 bytes",
        path.display()
    )
}

/// The fence after the one that this file holds; `None` where it is damaged.
fn next_fence(past: &[u8]) -> Option<u64> {
    let past = match past.trim_ascii() {
        [] => Past::default(),
        past => serde_json::from_slice(past).ok()?,
    };
    past.fence.checked_add(1)
}

/// A child process may share the open file: closing it alone would not free the lock.
fn unlock(file: &File) {
    // closing it is what is left where this fails
    let _ = file.unlock();
}

/// Whether the file is still the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let same = |(open, named): (fs::Metadata, fs::Metadata)| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata().ok().zip(fs::metadata(path).ok()).is_some_and(same)
}

/// Elsewhere an open file cannot be deleted.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// A power cut shall not lose a new file's name, and its fence with it.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
