//! Mutations of the design: each removes or breaks one rule, and a test must find it.

use leader_core::election::{Call, Operation, Path};

/// One rule of the design broken. The core is the real one all the same: the service executes its
/// requests otherwise, tells it another thing, or the test reads its answers otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "each test breaks the rules that it can see")]
pub(crate) enum Mutation {
    // ---- the service executes a request otherwise
    /// A take without `check-index` on the beat.
    UncheckedTake,
    /// An acquisition without the index at which the key was read.
    UncheckedAcquire,
    /// A resumption that is a beat and nothing else.
    UncheckedResume,
    /// An unlock without the fence.
    UncheckedRelease,
    /// Acquisitions and takes without a beat inside.
    NoBeatInside,
    /// Every beat with the same number: Consul changes nothing, and moves no index.
    BeatsAlike,
    /// A key of the own session, acquired again, keeps its index: it is taken up as it is. The core
    /// asks for a release until it is answered, so that none of the same index is under way by
    /// then; here the core is told that an unanswered release was done.
    TakenUpAsItIs,
    /// A dead session's keys are free at once.
    NoLockDelay,

    // ---- the service tells the core another thing
    /// The taker counts by its own lease instead of the holder's.
    OwnLease,
    /// A beat that moves does not begin the count anew: the core is shown the index that it saw
    /// first, and its take names the index that was read last.
    CountGoesOn,
    /// A standby counts from when it asked, instead of from the answer: the answer is handed in as
    /// if it had come at once.
    CountFromRequest,
    /// A clock that is slower than `Timing::drift` allows, by a nanosecond a tick.
    SlowClock,
    /// Two clocks that run apart by more than `Timing::drift`.
    FastClock,

    // ---- the test reads the core's answers otherwise
    /// Trust counts from the answer.
    TrustFromAnswer,
    /// Trust counts from the latest beat that was sent, instead of the one that was answered.
    TrustFromLatest,
    /// A deadline that moves on revives lapsed terms: one beat, or the acquisition of another key,
    /// is enough.
    RevivedByDeadline,
}

impl Mutation {
    /// Whether the call is executed without this operation.
    pub(super) fn leaves_out(self, call: &Call, path: &Path, operation: &Operation) -> bool {
        let is_check = matches!(operation, Operation::CheckIndex(_) | Operation::CheckAbsent);
        match (self, call) {
            (Self::NoBeatInside, Call::Acquire { .. } | Call::Take { .. }) => {
                matches!((path, operation), (Path::Beat(_), Operation::Lock(_)))
            }
            (Self::UncheckedTake, Call::Take { .. })
            | (Self::UncheckedAcquire, Call::Acquire { .. })
            | (Self::UncheckedResume, Call::Resume { .. })
            | (Self::UncheckedRelease, Call::Release { .. }) => is_check,
            _ => false,
        }
    }
}
