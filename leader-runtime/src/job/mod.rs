//! What a job is: the contract between the attribute, which writes one [`Entry`] beside each
//! function, and the runtime, which reads them.

mod context;
mod data;
mod entry;
mod fence;
mod jobs;
mod kv;
mod leading;
mod outcome;
pub mod private;
mod registry;
mod run;
mod standby;
mod stop;
mod tasks;

pub use context::FromRun;
pub(crate) use context::{Attempt, Context, Supplies};
pub use data::Data;
pub(crate) use data::Values;
pub(crate) use entry::Entry;
pub use fence::Fence;
pub use jobs::Jobs;
pub use kv::Kv;
pub(crate) use kv::Store;
pub use leading::Leading;
pub(crate) use outcome::{Ending, Retry};
pub use outcome::{IntoOutcome, Outcome};
pub(crate) use registry::{Registration, list, register};
pub use run::Run;
pub use stop::{Stop, StopReason, Stopper};
pub(crate) use tasks::{Gone, Spare};
