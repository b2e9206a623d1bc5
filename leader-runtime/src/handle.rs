//! What the rest of a process asks its runtime by: who leads, and to step down.

use std::sync::{Arc, OnceLock, Weak};

use crate::error::{Error, Result};
use crate::lock::{Leader, Manager, whole_key};

/// A handle on a [`Runtime`](crate::Runtime), valid before, while and after it runs. Holding it
/// keeps nothing alive.
#[derive(Clone, Debug)]
pub struct Handle {
    manager: Arc<OnceLock<Weak<Manager>>>,
    key_prefix: Arc<str>,
}

impl Handle {
    pub(crate) fn new(key_prefix: &str) -> Self {
        Self { manager: Arc::default(), key_prefix: key_prefix.into() }
    }

    pub(crate) fn set(&self, manager: &Arc<Manager>) {
        // a runtime runs once
        let _ = self.manager.set(Arc::downgrade(manager));
    }

    /// Whether this process leads the key, now. Asks nobody. `key` is without the prefix of the
    /// settings, here as below.
    #[must_use]
    pub fn is_leading(&self, key: &str) -> bool {
        let gate = self.running().ok().and_then(|manager| manager.gate(&self.whole(key)));
        gate.is_some_and(|gate| gate.is_leading())
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
        manager.upgrade().ok_or_else(Error::closed)
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.key_prefix)
    }
}
