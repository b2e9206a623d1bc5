//! What leader jobs can decide without a clock, a network or a runtime.
//!
//! The attribute checks its options with this crate at compile time, and the runtime its settings
//! at start, so that a string means the same thing in both places. The [`election`] decides who
//! leads; whoever drives it hands in the time and what happened.
//!
//! This crate is a part of `leader-runtime`, which re-exports what its users need.

#[cfg(feature = "election")]
pub mod election;
mod error;
mod key;
mod name;
mod nearest;
mod options;
mod policy;
pub mod record;
mod schedule;
pub mod span;
mod timing;

pub use error::Error;
pub use key::Key;
pub use name::JobName;
pub use nearest::nearest;
pub use options::{Conflict, Options};
pub use policy::{Backoff, Interrupted, Missed, OnLoss, Overlap, Policies};
pub use schedule::{After, Cron, Due, Every, Schedule, Zone};
pub use timing::{Lease, Timing};
