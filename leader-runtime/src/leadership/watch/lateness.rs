//! How late the lock service answers, logged where late answers come near to costing leadership.

use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{Liveness, Timestamp};
use tracing::{info, warn};

use super::reachability::RequestKind;
use crate::leadership::LockService;

/// Whether answers are late enough to endanger leadership: one log line when a late spell begins, and
/// one when it ends.
#[derive(Debug)]
pub(in crate::leadership) struct Lateness {
    /// `None` where leadership does not depend on the time of an answer.
    timing: Option<Timing>,
    /// Maximum duration of an answer in this late spell.
    longest: Duration,
    /// The latest sign of danger in this late spell; `None` outside one.
    late_at: Option<Timestamp>,
    /// Whether overdue writes were logged in this late spell.
    overdue_logged: bool,
    /// The beginning of the answers that came with no gap of half a lease.
    answering_since: Timestamp,
    /// The time of the latest answer.
    answered_at: Timestamp,
    /// The send time of the latest write that was answered.
    write_sent: Timestamp,
}

/// Leases without a late answer that end a late spell: an answer late now and then is logged once.
const CALM_LEASES: u32 = 10;

impl Lateness {
    pub(in crate::leadership) fn new(liveness: Liveness) -> Self {
        let timing = match liveness {
            Liveness::Beats(timing) => Some(timing),
            _ => None,
        };
        let [answering_since, answered_at, write_sent] = Default::default();
        let (longest, late_at, overdue_logged) = (Duration::ZERO, None, false);
        Self { timing, longest, late_at, overdue_logged, answering_since, answered_at, write_sent }
    }

    /// Takes in how long an answer to a request took.
    pub(in crate::leadership) fn observe_answer(
        &mut self,
        service: &dyn LockService,
        now: Timestamp,
        kind: RequestKind,
        sent: Timestamp,
    ) {
        let Some(timing) = self.timing else { return };
        if now.since(self.answered_at) > timing.gap() {
            self.answering_since = now;
        }
        self.answered_at = now;
        if kind.is_write() {
            self.write_sent = self.write_sent.max(sent);
        }
        let took = now.since(sent);
        // nobody waits for longer than the trust, unless the machine slept meanwhile
        if took > timing.trust() {
            return;
        }
        self.longest = self.longest.max(took);
        if took > timing.late() {
            self.log(service, now, &slow(self.longest, timing.lease()));
        } else if self
            .late_at
            .is_some_and(|at| now.since(at) > timing.lease().length() * CALM_LEASES)
        {
            info!("{} answers in time again", service.location());
            (self.late_at, self.overdue_logged) = (None, false);
            self.longest = Duration::ZERO;
        } else if self.late_at.is_none() {
            self.longest = Duration::ZERO;
        }
    }

    /// Takes in a request that timed out. Returns whether it is late, and no sign of an outage: a write,
    /// while other requests were answered without a gap, and no later write was.
    pub(in crate::leadership) fn observe_timeout(
        &mut self,
        service: &dyn LockService,
        now: Timestamp,
        kind: RequestKind,
        sent: Timestamp,
    ) -> bool {
        let Some(timing) = self.timing else { return false };
        let is_answering =
            self.answering_since <= sent && now.since(self.answered_at) <= timing.gap();
        if !(kind.is_write() && is_answering && self.write_sent <= sent) {
            return false;
        }
        self.late_at = Some(now);
        if !std::mem::replace(&mut self.overdue_logged, true) {
            let fault = overdue(now.since(sent), timing.lease());
            warn!("{}: {fault}", service.location());
        }
        true
    }

    /// Takes in how much trust was left when it was extended.
    pub(in crate::leadership) fn observe_extension(
        &mut self,
        service: &dyn LockService,
        now: Timestamp,
        left: Duration,
    ) {
        if let Some(timing) = self.timing
            && left < timing.trust() / 3
        {
            self.log(service, now, &near(timing, self.longest, left));
        }
    }

    fn log(&mut self, service: &dyn LockService, now: Timestamp, fault: &str) {
        if self.late_at.replace(now).is_none() {
            warn!("{}: {fault}", service.location());
        }
    }
}

