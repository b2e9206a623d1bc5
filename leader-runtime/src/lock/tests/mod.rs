//! The lock manager without a lock service: what waits for it, and what it says.

mod stage;
mod standby;

pub(crate) use stage::Stage;
