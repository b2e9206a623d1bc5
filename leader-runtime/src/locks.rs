//! Distributed locks for code that is no scheduled job: a migration, a consumer, a handler.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use leader_core::Timing;
use leader_core::election::Layout;
use tokio::sync::watch;
use tracing::info;

use crate::error::{Error, Result};
use crate::leadership::{
    Claim, DRAIN, Gate, Keyspace, Policy, Role, SessionManager, SharedLayout, whole_key,
};
use crate::model::Term;
use crate::settings::{Overrides, Settings};
use crate::system::clock::LONGEST_SLEEP;

/// Locks, all on one shared session.
///
/// A distributed lock with the operations of Consul's official clients (create, acquire, is it
/// held?, release, destroy), and a local deadline that ends the belief before another may lead.
///
/// # Examples
///
/// A migration that runs on one node:
///
/// ```no_run
/// # async fn migrate() -> std::io::Result<()> { Ok(()) }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use leader_runtime::LockManager;
///
/// let locks = LockManager::from_env()?;
/// let lock = locks.lock("service/migration")?;
/// lock.while_leading(async |_term| migrate().await).await??;
/// lock.release().await;
/// locks.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LockManager {
    manager: Arc<SessionManager>,
    key_prefix: String,
    timing: Option<Timing>,
}

impl LockManager {
    /// Locks by the settings of files and of the environment: [`Settings`] has them all. What they
    /// say of jobs is left to a runtime.
    ///
    /// # Errors
    ///
    /// As [`LockManager::new`], and those of [`Settings::from_env`].
    pub fn from_env() -> Result<Self> {
        Self::new(&Settings::from_env()?)
    }

    /// Locks by these settings.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where a setting is wrong, with all that are. Where the machine
    /// gives no thread or no lock directory. Not where Consul does not answer: that is logged, and
    /// tried again until it does.
    pub fn new(settings: &Settings) -> Result<Self> {
        let faults = settings.faults();
        if !faults.is_empty() {
            return Err(Error::wrong(faults));
        }
        // what they say of jobs is none of its business
        settings.log(&Overrides::default());
        let layout = SharedLayout::new(Layout::default());
        let service = settings.lock_service(&layout)?;
        info!("locks: {service}");
        let (manager, _) = SessionManager::start(service, layout, settings.base_of_fences())?;
        Ok(Self { manager, key_prefix: settings.prefix().into(), timing: settings.timing() })
    }

    /// A lock on this key, after the prefix of the settings. From now on this process stands for
    /// it, until the last lock on the key is released or dropped.
    ///
    /// Keys are few, and known when the service is written. One that was asked for once is never
    /// forgotten, released or not: Consul keeps it, and so does this process, which looks at each
    /// key again and again. So `order/{id}` is no key, but data. Its place is under one key, whose
    /// leader goes through all orders, or under one of some shards, `orders/{id % 16}`.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where the key is none: 1 to 512 bytes of letters, digits and
    /// `_ . , - /`.
    pub fn lock(&self, key: &str) -> Result<Lock> {
        Ok(Lock::of(&self.manager, &whole_key(&self.key_prefix, key)?))
    }

    /// The least that an ACL token must permit for the locks that were made so far, as the HCL of
    /// a policy: [`Runtime::acl_policy`](crate::Runtime::acl_policy) has more.
    #[must_use]
    pub fn acl_policy(&self) -> String {
        let keyspace = Keyspace::new(&self.key_prefix);
        Policy::new(keyspace, &self.manager.layout().read(), []).to_string()
    }

    /// Intervals of the lease: how soon another leads after a death, and how long Consul may be
    /// away. `None` where locks are files, which the system frees by itself.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.timing
    }

    /// Releases every key, then destroys the session, and waits until that is done: a graceful
    /// shutdown, after which another node leads within milliseconds. Work under a lock has 10 s to
    /// end. Dropping the manager and its locks does the same without the wait.
    pub async fn shutdown(self) {
        self.manager.shut_down(DRAIN);
        self.manager.ended().await;
    }
}

/// One key that this process stands for, and leads or not.
pub struct Lock {
    claim: Claim,
}

impl Lock {
    pub(crate) fn of(manager: &Arc<SessionManager>, whole_key: &str) -> Self {
        Self { claim: manager.claim(whole_key) }
    }

    /// The key, with the prefix of the settings.
    #[must_use]
    pub fn key(&self) -> String {
        self.claim.key()
    }

