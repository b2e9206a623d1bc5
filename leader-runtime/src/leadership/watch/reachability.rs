//! Whether the lock service answers: one log line when an outage begins, and one when it ends.

use leader_core::election::{Answer, Call, Failure, Timestamp};
use tracing::{debug, info, warn};

use crate::leadership::{LockService, Reply};
use crate::system::clock;
use crate::throttle::Throttle;

/// The kind of a request. A service may answer one kind and not another, as it does where a token
/// lacks a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::leadership) enum RequestKind {
    Session,
    Beat,
    Sweep,
    Transaction,
    Read,
    Watch,
}

impl RequestKind {
    pub(in crate::leadership) const fn of(call: &Call) -> Self {
        match call {
            Call::CreateSession | Call::RenewSession(_) | Call::DestroySession(_) => Self::Session,
            Call::Beat(_) | Call::DeleteBeat(_) => Self::Beat,
            Call::SweepBeats => Self::Sweep,
            Call::Read(_) | Call::ReadBeat(_) => Self::Read,
            Call::Watch(..) => Self::Watch,
            Call::Acquire { .. }
            | Call::Take { .. }
            | Call::Resume { .. }
            | Call::Release { .. } => Self::Transaction,
        }
    }

    /// Whether Consul's servers must agree on it and write it to their disks.
    pub(super) const fn is_write(self) -> bool {
        matches!(self, Self::Beat | Self::Transaction)
    }
}

/// The requests that fail, and the faults of theirs that were logged.
#[derive(Default)]
pub(in crate::leadership) struct Reachability {
    /// Faults already logged in this outage.
    logged: Vec<String>,
    /// Failing requests, one entry per kind and severity, the latest last.
    failing: Vec<Failing>,
    /// Rate limit for denials, which only a person can mend: other requests may succeed meanwhile.
    denials: Throttle<String>,
    /// The end of the latest outage.
    ended: Timestamp,
}

/// A kind of request that fails.
struct Failing {
    kind: RequestKind,
    /// Whether only a person can mend it.
    denied: bool,
    fault: String,
}

/// Maximum number of faults logged in one outage. The others are logged at DEBUG.
const MAX_LOGGED_FAULTS: usize = 5;

impl Reachability {
    /// The latest fault that persists, logged or not.
    pub(in crate::leadership) fn fault(&self) -> Option<&str> {
        self.failing.last().map(|failing| failing.fault.as_str())
    }

    /// Takes in a reply, and logs the beginning or the end of an outage.
    pub(in crate::leadership) fn observe(
        &mut self,
        service: &dyn LockService,
        kind: RequestKind,
        sent: Timestamp,
        reply: &Reply,
    ) {
        let Some(fault) = &reply.fault else {
            // any answer ends an outage; that a right is there, only one of the same kind shows
            self.failing.retain(|failing| failing.denied && failing.kind != kind);
            if self.failing.is_empty() && !std::mem::take(&mut self.logged).is_empty() {
                self.ended = clock::now();
                info!("{} answers", service.location());
            }
            return;
        };
        if kind == RequestKind::Watch {
            // many harmless things cut a watch; the next request shows whether there is an outage
            debug!(fault, "watch ended");
            return;
        }
        let denied = reply.answer != Answer::Failed(Failure::Transient);
        if !denied && sent < self.ended {
            debug!(fault, "request sent before the outage ended");
            return;
        }
        // a refusal of one key among several is no outage
        let is_partial = matches!(reply.answer, Answer::Refused(_));
        if !is_partial {
            self.failing.retain(|failing| (failing.kind, failing.denied) != (kind, denied));
            self.failing.push(Failing { kind, denied, fault: fault.clone() });
        }
        let is_known = self.logged.contains(fault) || self.logged.len() == MAX_LOGGED_FAULTS;
        if is_known || denied && self.denials.admit(clock::now(), fault.clone()).is_none() {
            debug!(fault, "still failing");
            return;
        }
        warn!("{}: {fault}; retrying", service.location());
        if !is_partial {
            self.logged.push(fault.clone());
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use futures_util::future::BoxFuture;
    use leader_core::election::{Liveness, Request};

    use super::*;
    use crate::model::{Identity, Leader};

    pub(in crate::leadership::watch) struct Nowhere;

    impl LockService for Nowhere {
        fn liveness(&self) -> Liveness {
            Liveness::Kernel { retry: Duration::ZERO }
        }

        fn location(&self) -> String {
            "nowhere".into()
        }

        fn identity(&self) -> &Identity {
            unreachable!("nobody asks")
        }

        fn call(&self, _: Request) -> BoxFuture<'static, Reply> {
            Box::pin(std::future::pending())
        }

        fn value_store(&self) -> std::sync::Arc<dyn crate::leadership::ValueStore> {
            unreachable!("nobody asks")
        }

        fn record_store(&self) -> std::sync::Arc<dyn crate::leadership::RecordStore> {
            unreachable!("nobody asks")
        }

        fn leader(&self, _: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_right_that_is_lacking_is_logged_once_and_mended_only_by_an_answer_of_its_kind() {
        let mut reachability = Reachability::default();
        let fault = Reply::failed(Failure::Configuration, "denied");
        let done = Reply::from(Answer::Done);
        reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &fault);
        reachability.observe(&Nowhere, RequestKind::Read, clock::now(), &done);
        reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &fault);
        assert_eq!(reachability.logged, ["denied"]);
        reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &done);
        assert!(reachability.logged.is_empty());
    }

