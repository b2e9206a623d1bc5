//! The records of jobs as keys in Consul, outside every watched folder: each write would wake the watch.

mod batcher;
mod store;

pub(super) use self::batcher::Batcher;
