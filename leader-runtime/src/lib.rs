//! Scheduled jobs that run on the leader alone: annotate a function, deploy the service as often as
//! you like, and one node runs it.
//!
//! ```no_run
//! use leader_runtime::{Runtime, jobs, leader_job};
//!
//! /// Refreshes the cache, each full minute, on one node.
//! #[leader_job(key = "service/cache", every = "1m")]
//! async fn refresh() {}
//!
//! #[tokio::main]
//! async fn main() -> leader_runtime::Result<()> {
//!     Runtime::from_env()?.jobs(jobs![refresh]).run().await
//! }
//! ```
//!
//! # Who leads
//!
//! Every key is a lock in Consul, or a lock file where [`Settings`] say so; the node that holds it
//! runs the jobs of that key. When that node stops, another takes over within milliseconds.
//! Whatever dies, process, machine or network, another leads within the *lease*: 6 s unless told
//! otherwise. A node that is cut off stops believing, and its running job is dropped, before
//! another may lead.
//!
//! # What a lease cannot promise
//!
//! Trust is looked at before every poll of a job, and of what [`Run::spawn`] started. Code that runs
//! on between two `await`s, and what a job starts with `tokio::spawn`, are not stopped by it; nor is
//! a job saved from clocks that run apart by more than 5 % of the lease, or from an operator who
//! deletes the key by hand while its holder is cut off. The [`Fence`] covers all of these: let the
//! store that a job writes to refuse the number of an earlier leader.
//!
//! # When it runs
//!
//! `every = "3s"` is a grid that all nodes share, counted from the Unix epoch; `cron = "0 5 * * *"`
//! is read in UTC, or by the clock of the zone that `tz` names; `after = "10s"` counts from the end
//! of the run before; `while_leading` is as long as this node leads. A run that is due while the one
//! before goes on is skipped, unless its `overlap` says otherwise.
//!
//! # What an operator sees
//!
//! [`Handle::health`] says whether the runtime does its work, and why not; with the feature `health`
//! and an address in the settings, `/livez` and `/readyz` do. [`metrics`] lists what is counted and
//! measured; the feature `prometheus` adds `/metrics`. [`Runtime::run`] also tells systemd, where
//! that has given it a socket.
//!
//! # What it takes
//!
//! A job has any number of parameters, in any order: [`Data`] that the service put in, the [`Fence`]
//! of its term, a [`Kv`] whose writes are refused once the term is over, [`Leading`] to hand down as
//! a proof, [`Stop`] to end in time, and [`Run`] and [`Due`] to know which run it is.
//!
//! ```
//! use leader_runtime::{Data, Fence, Settings, Stop, Runtime, jobs, leader_job};
//!
//! struct Pool; // of connections to a database
//!
//! #[leader_job(key = "billing/charge", cron = "0 3 * * *", tz = "Europe/Oslo")]
//! async fn charge(pool: Data<Pool>, fence: Fence, stop: Stop) -> Result<(), std::io::Error> {
//!     // UPDATE … WHERE fence <= $1
//! #   let _ = (&*pool, fence, stop);
//!     Ok(())
//! }
//!
//! let runtime = Runtime::new(Settings::new()).data(Pool).jobs(jobs![charge]);
//! ```
//!
//! What is missing stops the start. In a unit test the job is still a function: [`testing`] has what
//! it is called with.

#[cfg(feature = "cli")]
mod cli;
mod clock;
mod engine;
mod error;
mod handle;
mod health;
mod job;
mod lock;
mod log;
pub mod metrics;
mod observer;
mod run;
mod runtime;
mod settings;
mod signal;
mod systemd;
pub mod testing;
mod thread;

#[cfg(feature = "cli")]
pub use cli::JobsCommand;
pub use error::{Error, Result};
pub use handle::Handle;
pub use health::{Health, KeyHealth};
#[doc(hidden)]
pub use job::private as __private;
pub use job::{
    Data, Fence, FromRun, IntoOutcome, Jobs, Kv, Leading, Outcome, Run, Stop, StopReason,
};
pub use leader_core::{Due, Lease, Timing};
pub use leader_macros::leader_job;
pub use lock::{Leader, Lock, LockManager, Term};
pub use run::{JobStatus, RunEvent, RunOutcome, RunReport, SkipReason};
pub use runtime::Runtime;
pub use settings::Settings;
