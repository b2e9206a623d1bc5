//! Faults planted into the rules by way of the service: each has to be found out.

/// One rule of the design left out, as far as that can be done outside the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A take without `check-index` on the beat.
    UncheckedTake,
    /// An acquisition without the index at which the key was read.
    UncheckedAcquire,
    /// A resumption that is a beat and nothing else.
    UncheckedResume,
    /// An unlock without the fence.
    UncheckedRelease,
    /// Every beat with the same number: Consul changes nothing, and moves no index.
    BeatsAlike,
    /// Acquisitions and takes without a beat inside.
    NoBeatInside,
    /// The taker counts by its own lease instead of the holder's.
    OwnLease,
    /// A dead session's keys are free at once.
    NoLockDelay,
    /// Two clocks run apart by more than the margin.
    FastClock,
}
