//! Where the records of jobs are kept, beside the locks that they run under.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use leader_core::election::{Fence, Read};

/// Values that only the leader of a term can write, each by itself.
pub(crate) trait Records: Debug + Send + Sync + 'static {
    /// The record at this place, and how it was read; or what went wrong, in words for a person.
    fn read(&self, place: &Place) -> BoxFuture<'static, Result<Found, String>>;

    /// Writes it where this process holds the lock under this fence, and the record is as it was
    /// read. Where no answer came, it may be written all the same.
    fn write(
        &self,
        place: &Place,
        fence: Fence,
        read: Read,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>>;
}

/// Which record: that of one job under one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The whole key of the lock.
    pub(crate) lock: String,
    /// The job's name.
    pub(crate) job: String,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// `None` where there is none.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) read: Read,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was done, and the record reads so now.
    Done(Read),
    /// Nothing was written: the term is over, or another one has written meanwhile.
    Refused,
}
