//! The decisions of leader jobs that need no clock, no network and no runtime: who leads, when a job
//! is due, and what its options mean.
//!
//! The attribute checks its options with this crate at compile time, and the runtime its settings at
//! start, so that a text means the same in both places. The [`election`] is a state machine; its
//! driver hands in the time and the events. The [`record`] of a job is its history across leaders.
//!
//! This crate is a part of `leader-runtime`, which re-exports the items that its users need.

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
mod seed;
pub mod span;
mod timing;

pub use error::Error;
pub use key::Key;
pub use name::JobName;
pub use nearest::nearest;
pub use options::{Conflict, OptionSpec, Options, ValueKind};
pub use policy::{Backoff, Interrupted, Missed, OnLoss, Overlap, Policies};
pub use schedule::{After, Cron, Due, Every, Except, Schedule, Zone};
pub use seed::Seed;
pub use timing::{Lease, Timing};
