//! Leader election for a process: the driver, the lock services, and the gates that jobs pass.
//!
//! ```text
//! LockService ◀──requests── driver ◀──actions── leader_core::election
//!             ──replies───▶        ──events───▶
//!                             │ start, drain, stop, trusted until
//!                             ▼
//!                           gates ◀── each firing, each poll of a job
//! ```
//!
//! [`SessionManager`] is the handle of the process: it starts the driver's thread, claims keys and
//! hands out their gates. [`Consul`] and [`Local`] are the lock services.

mod consul;
mod driver;
mod files;
mod format;
mod gate;
mod lanes;
mod layout;
mod record_store;
mod requests;
mod session_manager;
#[cfg(test)]
mod tests;
mod values;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::Key;
use leader_core::election::{Answer, Failure, Liveness, Request};

use crate::error::Error;

use crate::model::{Identity, Leader};
pub(crate) use consul::{Access, Consul, Keyspace, Policy, Rule};
pub(crate) use files::Local;
pub(crate) use gate::{DRAIN, Gate, Guard, Role, TermWatch};
pub(crate) use layout::SharedLayout;
pub(crate) use record_store::{RecordKey, RecordStore, StoredRecord, Written};
pub(crate) use session_manager::{Claim, SessionManager, Terms};
#[cfg(test)]
pub(crate) use tests::Stage;
pub(crate) use values::{ValueStore, Write};
#[cfg(feature = "cli")]
pub(crate) use watch::slow;

/// Timeout of a request that leadership does not depend on: of a job, or of a person.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns `key` behind the prefix of the settings, checked.
pub(crate) fn whole_key(prefix: &str, key: &str) -> Result<String, Error> {
    let key = format!("{prefix}{key}");
    match key.parse::<Key>() {
        Ok(_) => Ok(key),
        Err(fault) => Err(Error::wrong(vec![fault.to_string()])),
    }
}

/// A service that grants each key to one session at a time.
pub(crate) trait LockService: Send + Sync + 'static {
    /// Prepares this machine, before anything is locked: makes directories, for example.
    fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How the service shows that the holder of a key is alive.
    fn liveness(&self) -> Liveness;

    /// Name and address of the service, for logs: `Consul at http://127.0.0.1:8500`.
    fn location(&self) -> String;

    /// The name of this process in the locks that it holds.
    fn identity(&self) -> &Identity;

    /// Carries out one request. Dropping the future closes the request's connection.
    fn call(&self, request: Request) -> BoxFuture<'static, Reply>;

    /// Carries out one request over a new connection.
    fn call_afresh(&self, request: Request) -> BoxFuture<'static, Reply> {
        self.call(request)
    }

    /// The store for the values that jobs write, beside the locks.
    fn value_store(&self) -> Arc<dyn ValueStore>;

    /// The store for the records of jobs.
    fn record_store(&self) -> Arc<dyn RecordStore>;

    /// Returns each rule of the policy that applies to this service, and whether this process has the
    /// right; `Err` with the fault in words for a person. Writes no key, and leads nothing.
    fn rights(&self, _: Policy) -> BoxFuture<'static, Result<Vec<(Rule, bool)>, String>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    /// Whether the service answers; `Err` with the fault in words for a person.
    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Returns the holder of this key, by the key's value; `Err` with the fault in words for a person.
    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>>;
}

/// An answer, with its fault, if any, in words for a person.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) fault: Option<String>,
}

impl Reply {
    pub(crate) fn failed(failure: Failure, fault: impl Into<String>) -> Self {
        Self { answer: Answer::Failed(failure), fault: Some(fault.into()) }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, fault: None }
    }
}

impl fmt::Debug for dyn LockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location())
    }
}

/// The location of the locks and its promise, for the log line of a start.
impl fmt::Display for dyn LockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.liveness() {
            Liveness::Beats(timing) => write!(f, "{}; {timing}", self.location()),
            _ => write!(
                f,
                "{}, for this machine alone; a frozen process keeps its locks",
                self.location()
            ),
        }
    }
}
