//! Lock files as a lock service: several processes on one machine elect a leader, with nothing
//! installed.
//!
//! The operating system holds the lock of an open file and frees that of a killed process at once.
//! A process that is frozen keeps its locks. The file's content is for people, and counts the
//! fence; it is raised under the lock.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{
    Answer, Attempt, Call, Failure, Fence, KeyId, Pace, Refusal, Request, SessionId, Why,
};
use serde::{Deserialize, Serialize};

use super::identity::{Identity, json};
use super::{LockService, Reply, SharedLayout};

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
    held: Mutex<BTreeMap<KeyId, File>>,
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
    /// Lock files in this directory, which is made where it is missing.
    pub(crate) fn new(
        directory: &Path,
        layout: SharedLayout,
        identity: Identity,
    ) -> Result<Self, io::Error> {
        fs::create_dir_all(directory)?;
        let shared =
            Shared { directory: directory.to_owned(), layout, identity, held: Mutex::default() };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl LockService for Local {
    fn pace(&self) -> Pace {
        Pace::Kernel { retry: RETRY }
    }

    fn place(&self) -> String {
        format!("lock files in {}", self.shared.directory.display())
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        let shared = Arc::clone(&self.shared);
        async move { shared.call(request) }.boxed()
    }
}

impl Shared {
    fn call(&self, Request { attempt, call, .. }: Request) -> Reply {
        match call {
            Call::CreateSession => {
                Answer::Session(SessionId::new(&std::process::id().to_string())).into()
            }
            Call::Acquire { keys, .. } => {
                let keys = keys.into_iter().map(|(key, _)| key).collect();
                self.acquire(attempt, keys)
            }
            Call::Release { keys, .. } => {
                let mut held = self.held();
                for (key, _) in keys {
                    held.remove(&key);
                }
                Answer::Done.into()
            }
            Call::DestroySession(_) => {
                self.held().clear();
                Answer::Done.into()
            }
            // the kernel shows who lives: there is nothing to renew, to beat, to watch or to take
            other => Reply::failed(
                Failure::Configuration,
                format!("lock files know nothing of {other:?}"),
            ),
        }
    }

    /// All of these keys or none, as on Consul.
    fn acquire(&self, attempt: Attempt, keys: Vec<KeyId>) -> Reply {
        let mut granted = Vec::new();
        let mut refused = Vec::new();
        for key in keys {
            match self.lock(attempt, key) {
                Ok(Some((fence, file))) => granted.push((key, fence, file)),
                Ok(None) => refused.push(Refusal { key: Some(key), why: Why::Moved }),
                Err(fault) => return Reply::failed(Failure::Configuration, fault),
            }
        }
        if !refused.is_empty() {
            return Answer::Refused(refused).into();
        }
        let mut held = self.held();
        let fences = granted.iter().map(|(key, fence, _)| (*key, *fence)).collect();
        held.extend(granted.into_iter().map(|(key, _, file)| (key, file)));
        Answer::Granted(fences).into()
    }

    /// `None` where another process holds it.
    fn lock(&self, attempt: Attempt, key: KeyId) -> Result<Option<(Fence, File)>, String> {
        let path = self.path(key);
        let fault = |what: &str, cause: &dyn std::fmt::Display| {
            format!(
                "the lock file {} cannot be {what} ({cause}); set LEADER_LOCK=local:DIR to a \
                 directory that this user may write, on a local disk",
                path.display()
            )
        };
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|cause| fault("opened", &cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(fault("locked", &cause)),
        }
        let fence =
            self.raise_fence(attempt, &mut file).map_err(|cause| fault("written", &cause))?;
        Ok(Some((fence, file)))
    }

    fn raise_fence(&self, attempt: Attempt, file: &mut File) -> io::Result<Fence> {
        let mut past = String::new();
        file.read_to_string(&mut past)?;
        let past = match past.trim() {
            "" => Past::default(),
            // a fence that went back to nothing would let an old leader's writes through
            past => serde_json::from_str(past)
                .map_err(|cause| io::Error::other(format!("it does not hold a fence: {cause}")))?,
        };
        let fence = past.fence + 1;
        let holder = serde_json::from_slice(&self.identity.lock_value(attempt))?;
        let mut present = json(&Present { fence, holder: &holder });
        present.push(b'\n');
        file.rewind()?;
        file.write_all(&present)?;
        file.set_len(present.len() as u64)?;
        file.sync_data()?;
        Ok(Fence(fence))
    }

    /// Keys have no `+`: no two of them share a file.
    fn path(&self, key: KeyId) -> PathBuf {
        self.directory.join(format!("{}.lock", self.layout.read().key(key).replace('/', "+")))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<KeyId, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
