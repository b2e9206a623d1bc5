//! Jobs: the contract between the attribute, which writes one [`Entry`] beside each function, and
//! the runtime, which reads them.

mod around;
mod blocking;
mod context;
mod data;
mod entry;
mod from_run;
mod jobs;
mod kv;
mod leading;
mod outcome;
pub mod private;
mod run;
mod standby;
mod stop;
mod tasks;

pub(crate) use around::Hook;
pub use around::{AttemptFuture, AttemptInfo};
pub use context::RunContext;
pub(crate) use context::{Attempt, Supplies};
pub use data::Data;
pub(crate) use data::Values;
pub(crate) use entry::Entry;
pub use entry::Job;
pub use from_run::{FromRun, Missing};
pub use jobs::Jobs;
pub(crate) use jobs::Listed;
pub use kv::Kv;
pub(crate) use kv::Store;
pub use leading::Leading;
pub(crate) use outcome::{Ending, Retry};
pub use outcome::{IntoOutcome, Outcome};
pub use run::Run;
pub use stop::{Stop, Stopper};
pub(crate) use tasks::{Gone, Spare};