/// Formats how near leadership came to its end, with the remedy.
fn near(timing: Timing, took: Duration, left: Duration) -> String {
    let seconds = |span: Duration| format!("{:.1}s", span.as_secs_f64());
    let (left, trust) = (seconds(left), seconds(timing.trust()));
    if took <= timing.beat() {
        return format!(
            "heartbeats are lost: {left} of {trust} were left until this node stops leading when \
             one was answered; look for what drops requests on the way"
        );
    }
    let slow = slow(took, timing.lease());
    format!("{slow}; of {trust} until a leader stops, {left} are left at each heartbeat")
}

/// Formats the fault of a service that answers reads, and no write within `waited`, with the minimum
/// lease that may bear it.
fn overdue(waited: Duration, lease: leader_core::Lease) -> String {
    let remedy = match Timing::lease_for(waited) {
        Some(least) => format!("set LEADER_LEASE={least} or more on all nodes, or"),
        None => "no lease of up to 60s bears that:".into(),
    };
    format!(
        "writes are not answered within {:.1}s, while reads are, which is too late for a lease of \
         {lease}; {remedy} mend what slows its servers down, such as their disks",
        waited.as_secs_f64()
    )
}

/// Formats the fault of a service whose answers take `took`, with the lease that bears it.
pub(crate) fn slow(took: Duration, lease: leader_core::Lease) -> String {
    let remedy = match Timing::lease_for(took) {
        Some(borne) => format!("set LEADER_LEASE={borne} on all nodes, or"),
        None => "no lease of up to 60s bears that:".into(),
    };
    format!(
        "answers take {:.1}s, which is late for a lease of {lease}; {remedy} mend what slows it down",
        took.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use leader_core::Lease;

    use super::super::reachability::tests::Nowhere;
    use super::*;

    const BEAT: Duration = Duration::from_millis(750);

    fn timing() -> Timing {
        Timing::new(Lease::default())
    }

    #[test]
    fn late_answers_are_logged_with_the_lease_that_bears_them() {
        let took = Duration::from_millis(2_700);
        assert_eq!(
            near(timing(), took, Duration::from_millis(1_500)),
            "answers take 2.7s, which is late for a lease of 6s; set LEADER_LEASE=9s on all nodes, \
             or mend what slows it down; of 5.0s until a leader stops, 1.5s are left at each \
             heartbeat"
        );
        assert!(slow(Duration::from_secs(20), Lease::default()).contains("no lease of up to 60s"));
    }

    #[test]
    fn heartbeats_that_are_lost_are_not_logged_as_late() {
        let text = near(timing(), BEAT / 100, Duration::from_secs(1));
        assert!(text.starts_with("heartbeats are lost: 1.0s of 5.0s"), "{text}");
    }

    #[test]
    fn writes_that_take_longer_than_trust_are_logged_with_the_minimum_lease() {
        let text = overdue(timing().trust(), Lease::default());
        assert!(text.contains("within 5.0s, while reads are"), "{text}");
        assert!(text.contains("set LEADER_LEASE=17s or more on all nodes"), "{text}");
    }

    #[test]
    fn a_write_is_late_where_others_are_answered_all_the_while_and_else_it_is_an_outage() {
        let liveness = Liveness::Beats(timing());
        let start = Timestamp::from_nanos(1) + Duration::from_secs(3600);
        let sent = start + BEAT;
        let until = sent + timing().trust();
        let read_until = |lateness: &mut Lateness, end: Timestamp| {
            let mut now = start;
            while now <= end {
                lateness.observe_answer(&Nowhere, now, RequestKind::Read, now);
                now = now + BEAT;
            }
        };
        let is_late =
            |lateness: &mut Lateness, kind| lateness.observe_timeout(&Nowhere, until, kind, sent);

        let mut late = Lateness::new(liveness);
        read_until(&mut late, until);
        assert!(!is_late(&mut late, RequestKind::Read) && !late.overdue_logged);
        assert!(is_late(&mut late, RequestKind::Transaction) && late.overdue_logged);

        let mut silent = Lateness::new(liveness);
        read_until(&mut silent, sent);
        assert!(!is_late(&mut silent, RequestKind::Transaction));
        // answered again, but not all the while
        silent.observe_answer(&Nowhere, until, RequestKind::Read, until);
        assert!(!is_late(&mut silent, RequestKind::Transaction));

        let mut lost = Lateness::new(liveness);
        read_until(&mut lost, until);
        lost.observe_answer(&Nowhere, until, RequestKind::Beat, sent + BEAT);
        assert!(!is_late(&mut lost, RequestKind::Beat), "a later one was answered");
    }
}
