//! The session manager without a lock service: its gates, and its log.

mod stage;
mod standby;

pub(crate) use stage::Stage;
