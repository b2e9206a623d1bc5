//! Lock files as a lock service: processes on one machine elect a leader, with nothing installed.
//!
//! The operating system holds the lock of an open file, and frees the lock of a killed process at
//! once. A frozen process keeps its locks. The file names the holder for people, and has the fence,
//! which is raised under the lock. Lock files are never deleted: a new file would begin at fence 1, and
//! its holder would not know of the old file's holder for up to a second.

mod file;
mod name;
mod records;
mod values;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{
    Answer, Attempt, Call, Expected, Failure, Fence, KeyId, Liveness, Refusal, RefusalReason,
    Request, SessionId,
};
use serde::{Deserialize, Serialize};

use self::records::Files;
use super::record_store::RecordStore;
use super::values::ValueStore;
use super::{LockService, Reply, SharedLayout, format};
use crate::error::Error;
use crate::model::{Identity, Leader};
use crate::sync::Mutex;
use crate::system::{is_at, sync_directory};
use crate::text::json;

/// Delay between tries of a key: a thread that blocks in `lock` cannot be called back, and would take
/// the lock after a step-down.
const RETRY: Duration = Duration::from_millis(50);

/// Lock files in one directory as a lock service.
#[derive(Debug)]
pub(crate) struct Local {
    files: Arc<LockFiles>,
}

/// The lock files of a directory, with those that this process holds.
#[derive(Debug)]
struct LockFiles {
    directory: PathBuf,
    layout: SharedLayout,
    identity: Identity,
    held: Mutex<BTreeMap<KeyId, Held>>,
    /// The latest fence of each key that this process ever held.
    latest: Mutex<BTreeMap<KeyId, Fence>>,
}

/// A lock file that this process holds.
#[derive(Debug)]
struct Held {
    file: File,
    fence: Fence,
}

/// A file that this process has locked, with its new content.
struct Locked {
    file: File,
    fence: u64,
    /// Length of the present content in bytes.
    length: usize,
}

/// The part of a lock file that is read before it is written anew. Later versions may add fields.
#[derive(Default, Deserialize)]
struct Past {
    fence: u64,
}

/// The content of a lock file: the fence, and the value of the lock.
#[derive(Serialize)]
struct Present<'a> {
    fence: u64,
    #[serde(flatten)]
    holder: &'a serde_json::Value,
}

impl Local {
    /// Uses the lock files in this directory, which need not exist yet.
    pub(crate) fn new(directory: PathBuf, layout: SharedLayout, identity: Identity) -> Self {
        let (held, latest) = Default::default();
        let files = LockFiles { directory, layout, identity, held, latest };
        Self { files: Arc::new(files) }
    }
}

impl LockService for Local {
    fn prepare(&self) -> Result<(), Error> {
        let directory = &self.files.directory;
        fs::create_dir_all(directory).map_err(|cause| Error::lock_directory(directory, cause))?;
        file::sweep(directory);
        Ok(())
    }

    fn liveness(&self) -> Liveness {
        Liveness::Kernel { retry: RETRY }
    }

    fn location(&self) -> String {
        format!("lock files in {}", self.files.directory.display())
    }

    fn identity(&self) -> &Identity {
        &self.files.identity
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        let files = Arc::clone(&self.files);
        async move { files.call(request) }.boxed()
    }

    fn value_store(&self) -> Arc<dyn ValueStore> {
        Arc::new(Files(Arc::clone(&self.files)))
    }

    fn record_store(&self) -> Arc<dyn RecordStore> {
        Arc::new(Files(Arc::clone(&self.files)))
    }

    /// A missing directory is no fault: it is created when something runs.
    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        let directory = &self.files.directory;
        let looked_at = match fs::read_dir(directory) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(unusable(directory, &cause))
            }
            _ => Ok(()),
        };
        std::future::ready(looked_at).boxed()
    }

    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let path = self.files.path_of(&key);
        async move { leader(&path).map_err(|cause| unusable(&path, &cause)) }.boxed()
    }
}

impl LockFiles {
    fn call(&self, Request { attempt, call, .. }: Request) -> Reply {
        match call {
            Call::CreateSession => {
                Answer::Session(SessionId::new(&std::process::id().to_string())).into()
            }
            Call::RenewSession(_) => self.check_files().into(),
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
            // the kernel shows which holder is alive: there is no beat, no watch and no takeover
            other => Reply::failed(
                Failure::Configuration,
                format!("lock files know nothing of {other:?}"),
            ),
        }
    }

