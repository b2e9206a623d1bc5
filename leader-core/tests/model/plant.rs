//! Faults planted into the rules: each has to be found out.

use leader_core::election::Path;

/// One rule of the design broken. The core is the real one all the same: what it sends is executed
/// otherwise, what it is told is another thing, or what it says is read otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    // ---- what it sends is executed otherwise
    /// A take without `check-index` on the beat.
    UncheckedTake,
    /// An acquisition without the index at which the key was read.
    UncheckedAcquire,
    /// Acquisitions and takes without a beat inside.
    NoBeatInside,
    /// Every beat with the same number: Consul changes nothing, and moves no index.
    BeatsAlike,
    /// A resumption that is a beat and nothing else.
    ResumedByABeat,
    /// An unlock without the fence.
    UncheckedRelease,
    /// A key of the own session, acquired again, keeps its index: it is taken up as it is. The core
    /// asks for a release until it is answered, so that none of the same index is under way by
    /// then; here it is told that an unanswered one was done.
    TakenUpAsItIs,

    // ---- what it is told is another thing
    /// The taker counts by its own lease instead of the holder's.
    OwnLease,
    /// A beat that moves does not begin the count anew: the core is shown the index that it saw
    /// first, and its take names the one that was read last.
    CountGoesOn,

    /// A clock that is slower than the margin allows, by a nanosecond a tick.
    SlowClock,

    // ---- what it says is read otherwise
    /// Trust counts from the answer.
    TrustFromAnswer,
    /// A deadline that moves on revives lapsed terms: one beat, or the acquisition of another key,
    /// is enough.
    RevivedByDeadline,
}

impl Plant {
    /// Whether a lock by the session that holds the path already moves no index.
    pub(crate) const fn writes_nothing(plant: Option<Self>, path: &Path) -> bool {
        match plant {
            Some(Self::BeatsAlike) => matches!(path, Path::Beat(_)),
            Some(Self::TakenUpAsItIs) => matches!(path, Path::Key(_)),
            _ => false,
        }
    }

    /// Whether the lapses that the core tells are not heeded.
    pub(crate) const fn ignores_lapses(plant: Option<Self>) -> bool {
        matches!(plant, Some(Self::TrustFromAnswer | Self::RevivedByDeadline))
    }
}
