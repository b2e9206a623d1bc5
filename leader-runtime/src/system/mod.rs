//! Everything in which operating systems differ. No other module of this crate depends on the system.
//!
//! It is tested on Linux, and written for the others. A feature that another system lacks is replaced,
//! as a timer by Tokio's, or left out, as the socket of a service manager.

pub(crate) mod clock;
mod file;
pub(crate) mod signal;
mod socket;
pub(crate) mod systemd;
#[cfg(not(test))]
mod timer;

pub(crate) use self::file::{is_at, sync_directory};
pub(crate) use self::socket::{HAS_SOCKETS, through_socket};
#[cfg(feature = "health")]
pub(crate) use self::socket::{is_waited_for, keep_backlog};
#[cfg(not(test))]
pub(crate) use self::timer::Timer;
