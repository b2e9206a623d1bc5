//! The shared lock manager: the election, driven on a lock service, and what the process knows of
//! its leadership.

mod by_hand;
mod consul;
mod driver;
mod gate;
mod guard;
mod identity;
mod layout;
mod local;
mod manager;
mod meetings;
mod outage;
mod pulse;
mod records;
mod requests;
mod term;
#[cfg(test)]
mod tests;
mod vacancies;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::Key;
use leader_core::election::{Answer, Failure, Pace, Request};

use crate::error::Error;

pub use by_hand::{Lock, LockManager};
pub(crate) use consul::{Access, Consul, Keyspace, KvStore, Policy, Rule, Write};
pub(crate) use gate::Gate;
pub(crate) use guard::{Guard, Watch};
pub use identity::Leader;
pub(crate) use identity::{Identity, json};
pub(crate) use layout::SharedLayout;
pub(crate) use local::Local;
pub(crate) use manager::{Claim, Manager, Terms};
pub(crate) use records::{Found, Place, Records, Written};
pub use term::Term;
#[cfg(test)]
pub(crate) use tests::Stage;

/// A key with the prefix of the settings, where that makes one.
pub(crate) fn whole_key(prefix: &str, key: &str) -> Result<String, Error> {
    let key = format!("{prefix}{key}");
    match key.parse::<Key>() {
        Ok(_) => Ok(key),
        Err(fault) => Err(Error::wrong(vec![fault.to_string()])),
    }
}

/// Something that gives every key to one session at a time.
pub(crate) trait LockService: Send + Sync + 'static {
    /// Makes what it needs on this machine, before anything is locked.
    fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How it shows that a holder lives.
    fn pace(&self) -> Pace;

    /// What it is and where, for logs: `Consul at http://127.0.0.1:8500`.
    fn place(&self) -> String;

    /// What this process is called in the locks that it holds.
    fn identity(&self) -> &Identity;

    /// Carries out one request. Whoever drops the future drops the connection with it.
    fn call(&self, request: Request) -> BoxFuture<'static, Reply>;

    /// The store beside the locks that a job may write to, where there is one.
    fn kv(&self) -> Option<KvStore> {
        None
    }

    /// Where the records of jobs are.
    fn records(&self) -> Arc<dyn Records>;

    /// Each rule of the policy that bears on this service, and whether this process has that right;
    /// or what went wrong, in words for a person. Writes no key, and leads nothing.
    fn rights(&self, _: Policy) -> BoxFuture<'static, Result<Vec<(Rule, bool)>, String>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    /// Whether it can be asked at all; or what went wrong, in words for a person.
    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Who holds this key, by its value; or what went wrong, in words for a person.
    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>>;
}

/// An answer, and what went wrong where something did, in words for a person.
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
        f.write_str(&self.place())
    }
}

/// Where locks are kept and what that promises, in the line that a start logs.
impl fmt::Display for dyn LockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace() {
            Pace::Beats(timing) => write!(f, "{}; {timing}", self.place()),
            _ => write!(
                f,
                "{}, for this machine alone; a frozen process keeps its locks",
                self.place()
            ),
        }
    }
}
