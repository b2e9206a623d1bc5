//! The items that the expansion of `#[leader_job]` and `jobs!` names. None is for hand-written code:
//! the macro and the runtime are of one exact version, and this changes with any.

pub use std::boxed::Box;
pub use std::option::Option::{None, Some};
pub use std::panic::Location;
pub use std::time::Duration;

pub use super::blocking::block;
pub use super::context::RunContext;
pub use super::entry::{Entry, FAULTY, Job, RunFuture, StandbyFuture, every, every_above, key};
pub use super::from_run::param;
pub use super::outcome::IntoOutcome;
pub use super::standby::standby;
