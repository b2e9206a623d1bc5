//! Locks for code that is no scheduled job: a migration, a consumer, a handler that must know.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use leader_core::Timing;
use leader_core::election::Layout;
use tokio::sync::watch;
use tracing::info;

use super::gate::{Gate, Standing};
use super::guard::DRAIN;
use super::{Claim, Keyspace, Manager, Policy, SharedLayout, Term, whole_key};
use crate::clock::LONGEST_SLEEP;
use crate::error::{Error, Result};
use crate::settings::{Overrides, Settings};

/// Locks, all on one shared session.
///
/// What the lock of Consul's official clients offers (create, acquire, is it held?, release,
/// destroy), with a local deadline that ends the belief before another may lead.
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
/// locks.shut_down().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LockManager {
    manager: Arc<Manager>,
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
    /// [`Error::is_wrong_settings`], where a setting is wrong, with all that are. Where the machine
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
        let (manager, _) = Manager::start(service, layout, settings.base_of_fences())?;
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
    /// [`Error::is_wrong_settings`], where the key is none: 1 to 512 bytes of letters, digits and
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

    /// What the lease of the settings means: how soon another leads after a death, and how long
    /// Consul may be away. `None` where locks are files, which the system frees by itself.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.timing
    }

    /// Releases everything, then destroys the session, so that nobody waits for either. Work under
    /// a lock has 10 s to end. Dropping the manager and its locks does the same, and waits for
    /// nothing.
    pub async fn shut_down(self) {
        self.manager.shut_down(DRAIN);
        self.manager.ended().await;
    }
}

/// One key that this process stands for, and leads or not.
pub struct Lock {
    claim: Claim,
}

impl Lock {
    pub(crate) fn of(manager: &Arc<Manager>, whole_key: &str) -> Self {
        Self { claim: manager.claim(whole_key) }
    }

    /// The key, with the prefix of the settings.
    #[must_use]
    pub fn key(&self) -> String {
        self.claim.key()
    }

    /// Whether this process leads the key, now. Asks nobody: tens of nanoseconds.
    ///
    /// What is done after it may come too late; [`Lock::while_leading`] ends it in time, and a
    /// [`Fence`](crate::Fence) lets a store refuse it.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.claim.gate().is_leading()
    }

    /// The term in which this process leads the key, now. Asks nobody.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.claim.gate().term()
    }

    /// Whether this process leads the key, and each change of that: the term that began, or `None`
    /// where it is over. The first item is how it stands now; a change that is over before it is
    /// asked for is left out. The stream ends with the lock manager, and keeps no claim on the key.
    pub fn changes(&self) -> impl Stream<Item = Option<Term>> + Send + Unpin + use<> {
        let gate = self.claim.gate().clone();
        let standing = gate.standing();
        let next = move |(gate, mut standing, told): (Gate, _, Option<Option<Term>>)| async move {
            loop {
                let term = gate.term();
                if told != Some(term) {
                    return Some((term, (gate, standing, Some(term))));
                }
                if is_gone(&standing) || gone(&mut standing).await {
                    return None;
                }
            }
        };
        stream::unfold((gate, standing, None), next).boxed()
    }

    /// Waits until this process leads the key.
    ///
    /// # Errors
    ///
    /// [`Error::is_closed`], where the lock manager is shut down meanwhile.
    pub async fn leading(&self) -> Result<Term> {
        let gate = self.claim.gate();
        let mut standing = gate.standing();
        loop {
            if let Some(term) = gate.term() {
                return Ok(term);
            }
            if is_gone(&standing) || gone(&mut standing).await {
                return Err(Error::closed());
            }
        }
    }

    /// Waits until this process leads the key, then does this work. It is polled only while
    /// leadership lasts, and dropped when that ends; while it goes on, the key is not released.
    ///
    /// # Errors
    ///
    /// [`Error::is_lost`], where leadership ended before the work did; [`Error::is_closed`], where
    /// the lock manager is shut down before it began.
    pub async fn while_leading<T>(&self, work: impl AsyncFnOnce(Term) -> T) -> Result<T> {
        let gate = self.claim.gate();
        let mut standing = gate.standing();
        let guard = loop {
            if let Some(guard) = gate.enter() {
                break guard;
            }
            if is_gone(&standing) || gone(&mut standing).await {
                return Err(Error::closed());
            }
        };
        let term = guard.began();
        guard.run(work(term)).await.ok_or_else(|| Error::lost(self.key()))
    }

    /// Stands for the key no more, and comes back when it is released. Where another [`Lock`] of
    /// this manager is on the same key, that one keeps it.
    pub async fn release(self) {
        let mut standing = self.claim.gate().standing();
        let Some(before) = self.claim.give_up() else { return };
        // A change that is over before it is looked at is not seen: the key may have been released,
        // claimed again and led again.
        let is_over = |now: &Standing| match (before, *now) {
            (Standing::By | Standing::Gone, _) | (_, Standing::By | Standing::Gone) => true,
            (
                Standing::Leading(old) | Standing::Draining(old),
                Standing::Leading(new) | Standing::Draining(new),
            ) => old.fence != new.fence,
            (Standing::Releasing, Standing::Leading(_) | Standing::Draining(_)) => true,
            (_, Standing::Releasing) => false,
        };
        // a sender that is gone has nothing to release either
        let _ = standing.wait_for(is_over).await;
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("key", &self.key()).field("term", &self.term()).finish()
    }
}

/// Waits for a change; whether the lock manager is gone.
async fn gone(standing: &mut watch::Receiver<Standing>) -> bool {
    // A gate that closed at its deadline may be opened again by a beat that was on its way, which
    // changes no standing: look again by and by.
    let changed = tokio::time::timeout(LONGEST_SLEEP, standing.changed()).await;
    matches!(changed, Ok(Err(_))) || is_gone(standing)
}

fn is_gone(standing: &watch::Receiver<Standing>) -> bool {
    *standing.borrow() == Standing::Gone
}
