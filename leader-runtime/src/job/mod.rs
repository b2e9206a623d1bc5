//! What a job is: the contract between the attribute, which writes one [`Entry`] beside each
//! function, and the runtime, which reads them.

mod context;
mod entry;
mod fence;
mod jobs;
mod outcome;
pub mod private;
mod registry;
mod standby;

pub(crate) use context::Context;
pub use context::FromRun;
pub(crate) use entry::RunFuture;
pub use fence::Fence;
pub use jobs::Jobs;
pub(crate) use outcome::Ending;
pub use outcome::{IntoOutcome, Outcome};
pub(crate) use registry::{Registration, register};
