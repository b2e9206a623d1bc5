//! The eye for which two states with the same future are the same.
//!
//! The core's state is private, and holds numbers that grow for ever: attempts, indices, instants,
//! the random seed. But it is `Hash`, all of these are written as a `u64`, and the model chooses
//! where each kind lies, so a hasher can tell them apart and see
//!
//! * an index as its rank among all that occur in the state: nobody counts with them;
//! * an instant as its distance from its owner's now, and alike whatever is further away than
//!   anything reaches;
//! * an attempt as its place among those that an answer is due to;
//! * the second stint of a term as all after it;
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
/// Stints of a term, ids of keys and folders, and the nanoseconds of a random delay: from here on
/// they are alike.
const STINTS: u32 = 2;

/// Takes in all indices of a state.
#[derive(Debug, Default)]
pub(crate) struct Census(Vec<u64>);

impl Census {
    pub(crate) fn sorted(mut self) -> Vec<u64> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

impl Hasher for Census {
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

/// How one process sees.
#[derive(Debug)]
pub(crate) struct Eye {
    pub(crate) now: Timestamp,
    /// What happened longer ago than this, or is further ahead, is alike.
    pub(crate) past: i64,
    pub(crate) future: i64,
    /// What it awaits an answer to, in order.
    pub(crate) awaited: Vec<u64>,
}

#[derive(Debug)]
pub(crate) struct Lens<'a, H> {
    pub(crate) out: &'a mut H,
    pub(crate) indices: &'a [u64],
    pub(crate) eye: &'a Eye,
}

impl<H: Hasher> Hasher for Lens<'_, H> {
    fn write(&mut self, bytes: &[u8]) {
        self.out.write(bytes);
    }

    fn write_u32(&mut self, number: u32) {
        self.out.write_u32(number.min(STINTS));
    }

    fn write_u64(&mut self, number: u64) {
        let eye = self.eye;
        if number == 0 {
            // an index, attempt or instant before all of them
            self.out.write_i64(-eye.past);
        } else if INDICES.contains(&number) {
            self.out.write_usize(self.indices.partition_point(|index| *index < number));
        } else if INSTANTS.contains(&number) {
            let ahead = number as i64 - eye.now.as_nanos() as i64;
            self.out.write_i64(ahead.clamp(-eye.past, eye.future));
        } else if ATTEMPTS.contains(&number) {
            let place = eye.awaited.partition_point(|attempt| *attempt < number);
            self.out.write_usize(place);
            self.out.write_u8(u8::from(eye.awaited.get(place) == Some(&number)));
        } else {
            // the random seed
        }
    }

    fn finish(&self) -> u64 {
        self.out.finish()
    }
}
