//! Values that describe leadership and runs, for jobs, people and programs.

mod fence;
mod health;
pub(crate) mod instant;
mod leader;
mod outcome;
mod term;

pub use self::fence::Fence;
pub use self::health::{Health, KeyHealth};
pub(crate) use self::leader::Identity;
pub use self::leader::Leader;
pub use self::outcome::{RunOutcome, SkipReason, StopReason};
pub use self::term::Term;
