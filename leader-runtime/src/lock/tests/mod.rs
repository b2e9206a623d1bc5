//! The lock manager without a lock service: what waits for it, and what it says.

mod by_hand;
mod stage;
mod standby;

pub(crate) use stage::Stage;
