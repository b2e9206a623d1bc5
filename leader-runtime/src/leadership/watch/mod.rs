//! The driver's view of the outside: whether the lock service answers, and in time; who leads where
//! this process stands by.

mod driver_liveness;
mod lateness;
mod reachability;
mod standby_log;
mod takeover_timer;

pub(super) use self::driver_liveness::{DriverLiveness, Outage};
pub(super) use self::lateness::Lateness;
#[cfg(feature = "cli")]
pub(crate) use self::lateness::slow;
pub(super) use self::reachability::{Reachability, RequestKind};
pub(super) use self::standby_log::StandbyLog;
pub(super) use self::takeover_timer::TakeoverTimer;
