//! Whether the lock service answers, told once at each turn.

use std::time::Duration;

use leader_core::election::{Answer, Call, Failure, Timestamp};
use tracing::{debug, info, warn};

use super::{LockService, Reply};
use crate::clock;

/// What kind of request was asked. A service may answer one kind and not another, as it does where
/// a token lacks a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Beat,
    Sweep,
    Transaction,
    Read,
    Watch,
}

impl Kind {
    pub(super) const fn of(call: &Call) -> Self {
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
}

#[derive(Default)]
pub(super) struct Outage {
    /// What was told and has not passed, each fault once.
    told: Vec<String>,
    /// What fails, the latest last.
    failing: Vec<Failing>,
    /// What a person has to mend, and when that was told: other requests may go well meanwhile.
    denied: Vec<(String, Timestamp)>,
}

/// Requests of one kind that fail.
struct Failing {
    kind: Kind,
    /// Whether a person has to mend that.
    denied: bool,
    fault: String,
}

/// So many different faults of one outage are told; the others are logged for those who look.
const FAULTS_TOLD: usize = 5;

/// A right that is lacking all the time is told again after this.
const AGAIN: Duration = Duration::from_secs(600);

impl Outage {
    /// What fails, whether that was told or not.
    pub(super) fn fault(&self) -> Option<&str> {
        self.failing.last().map(|failing| failing.fault.as_str())
    }

    /// An answer came, or a fault instead, or with it.
    pub(super) fn hear(&mut self, service: &dyn LockService, kind: Kind, reply: &Reply) {
        let Some(fault) = &reply.fault else {
            // any answer ends an outage; that a right is there, only one of the same kind shows
            self.failing.retain(|failing| failing.denied && failing.kind != kind);
            if self.failing.is_empty() && !std::mem::take(&mut self.told).is_empty() {
                info!("{} answers", service.place());
            }
            return;
        };
        if kind == Kind::Watch {
            // a watch is cut by many things that stand in nobody's way; the next request tells
            debug!(fault, "a watch ended");
            return;
        }
        let denied = reply.answer != Answer::Failed(Failure::Transient);
        // what stands against one key of several is no outage
        let is_partial = matches!(reply.answer, Answer::Refused(_));
        if !is_partial {
            self.failing.retain(|failing| (failing.kind, failing.denied) != (kind, denied));
            self.failing.push(Failing { kind, denied, fault: fault.clone() });
        }
        let is_known = self.told.contains(fault) || self.told.len() == FAULTS_TOLD;
        if is_known || denied && !self.is_due(fault) {
            debug!(fault, "still");
            return;
        }
        warn!("{}: {fault}; trying on", service.place());
        if !is_partial {
            self.told.push(fault.clone());
        }
    }

    /// Whether this denial was not told lately; from now on it was.
    fn is_due(&mut self, fault: &str) -> bool {
        let now = clock::now();
        self.denied.retain(|(_, told)| now < *told + AGAIN);
        let is_due = !self.denied.iter().any(|(told, _)| told == fault);
        if is_due {
            self.denied.push((fault.to_owned(), now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use leader_core::election::{Pace, Request};

    use super::*;
    use crate::lock::{Identity, Leader};

    struct Nowhere;

    impl LockService for Nowhere {
        fn pace(&self) -> Pace {
            Pace::Kernel { retry: Duration::ZERO }
        }

        fn place(&self) -> String {
            "nowhere".into()
        }

        fn identity(&self) -> &Identity {
            unreachable!("nobody asks")
        }

        fn call(&self, _: Request) -> BoxFuture<'static, Reply> {
            Box::pin(std::future::pending())
        }

        fn records(&self) -> std::sync::Arc<dyn crate::lock::Records> {
            unreachable!("nobody asks")
        }

        fn leader(&self, _: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_right_that_is_lacking_is_told_once_and_mended_only_by_an_answer_of_its_kind() {
        let mut outage = Outage::default();
        let fault = Reply::failed(Failure::Configuration, "denied");
        let done = Reply::from(Answer::Done);
        outage.hear(&Nowhere, Kind::Transaction, &fault);
        outage.hear(&Nowhere, Kind::Read, &done);
        outage.hear(&Nowhere, Kind::Transaction, &fault);
        assert_eq!(outage.told, ["denied"]);
        outage.hear(&Nowhere, Kind::Transaction, &done);
        assert!(outage.told.is_empty());
    }

    #[test]
    fn a_denial_that_was_told_a_while_ago_is_quiet_and_fails_all_the_same() {
        let mut outage = Outage::default();
        let revoked = Reply::failed(Failure::Configuration, "denied");
        outage.hear(&Nowhere, Kind::Beat, &revoked);
        outage.hear(&Nowhere, Kind::Beat, &Reply::from(Answer::Done));
        assert_eq!(outage.fault(), None);
        outage.hear(&Nowhere, Kind::Beat, &revoked);
        assert_eq!(outage.fault(), Some("denied"));
        assert!(outage.told.is_empty());
        outage.hear(&Nowhere, Kind::Beat, &Reply::from(Answer::Done));
        assert_eq!(outage.fault(), None);
    }

    #[test]
    fn a_right_that_is_lacking_for_one_key_is_no_outage_and_told_once() {
        let mut outage = Outage::default();
        let answer = Answer::Refused(Vec::new());
        let refused = Reply { answer, fault: Some("denied".into()) };
        for _ in 0..3 {
            outage.hear(&Nowhere, Kind::Transaction, &refused);
            outage.hear(&Nowhere, Kind::Transaction, &Reply::from(Answer::Done));
        }
        assert!(outage.told.is_empty() && outage.failing.is_empty());
        assert_eq!(outage.denied.len(), 1);
    }

    #[test]
    fn an_outage_ends_with_the_first_answer_and_no_watch_begins_one() {
        let mut outage = Outage::default();
        let fault = Reply::failed(Failure::Transient, "no answer in time");
        outage.hear(&Nowhere, Kind::Watch, &fault);
        assert!(outage.told.is_empty());
        outage.hear(&Nowhere, Kind::Beat, &fault);
        outage.hear(&Nowhere, Kind::Transaction, &fault);
        assert_eq!(outage.told, ["no answer in time"]);
        outage.hear(&Nowhere, Kind::Session, &Reply::from(Answer::Done));
        assert!(outage.told.is_empty() && outage.failing.is_empty());
    }
}
