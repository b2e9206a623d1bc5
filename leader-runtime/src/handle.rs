//! What the rest of a process asks its runtime by: who leads, and to step down.

use std::sync::{Arc, OnceLock, Weak};

use leader_core::Timing;

use crate::error::{Error, Result};
use crate::lock::{Leader, Lock, Manager, Term, whole_key};

/// A handle on a [`Runtime`](crate::Runtime), valid before, while and after it runs. Holding it
/// keeps nothing alive.
#[derive(Clone, Debug)]
pub struct Handle {
    manager: Arc<OnceLock<Weak<Manager>>>,
    key_prefix: Arc<str>,
    timing: Option<Timing>,
}

impl Handle {
    pub(crate) fn new(key_prefix: &str, timing: Option<Timing>) -> Self {
        Self { manager: Arc::default(), key_prefix: key_prefix.into(), timing }
    }

    pub(crate) fn set(&self, manager: &Arc<Manager>) {
        // a runtime runs once
        let _ = self.manager.set(Arc::downgrade(manager));
    }

    /// Whether this process leads the key, now. Asks nobody. `key` is without the prefix of the
    /// settings, here as below.
    #[must_use]
    pub fn is_leading(&self, key: &str) -> bool {
        self.term(key).is_some()
    }

    /// The term in which this process leads the key, now. Asks nobody.
    #[must_use]
    pub fn term(&self, key: &str) -> Option<Term> {
        self.running().ok()?.gate(&self.whole(key))?.term()
    }

    /// What the lease of the settings means: how soon another leads after a death, and how long
    /// Consul may be away. `None` where locks are files, which the system frees by itself.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.timing
    }

    /// A lock on this key, on the session that the jobs' keys are led by. This process stands for
    /// the key until the lock is released or dropped, or the runtime is over.
    ///
    /// # Errors
    ///
    /// Where the key is none; where the runtime has not started, or is over.
    pub fn lock(&self, key: &str) -> Result<Lock> {
        Ok(Lock::of(&self.running()?, &whole_key(&self.key_prefix, key)?))
    }

    /// Who leads the key, as the lock's value says; `None` where nobody does. Asks the lock service.
    ///
    /// # Errors
    ///
    /// Where the key is none; where the runtime has not started, or is over
    /// ([`Error::is_closed`]); where the lock service does not answer within 5 s.
    pub async fn leader(&self, key: &str) -> Result<Option<Leader>> {
        let key = whole_key(&self.key_prefix, key)?;
        let leader = self.running()?.leader(key).await;
        leader.map_err(|fault| fault.map_or_else(Error::closed, Error::no_answer))
    }

    /// Gives the key to another node, where this one leads it: when its runs have ended, the key is
    /// released, and this node stands for it again after 10 s. Where no other node stands for it, it
    /// leads again then.
    ///
    /// # Errors
    ///
    /// Where the runtime has no job on this key; where it has not started, or is over.
    pub fn step_down(&self, key: &str) -> Result<()> {
        let manager = self.running()?;
        let key = self.whole(key);
        let gate = manager.gate(&key).ok_or_else(|| {
            Error::wrong(vec![format!("no job of this runtime has the key `{key}`")])
        })?;
        manager.step_down(&gate);
        Ok(())
    }

    fn running(&self) -> Result<Arc<Manager>> {
        let manager = self.manager.get().ok_or_else(Error::not_started)?;
        // a lock by hand may have outlived it
        manager.upgrade().filter(|manager| !manager.has_ended()).ok_or_else(Error::closed)
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.key_prefix)
    }
}
