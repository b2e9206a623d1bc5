//! Keys that only the leader of the present term can write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use leader_core::Key;
use leader_core::election::Term;

use crate::error::{Error, Result};
use crate::leadership::{ValueStore, Write, whole_key};
use crate::sync::Mutex;

/// A key-value store beside the locks, as a parameter of a job: Consul's own, or files beside the lock
/// files. What it writes is refused once the term is over.
///
/// Each write looks first whether the lock is still held by this process under the run's fence, and
/// is made in one step with that. So a leader that was deposed and does not know it yet writes
/// nothing, also where it leads again by then. Keys are those of locks: 1 to 512 bytes of letters,
/// digits and `_ . , - /`; the prefix of the settings stands before each. Every job of every node
/// reads the same keys. Reads are consistent, and not fenced.
///
/// *In Consul*, a write is a transaction, and the token's policy needs `write` on the keys. A process
/// asks four things at a time; what comes meanwhile waits, within the 5 s that it has.
///
/// *In files*, a value is a file of the lock directory, as `service+state.value`. It is replaced as a
/// whole, and on the disk before [`Kv::put`] comes back: whatever is killed meanwhile, the value is
/// the one before or the new one.
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
    /// Beside the locks.
    Shared(Arc<dyn ValueStore>),
    Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>),
}

impl Kv {
    pub(crate) const fn new(store: Store, key_prefix: Arc<str>, lock: Option<(Key, Term)>) -> Self {
        Self { store, key_prefix, lock }
    }

    /// Makes a store that keeps its keys in memory and refuses nothing.
    pub(crate) fn in_memory() -> Self {
        Self::new(Store::default(), "".into(), None)
    }

    /// The value of this key; `None` where there is no such key.
    ///
    /// # Errors
    ///
    /// Where the key is none ([`Error::is_configuration`]); where Consul does not answer within 5 s,
    /// or refuses, or the file cannot be read ([`Error::is_unavailable`]).
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let key = self.whole(key)?;
        match &self.store {
            Store::Shared(store) => store.get(&key).await.map_err(Error::no_answer),
            Store::Memory(keys) => Ok(keys.lock().get(&key).cloned()),
        }
    }

    /// Writes this value, of at most 380 KiB, in the term of the run. (Consul takes transactions of
    /// 512 KiB, values in base64, unless its `txn_max_req_len` says otherwise; files take no more, so
    /// that a job which runs there runs on Consul as well.)
    ///
    /// # Errors
    ///
    /// [`Error::is_leadership_lost`], where the term is over: nothing was written. [`Error::is_configuration`],
    /// where the key is none, or is the job's own lock. [`Error::is_unavailable`], where Consul or the
    /// disk does not answer within 5 s, or refuses, since it is full perhaps: whether it was written
    /// is not known if the answer was lost.
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
            (Store::Shared(_), Some((lock, _))) if lock.as_str() == key => {
                Err(Error::wrong(vec![format!(
                    "`{key}` is the lock of the job that writes it, whose term that would end; write \
                 to another key"
                )]))
            }
            (Store::Shared(store), Some((lock, term))) => {
                match store.write(lock.as_str(), term.fence, &key, write).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Error::lost(lock.to_string())),
                    Err(fault) => Err(Error::no_answer(fault)),
                }
            }
            (Store::Memory(keys), _) => {
                match write {
                    Write::Put(value) => drop(keys.lock().insert(key, value)),
                    Write::Delete => drop(keys.lock().remove(&key)),
                }
                Ok(())
            }
            (Store::Shared(_), None) => Err(Error::lost(key)),
        }
    }

    fn whole(&self, key: &str) -> Result<String> {
        whole_key(&self.key_prefix, key)
    }
}

/// In memory.
impl Default for Store {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kv").field("lock", &self.lock).finish_non_exhaustive()
    }
}
