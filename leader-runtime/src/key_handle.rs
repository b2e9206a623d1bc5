//! One key of a runtime, as the rest of the process sees it.

use std::fmt;
use std::sync::{Arc, Weak};

use futures_util::stream::Stream;
use leader_core::nearest;

use crate::error::{Error, Result};
use crate::leadership::{Gate, SessionManager, whole_key};
use crate::locks::changes;
use crate::model::{Leader, Term};

/// A key of a runtime, for the rest of the process: who leads it, and a way to give it away.
///
/// [`Handle::key`](crate::Handle::key) returns it, or says that there is no such key. Holding it
/// keeps nothing alive, and does not make the process stand for the key:
/// [`Handle::lock`](crate::Handle::lock) does.
///
/// # Examples
///
/// ```
/// use leader_runtime::{Handle, Result};
///
/// async fn describe(handle: &Handle) -> Result<String> {
///     let key = handle.key("service/report")?;
///     Ok(match key.leader().await? {
///         _ if key.is_leading() => "this node leads".into(),
///         Some(leader) => format!("{} leads", leader.node),
///         None => "nobody leads".into(),
///     })
/// }
/// ```
#[derive(Clone)]
pub struct KeyHandle {
    key: Arc<str>,
    gate: Gate,
    manager: Weak<SessionManager>,
}

impl KeyHandle {
    /// The key of this manager.
    ///
    /// # Errors
    ///
    /// Where the key is malformed, or neither a job nor a lock has it.
    pub(crate) fn find(manager: &Arc<SessionManager>, key_prefix: &str, key: &str) -> Result<Self> {
        let whole = whole_key(key_prefix, key)?;
        let Some(gate) = manager.gate(&whole) else {
            return Err(Error::wrong(vec![unknown(manager, key_prefix, key, &whole)]));
        };
        Ok(Self { key: whole.into(), gate, manager: Arc::downgrade(manager) })
    }

    /// The key, with the prefix of the settings.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether this process leads the key, now. No I/O: tens of nanoseconds.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.gate.is_leading()
    }

    /// The term in which this process leads the key, now. No I/O.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.gate.term()
    }

    /// Each change of leadership in this process: the term that began, or `None` where it is over.
    /// The first item is the present state; a change that is over before it is polled for is left
    /// out. The stream ends with the runtime.
    pub fn changes(&self) -> impl Stream<Item = Option<Term>> + Send + Unpin + use<> {
        changes(&self.gate)
    }

    /// Reads from the lock service who leads the key, on whichever node; `None` where nobody does.
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`], where the lock service does not answer within 5 s, or refuses;
    /// [`Error::is_closed`], where the runtime is over.
    pub async fn leader(&self) -> Result<Option<Leader>> {
        let leader = self.manager()?.leader(self.key.to_string()).await;
        leader.map_err(|fault| fault.map_or_else(Error::closed, Error::no_answer))
    }

    /// Gives the key to another node, where this node leads it: when its runs have ended the key is
    /// released, and this node stands for it again after 10 s. Where no other node stands for the
    /// key, this node leads again then. Where another node leads, nothing happens.
    ///
    /// Send the request to the leader ([`KeyHandle::leader`]). Of several nodes that are asked one
    /// after the other, each gives up the leadership that it has won by then.
    ///
    /// # Errors
    ///
    /// [`Error::is_closed`], where the runtime is over.
    pub fn step_down(&self) -> Result<()> {
        self.manager()?.step_down(&self.gate);
        Ok(())
    }

    fn manager(&self) -> Result<Arc<SessionManager>> {
        self.manager.upgrade().filter(|manager| !manager.has_ended()).ok_or_else(Error::closed)
    }
}

impl fmt::Debug for KeyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHandle").field("key", &self.key).field("term", &self.term()).finish()
    }
}

/// The fault of a key that nothing has here, with the key that was meant perhaps.
fn unknown(manager: &SessionManager, key_prefix: &str, key: &str, whole: &str) -> String {
    let layout = manager.layout().read();
    let known: Vec<_> =
        layout.keys().map(|(_, known)| known.strip_prefix(key_prefix).unwrap_or(known)).collect();
    let meant = nearest(key, known.iter().copied()).map_or_else(
        || {
            let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("use one of {}", known.join(", "))
        },
        |meant| format!("did you mean `{meant}`?"),
    );
    format!("no job and no lock of this runtime has the key `{whole}`; {meant}")
}
