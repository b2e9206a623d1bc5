//! Whether the lock service answers, told once at each turn.

use leader_core::election::Call;
use tracing::{debug, info, warn};

use super::{LockService, Reply};

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
    /// The kinds of requests that fail.
    failing: Vec<Kind>,
}

/// So many different faults of one outage are told; the others are logged for those who look.
const FAULTS_TOLD: usize = 5;

impl Outage {
    /// An answer came, or a fault instead, or with it.
    pub(super) fn hear(&mut self, service: &dyn LockService, kind: Kind, reply: &Reply) {
        let Some(fault) = &reply.fault else {
            self.failing.retain(|failing| *failing != kind);
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
        if !self.failing.contains(&kind) {
            self.failing.push(kind);
        }
        if self.told.contains(fault) || self.told.len() == FAULTS_TOLD {
            debug!(fault, "still");
        } else {
            warn!("{}: {fault}; trying on", service.place());
            self.told.push(fault.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use leader_core::election::{Answer, Failure, Pace, Request};

    use super::*;
    use crate::lock::Leader;

    struct Nowhere;

    impl LockService for Nowhere {
        fn pace(&self) -> Pace {
            Pace::Kernel { retry: std::time::Duration::ZERO }
        }

        fn place(&self) -> String {
            "nowhere".into()
        }

        fn call(&self, _: Request) -> BoxFuture<'static, Reply> {
            Box::pin(std::future::pending())
        }

        fn leader(&self, _: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn an_outage_lasts_until_every_kind_of_request_is_answered_again() {
        let mut outage = Outage::default();
        let fault = Reply::failed(Failure::Configuration, "denied");
        let done = Reply::from(Answer::Done);
        outage.hear(&Nowhere, Kind::Transaction, &fault);
        outage.hear(&Nowhere, Kind::Read, &done);
        outage.hear(&Nowhere, Kind::Transaction, &fault);
        assert_eq!(outage.told, ["denied"]);
        outage.hear(&Nowhere, Kind::Watch, &fault);
        assert_eq!(outage.failing, [Kind::Transaction]);
        outage.hear(&Nowhere, Kind::Transaction, &done);
        assert!(outage.told.is_empty());
    }
}