    /// Checks that all lock files are in place. A file that somebody deleted or replaced locks nothing
    /// any more, since another process locks the new one: the session is gone then.
    fn check_files(&self) -> Answer {
        let mut held = self.held();
        if held.iter().all(|(key, held)| is_at(&held.file, &self.path(*key))) {
            Answer::Done
        } else {
            held.clear();
            Answer::SessionGone
        }
    }

    /// Calls `act` if this process holds the lock under this fence, otherwise returns `None`. The lock is
    /// not released meanwhile: `act` must be short.
    fn while_held<T>(&self, lock: &str, fence: Fence, act: impl FnOnce() -> T) -> Option<T> {
        let held = self.held();
        let key = self.layout.read().find(lock)?;
        let held = held.get(&key).filter(|held| held.fence == fence)?;
        is_at(&held.file, &self.path(key)).then(act)
    }

    fn holds(&self, lock: &str, fence: Fence) -> bool {
        self.while_held(lock, fence, || ()).is_some()
    }

    /// Acquires all of these keys or none, as on Consul.
    fn acquire(&self, attempt: Attempt, keys: &[(KeyId, Expected)]) -> Reply {
        let mut locked = Vec::new();
        let mut refused = Vec::new();
        let mut fault = None;
        for &(key, _) in keys {
            let mut refuse = |why| refused.push(Refusal { key: Some(key), why });
            match self.lock(key) {
                Ok(Some(lock)) => locked.push((key, lock)),
                Ok(None) => refuse(RefusalReason::Moved),
                Err(wrong) => {
                    refuse(RefusalReason::Denied);
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
                        refused.push(Refusal { key: Some(*key), why: RefusalReason::Denied });
                        fault = Some(unusable(&self.path(*key), &cause));
                    }
                }
            }
        }
        if !refused.is_empty() {
            return Reply { answer: Answer::Refused(refused), fault };
        }
        self.latest().extend(granted.iter().copied());
        let held = |lock: Locked| Held { file: lock.file, fence: Fence(lock.fence) };
        self.held().extend(locked.into_iter().map(|(key, lock)| (key, held(lock))));
        Answer::Granted(granted).into()
    }

    /// Locks the file of a key; `None` if another process holds it.
    fn lock(&self, key: KeyId) -> Result<Option<Locked>, String> {
        let path = self.path(key);
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|cause| unusable(&path, &cause))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => {}
            // deleted since it was opened: the next try opens the new file
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(unusable(&path, &cause)),
        }
        let mut past = Vec::new();
        file.read_to_end(&mut past).map_err(|cause| unusable(&path, &cause))?;
        // a fence that fell back to 0 would let an old leader's writes through
        let fence = next_fence(&past).ok_or_else(|| {
            format!(
                "the lock file {} was damaged and holds no fence; delete it, if no fence of its \
                 was ever used",
                path.display()
            )
        })?;
        // after a deletion of the file, this process at least never repeats a fence of its own
        let latest = self.latest().get(&key).map_or(0, |Fence(latest)| *latest);
        let fence = fence.max(latest + 1);
        Ok(Some(Locked { file, fence, length: past.len() }))
    }

    /// Writes the content in one call, which a killed process has done or not. Pads it to the length of
    /// the content before.
    fn write(&self, attempt: Attempt, lock: &mut Locked) -> io::Result<()> {
        let holder = serde_json::from_slice(&format::lock_value(&self.identity, attempt))?;
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

    /// The lock file of a key. Keys have no `+`: no two of them share a file.
    fn path_of(&self, key: &str) -> PathBuf {
        self.directory.join(format!("{}.lock", key.replace('/', "+")))
    }

    fn path(&self, key: KeyId) -> PathBuf {
        self.path_of(self.layout.read().key(key))
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<KeyId, Held>> {
        self.held.lock()
    }

    fn latest(&self) -> MutexGuard<'_, BTreeMap<KeyId, Fence>> {
        self.latest.lock()
    }
}

/// Returns the holder that the file names, if any process locks it.
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
            Ok(Some(format::leader(&value)))
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

/// The fence after the one in this content; `None` if the content is damaged.
fn next_fence(past: &[u8]) -> Option<u64> {
    let past = match past.trim_ascii() {
        [] => Past::default(),
        past => serde_json::from_slice(past).ok()?,
    };
    past.fence.checked_add(1)
}

/// Unlocks a file: closing it alone would not free the lock while a child process shares it.
fn unlock(file: &File) {
    // if this fails, closing the file remains
    let _ = file.unlock();
}
