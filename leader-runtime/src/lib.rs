//! Leader election for scheduled jobs: annotate a function, start the service on any number of
//! machines, and exactly one of them, the leader, runs the job.
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
//! # Leader election
//!
//! Every key is a distributed lock: in Consul, or in a lock file where [`Settings`] say so. The node
//! that holds the lock leads, and runs the jobs of the key; the other nodes stand by. A graceful
//! shutdown hands over within milliseconds. After a crash, a freeze or a network partition, failover
//! takes at most the *lease*, 6 s by default: the leader proves by a heartbeat that it lives, and a
//! leader that is cut off drops its running job before another node may lead.
//!
//! # Limits of a lease
//!
//! Leadership is checked before every poll of a job, and of each task of [`Run::spawn`]. It does not
//! stop code between two `await`s, nor a task of `tokio::spawn`. Two leaders are possible where clocks
//! run apart by more than 5 % of the lease, or an operator deletes the key while its holder is cut off.
//! The fencing token, [`Fence`], covers all of these: let the store that a job writes to refuse the
//! number of an earlier leader.
//!
//! # Schedules
//!
//! * `every = "3s"`: a grid that all nodes share, counted from the Unix epoch.
//! * `cron = "0 5 * * *"`: in UTC, or by the clock of the zone in `tz`; [`cron`] has the rules.
//! * `after = "10s"`: a delay, counted from the end of the run before.
//! * `while_leading`: as long as this node leads.
//!
//! A run that is due while the run before goes on is skipped by default; `overlap` has the other
//! policies.
//!
//! # Crate features
//!
//! | feature | default | |
//! |---|---|---|
//! | `tls` | yes | Consul over `https`; needs a C compiler to build |
//! | `log` | yes | [`Runtime::run`] installs a subscriber on stderr where the process has none |
//! | `metrics` | yes | metrics go to the recorder of the `metrics` facade |
//! | `cli` | | `Runtime::main`: a command line that lists and checks the jobs |
//! | `health` | | `/livez` and `/readyz` at the address of the settings |
//! | `prometheus` | | `health`, and `/metrics` where the process has no recorder of its own |
//! | `tokio-cron-scheduler` | | jobs are listed and notified in a `JobScheduler` of the service |
//!
//! # What an operator sees
//!
//! [`Handle::health`] says whether the runtime does its work, and why not; with the feature `health`
//! and an address in the settings, `/livez` and `/readyz` do. [`metrics`] lists what is counted and
//! measured; the feature `prometheus` adds `/metrics`. [`Runtime::run`] also tells systemd, where
//! that has given it a socket.
//!
//! Each attempt of a run is a span of [`tracing`](https://docs.rs/tracing) called `run`, at INFO. It
//! has the fields `job`, `key`, `due`, `number`, `attempt` and `fence`; and when it ends, whatever the
//! log leaves out, its `outcome` (`ok`, `failed`, `cancelled`, `skipped`), the `error` of one that
//! failed, and the `reason` of one that was cancelled or skipped. `otel.status_code` and
//! `otel.status_description` are set too, so traces show it as failed. A service sends them to an
//! OpenTelemetry collector (OTLP) by the crates `opentelemetry`, `opentelemetry_sdk`,
//! `opentelemetry-otlp` (0.33) and `tracing-opentelemetry` (0.34). The exporter shares the HTTP client
//! of the feature `tls`, which wants a TLS provider of the process (`rustls`, feature `ring`):
//!
//! ```ignore
//! // OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318
//! rustls::crypto::ring::default_provider().install_default().expect("no other is installed");
//! let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
//! let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
//!     .with_batch_exporter(exporter)
//!     .build();
//! let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("service"));
//! let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
//! tracing_subscriber::registry().with(LevelFilter::INFO).with(log).with(traces).init();
//! Runtime::from_env()?.jobs(jobs![refresh]).run().await?;
//! // what is still to be sent
//! provider.shutdown()?;
//! ```
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
//! A missing value stops the start; [`FromRun`] makes parameters of your own. A plain `fn` is a job
//! too, on a thread of its own. [`Runtime::around`] puts a hook around each attempt: an error
//! reporter, a trace. In a unit test the job is still a function: [`testing`] makes its arguments.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "cli")]
mod cli;
#[doc = include_str!("cron.md")]
pub mod cron {}
mod engine;
mod error;
mod handle;
mod health;
mod job;
mod key_handle;
mod leadership;
#[cfg(feature = "health")]
mod listener;
mod locks;
mod log;
pub mod metrics;
mod model;
mod observer;
mod registry;
mod run;
mod runtime;
mod settings;
mod shutdown;
mod sync;
mod system;
pub mod testing;
mod text;
mod thread;
mod throttle;
mod unwind;

#[cfg(feature = "cli")]
pub use cli::JobsCommand;
pub use error::{Error, Result};
pub use handle::Handle;
#[doc(hidden)]
pub use job::private as __private;
pub use job::{
    AttemptFuture, AttemptInfo, Data, FromRun, IntoOutcome, Job, Jobs, Kv, Leading, Missing,
    Outcome, Run, RunContext, Stop,
};
pub use key_handle::KeyHandle;
pub use leader_core::{Due, Lease, Timing};
pub use leader_macros::leader_job;
pub use locks::{Lock, LockManager};
pub use model::{Fence, Health, KeyHealth, Leader, RunOutcome, SkipReason, StopReason, Term};
pub use run::{JobStatus, MissedReport, RunEvent, RunReport, RunStart};
pub use runtime::Runtime;
pub use settings::{SettingValue, Settings};
/// The scheduler of [`Runtime::scheduler`], of exactly the version that it takes.
#[cfg(feature = "tokio-cron-scheduler")]
pub use tokio_cron_scheduler;