    #[test]
    fn a_denial_that_was_logged_a_while_ago_is_quiet_and_fails_all_the_same() {
        let mut reachability = Reachability::default();
        let revoked = Reply::failed(Failure::Configuration, "denied");
        reachability.observe(&Nowhere, RequestKind::Beat, clock::now(), &revoked);
        reachability.observe(&Nowhere, RequestKind::Beat, clock::now(), &Reply::from(Answer::Done));
        assert_eq!(reachability.fault(), None);
        reachability.observe(&Nowhere, RequestKind::Beat, clock::now(), &revoked);
        assert_eq!(reachability.fault(), Some("denied"));
        assert!(reachability.logged.is_empty());
        reachability.observe(&Nowhere, RequestKind::Beat, clock::now(), &Reply::from(Answer::Done));
        assert_eq!(reachability.fault(), None);
    }

    #[test]
    fn a_right_that_is_lacking_for_one_key_is_no_outage_and_logged_once() {
        let mut reachability = Reachability::default();
        let answer = Answer::Refused(Vec::new());
        let refused = Reply { answer, fault: Some("denied".into()) };
        for _ in 0..3 {
            reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &refused);
            reachability.observe(
                &Nowhere,
                RequestKind::Transaction,
                clock::now(),
                &Reply::from(Answer::Done),
            );
        }
        assert!(reachability.logged.is_empty() && reachability.failing.is_empty());
        assert_eq!(reachability.denials.admit(clock::now(), "denied".into()), None);
    }

    #[test]
    fn an_outage_ends_with_the_first_answer_and_no_watch_begins_one() {
        let mut reachability = Reachability::default();
        let fault = Reply::failed(Failure::Transient, "no answer in time");
        reachability.observe(&Nowhere, RequestKind::Watch, clock::now(), &fault);
        assert!(reachability.logged.is_empty());
        reachability.observe(&Nowhere, RequestKind::Beat, clock::now(), &fault);
        reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &fault);
        assert_eq!(reachability.logged, ["no answer in time"]);
        reachability.observe(
            &Nowhere,
            RequestKind::Session,
            clock::now(),
            &Reply::from(Answer::Done),
        );
        assert!(reachability.logged.is_empty() && reachability.failing.is_empty());
    }

    #[test]
    fn a_request_that_was_sent_before_an_outage_ended_begins_no_other() {
        let mut reachability = Reachability::default();
        let fault = Reply::failed(Failure::Transient, "no answer in time");
        let done = Reply::from(Answer::Done);
        let sent = clock::now();
        reachability.observe(&Nowhere, RequestKind::Transaction, sent, &fault);
        reachability.observe(&Nowhere, RequestKind::Read, clock::now(), &done);
        reachability.observe(&Nowhere, RequestKind::Transaction, sent, &fault);
        assert!(reachability.logged.is_empty() && reachability.fault().is_none());
        reachability.observe(&Nowhere, RequestKind::Transaction, clock::now(), &fault);
        assert_eq!(reachability.logged, ["no answer in time"]);
    }
}
