//! Canonicalization of a state: a hasher for which two states with the same future are equal.
//!
//! The core's state is private, and holds numbers that grow for ever: attempts, indices, instants,
//! the random seed. But it is `Hash`, all of these are written as a `u64`, and the model chooses
//! where each kind lies, so a hasher can tell them apart and see
//!
//! * an index as its rank among all that occur in the state: nobody counts with them;
//! * an instant as its distance from its owner's now, and alike whatever is further away than
//!   anything reaches;
//! * an attempt as its place among those that an answer is due to;
//! * the second resumptions of a term as all after it;
//! * the random seed, and the random delay of under 20 ms that comes of it, not at all: the ticks
//!   leave room for it.

use std::hash::Hasher;
use std::ops::Range;

use leader_core::election::Timestamp;

/// Where the toy Consul's indices lie.
pub(crate) const INDICES: Range<u64> = 1 << 56..(1 << 56) + (1 << 20);
/// Where the local clocks begin, and how far they come.
pub(crate) const INSTANTS: Range<u64> = 1 << 50..(1 << 50) + (1 << 45);
/// Attempts, and the seconds of durations, which never change.
const ATTEMPTS: Range<u64> = 0..1 << 20;
/// Resumptions of a term, ids of keys and folders, and the nanoseconds of a random delay are equal
/// from this number on.
const RESUMPTIONS: u32 = 2;

/// A hasher that collects the indices of a state.
#[derive(Debug, Default)]
pub(crate) struct SeenIndices(Vec<u64>);

impl SeenIndices {
    pub(crate) fn sorted(mut self) -> Vec<u64> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

impl Hasher for SeenIndices {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, number: u64) {
        if INDICES.contains(&number) {
            self.0.push(number);
        }
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Viewpoint of one process, to which instants and attempts are relative.
#[derive(Debug)]
pub(crate) struct Viewpoint {
    pub(crate) now: Timestamp,
    /// Maximum distance of instants that are told apart.
    pub(crate) past: i64,
    pub(crate) future: i64,
    /// Attempts whose answers it awaits, in order.
    pub(crate) awaited: Vec<u64>,
}

#[derive(Debug)]
pub(crate) struct Canonical<'a, H> {
    pub(crate) out: &'a mut H,
    pub(crate) indices: &'a [u64],
    pub(crate) viewpoint: &'a Viewpoint,
}

impl<H: Hasher> Hasher for Canonical<'_, H> {
    fn write(&mut self, bytes: &[u8]) {
        self.out.write(bytes);
    }

    fn write_u32(&mut self, number: u32) {
        self.out.write_u32(number.min(RESUMPTIONS));
    }

    fn write_u64(&mut self, number: u64) {
        let viewpoint = self.viewpoint;
        if number == 0 {
            // an index, attempt or instant before all of them
            self.out.write_i64(-viewpoint.past);
        } else if INDICES.contains(&number) {
            self.out.write_usize(self.indices.partition_point(|index| *index < number));
        } else if INSTANTS.contains(&number) {
            let ahead = number as i64 - viewpoint.now.as_nanos() as i64;
            self.out.write_i64(ahead.clamp(-viewpoint.past, viewpoint.future));
        } else if ATTEMPTS.contains(&number) {
            let place = viewpoint.awaited.partition_point(|attempt| *attempt < number);
            self.out.write_usize(place);
            self.out.write_u8(u8::from(viewpoint.awaited.get(place) == Some(&number)));
        } else {
            // the random seed
        }
    }

    fn finish(&self) -> u64 {
        self.out.finish()
    }
}