    /// Whether this process leads the key, now. No I/O: tens of nanoseconds.
    ///
    /// Work that follows may come too late: [`Lock::while_leading`] ends it in time, and a
    /// [`Fence`](crate::Fence) lets a store refuse it.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.claim.gate().is_leading()
    }

    /// The term in which this process leads the key, now. No I/O.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.claim.gate().term()
    }

    /// Each change of leadership in this process: the term that began, or `None` where it is over.
    /// The first item is the present state; a change that is over before it is polled for is left
    /// out. The stream ends with the lock manager, and keeps no claim on the key.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use leader_runtime::Lock;
    ///
    /// async fn follow(lock: &Lock) {
    ///     let mut changes = lock.changes();
    ///     while let Some(term) = changes.next().await {
    ///         match term {
    ///             Some(term) => println!("leads with the fence {}", term.fence()),
    ///             None => println!("stands by"),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn changes(&self) -> impl Stream<Item = Option<Term>> + Send + Unpin + use<> {
        changes(self.claim.gate())
    }

    /// Waits until this process leads the key, and returns the term. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::is_closed`], where the lock manager is shut down meanwhile.
    pub async fn acquired(&self) -> Result<Term> {
        let gate = self.claim.gate();
        let mut role = gate.subscribe();
        loop {
            if let Some(term) = gate.term() {
                return Ok(term);
            }
            if is_gone(&role) || gone(&mut role).await {
                return Err(Error::closed());
            }
        }
    }

    /// Waits until this process leads the key, then runs this work. The work is polled only while
    /// leadership lasts, and dropped when leadership ends; the key is not released before.
    ///
    /// # Errors
    ///
    /// [`Error::is_leadership_lost`], where leadership ended before the work did; [`Error::is_closed`], where
    /// the lock manager is shut down before it began.
    pub async fn while_leading<T>(&self, work: impl AsyncFnOnce(Term) -> T) -> Result<T> {
        let gate = self.claim.gate();
        let mut role = gate.subscribe();
        let guard = loop {
            if let Some(guard) = gate.enter() {
                break guard;
            }
            if is_gone(&role) || gone(&mut role).await {
                return Err(Error::closed());
            }
        };
        let term = guard.began();
        guard.run(work(term)).await.ok_or_else(|| Error::lost(self.key()))
    }

    /// Gives up the key, and waits until it is released. Where another [`Lock`] of this manager is on
    /// the same key, that lock keeps it.
    pub async fn release(self) {
        let mut role = self.claim.gate().subscribe();
        let Some(before) = self.claim.give_up() else { return };
        // A change that is over before it is looked at is not seen: the key may have been released,
        // claimed again and led again.
        let is_over = |now: &Role| match (before, *now) {
            (Role::Standby | Role::Closed, _) | (_, Role::Standby | Role::Closed) => true,
            (Role::Leader(old) | Role::Draining(old), Role::Leader(new) | Role::Draining(new)) => {
                old.fence != new.fence
            }
            (Role::Releasing, Role::Leader(_) | Role::Draining(_)) => true,
            (_, Role::Releasing) => false,
        };
        // a sender that is gone has nothing to release either
        let _ = role.wait_for(is_over).await;
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("key", &self.key()).field("term", &self.term()).finish()
    }
}

/// The term of this gate, and each change of it until the lock manager is gone.
pub(crate) fn changes(gate: &Gate) -> impl Stream<Item = Option<Term>> + Send + Unpin + use<> {
    let (gate, role) = (gate.clone(), gate.subscribe());
    let next = move |(gate, mut role, told): (Gate, _, Option<Option<Term>>)| async move {
        loop {
            let term = gate.term();
            if told != Some(term) {
                return Some((term, (gate, role, Some(term))));
            }
            if is_gone(&role) || gone(&mut role).await {
                return None;
            }
        }
    };
    stream::unfold((gate, role, None), next).boxed()
}

/// Waits for a change; whether the lock manager is gone.
async fn gone(role: &mut watch::Receiver<Role>) -> bool {
    // A gate that closed at its deadline may be opened again by a beat that was on its way, which
    // changes no standing: look again by and by.
    let changed = tokio::time::timeout(LONGEST_SLEEP, role.changed()).await;
    matches!(changed, Ok(Err(_))) || is_gone(role)
}

fn is_gone(role: &watch::Receiver<Role>) -> bool {
    *role.borrow() == Role::Closed
}

#[cfg(test)]
mod tests;
