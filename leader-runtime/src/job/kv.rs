//! Keys in Consul that only the leader of the present term can write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leader_core::Key;
use leader_core::election::Term;

use crate::error::{Error, Result};
use crate::lock::{KvStore, Write, whole_key};

/// Consul's key-value store, as a parameter of a job: what it writes is refused once the term is
/// over.
///
/// Each write is a transaction that looks first whether the lock is still held by this process's
/// session under the run's fence. So a leader that was deposed and does not know it yet writes
/// nothing, also where it leads again by then. Keys are those of locks: letters, digits and `_ . ,
/// - /`; the prefix of the settings stands before each. The token's policy needs `write` on them.
///
/// Reads are consistent, and not fenced. A process asks four things of it at a time; what comes
/// meanwhile waits, within the 5 s that it has. Lock files have no such store: a job that takes a
/// `Kv` does not start there.
#[derive(Clone)]
pub struct Kv {
    store: Store,
    key_prefix: Arc<str>,
    /// The lock, with the prefix, and its term; in memory there is none.
    lock: Option<(Key, Term)>,
}

/// Where keys are kept.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Consul(KvStore),
    Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>),
}

impl Kv {
    pub(crate) const fn new(store: Store, key_prefix: Arc<str>, lock: Option<(Key, Term)>) -> Self {
        Self { store, key_prefix, lock }
    }

    /// One that keeps its keys in memory and refuses nothing.
    pub(crate) fn in_memory() -> Self {
        Self::new(Store::in_memory(), "".into(), None)
    }

    /// The value of this key; `None` where there is no such key.
    ///
    /// # Errors
    ///
    /// Where the key is none ([`Error::is_wrong_settings`]); where Consul does not answer within 5 s,
    /// or refuses ([`Error::is_no_answer`]).
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let key = self.whole(key)?;
        match &self.store {
            Store::Consul(store) => store.get(&key).await.map_err(Error::no_answer),
            Store::Memory(keys) => Ok(locked(keys).get(&key).cloned()),
        }
    }

    /// Writes this value, of at most some 380 KiB, in the term of the run. (Consul takes
    /// transactions of 512 KiB, values in base64, unless its `txn_max_req_len` says otherwise.)
    ///
    /// # Errors
    ///
    /// [`Error::is_lost`], where the term is over: nothing was written. [`Error::is_wrong_settings`],
    /// where the key is none, or is the job's own lock. [`Error::is_no_answer`], where Consul does
    /// not answer within 5 s, or refuses: whether it was written is not known if the answer was lost.
    pub async fn put(&self, key: &str, value: impl Into<Vec<u8>> + Send) -> Result<()> {
        self.write(key, Write::Put(value.into())).await
    }

    /// Deletes this key, in the term of the run. One that is not there is none to complain of.
    ///
    /// # Errors
    ///
    /// Those of [`Kv::put`].
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.write(key, Write::Delete).await
    }

    async fn write(&self, key: &str, write: Write) -> Result<()> {
        let key = self.whole(key)?;
        match (&self.store, &self.lock) {
            (Store::Consul(_), Some((lock, _))) if lock.as_str() == key => {
                Err(Error::wrong(vec![format!(
                    "`{key}` is the lock of the job that writes it, whose term that would end; write \
                 to another key"
                )]))
            }
            (Store::Consul(store), Some((lock, term))) => {
                match store.write(lock.as_str(), term.fence, &key, write).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Error::lost(lock.to_string())),
                    Err(fault) => Err(Error::no_answer(fault)),
                }
            }
            (Store::Memory(keys), _) => {
                match write {
                    Write::Put(value) => drop(locked(keys).insert(key, value)),
                    Write::Delete => drop(locked(keys).remove(&key)),
                }
                Ok(())
            }
            (Store::Consul(_), None) => Err(Error::lost(key)),
        }
    }

    fn whole(&self, key: &str) -> Result<String> {
        whole_key(&self.key_prefix, key)
    }
}

impl Store {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(Arc::default())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kv").field("lock", &self.lock).finish_non_exhaustive()
    }
}
