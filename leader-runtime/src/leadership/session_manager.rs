//! The session manager: one session for the process, shared by all keys that it campaigns for.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use leader_core::election::{KeyId, Liveness, Term, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{Command, Driver};
use super::gate::{DRAIN, Gate, Reports, Role, Trust};
use super::watch::{DriverLiveness, Outage};
use super::{LockService, SharedLayout};
use crate::error::Error;
use crate::metrics::{Metric, TermMeter};
use crate::model::KeyHealth;
use crate::model::Leader;
use crate::sync::Mutex;
use crate::thread;

/// Handle to the driver's thread. Dropping it releases everything.
#[derive(Debug)]
pub(crate) struct SessionManager {
    layout: SharedLayout,
    trust: Arc<Trust>,
    liveness: Arc<DriverLiveness>,
    commands: mpsc::UnboundedSender<Command>,
    claims: Mutex<BTreeMap<KeyId, Claimed>>,
    ended: watch::Receiver<()>,
}

/// Receiver of the terms in which work may start, as they begin or are resumed.
pub(crate) type Terms = mpsc::UnboundedReceiver<Term>;

/// Time for the service to answer a shutdown, after the longest drain.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// A key that the process campaigns for, or did.
#[derive(Debug)]
struct Claimed {
    gate: Gate,
    /// Number of claims alive.
    claims: usize,
}

/// A claim to a key: the process campaigns for the key as long as a claim is alive, and releases it
/// with the last.
#[derive(Debug)]
pub(crate) struct Claim {
    manager: Arc<SessionManager>,
    gate: Gate,
    is_held: bool,
}

impl SessionManager {
    /// Starts the driver's thread, and campaigns for every key of the layout, from which the service
    /// reads their names. `fence_base` is added to every fence.
    pub(crate) fn start(
        service: Arc<dyn LockService>,
        layout: SharedLayout,
        fence_base: u64,
    ) -> Result<(Arc<Self>, Terms), Error> {
        service.prepare()?;
        Metric::describe_all();
        if let Liveness::Beats(timing) = service.liveness() {
            TermMeter::promise(timing);
        }
        let (trust, Reports { drained, begun }) = Trust::new(fence_base);
        let (commands, receiver) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(());
        let gates: Vec<Gate> =
            layout.read().keys().map(|(key, name)| Gate::new(key, name, &trust)).collect();
        let claimed = |gate: &Gate| (gate.key(), Claimed { gate: gate.clone(), claims: 0 });
        let claims = Mutex::new(gates.iter().map(claimed).collect());
        let liveness = Arc::new(DriverLiveness::new());
        let driver = Driver::new(
            service,
            layout.clone(),
            Arc::clone(&trust),
            Arc::clone(&liveness),
            gates,
            receiver,
        );
        thread::start("leader", "the lock manager", move || async move {
            // dropped at the end, also where that is a panic
            let _end = end;
            driver.run(drained).await;
        })?;
        Ok((Arc::new(Self { layout, trust, liveness, commands, claims, ended }), begun))
    }

    /// Campaigns for a key until the claim is dropped.
    pub(crate) fn claim(self: &Arc<Self>, key: &str) -> Claim {
        let mut claims = self.claims();
        let (id, folder) = self.layout.write().add(key);
        let claimed = claims
            .entry(id)
            .or_insert_with(|| Claimed { gate: Gate::new(id, key, &self.trust), claims: 0 });
        claimed.claims += 1;
        if claimed.claims == 1 {
            // under the lock, so that keys come to the driver in the order of the layout
            let campaign = Command::Campaign(folder, claimed.gate.clone());
            if self.commands.send(campaign).is_err() {
                claimed.gate.stop(Role::Closed);
            }
        }
        Claim { manager: Arc::clone(self), gate: claimed.gate.clone(), is_held: true }
    }

    /// The gate of a key that was ever claimed.
    pub(crate) fn gate(&self, key: &str) -> Option<Gate> {
        let id = self.layout.read().find(key)?;
        self.claims().get(&id).map(|claimed| claimed.gate.clone())
    }

    /// All keys that were ever claimed.
    pub(crate) const fn layout(&self) -> &SharedLayout {
        &self.layout
    }

    /// Updates the gauges that move by themselves: which keys are led, and for how long trust lasts.
    pub(crate) fn refresh_meters(&self) {
        self.claims().values().for_each(|claimed| claimed.gate.refresh_meter());
        self.trust.refresh_meter();
    }

    /// The health of every key that is claimed.
    pub(crate) fn keys(&self) -> Vec<KeyHealth> {
        let (claims, layout) = (self.claims(), self.layout.read());
        let claimed = claims.iter().filter(|(_, claimed)| claimed.claims > 0);
        let health = |(id, claimed): (&KeyId, &Claimed)| KeyHealth {
            key: layout.key(*id).to_owned(),
            is_leading: claimed.gate.is_leading(),
            is_past_deadline: claimed.gate.is_past_deadline(),
        };
        claimed.map(health).collect()
    }

    /// All keys that were ever claimed, with their gates: work under them may outlive the manager.
    pub(crate) fn gates(&self) -> Vec<(String, Gate)> {
        let (claims, layout) = (self.claims(), self.layout.read());
        let named =
            |(id, claimed): (&KeyId, &Claimed)| (layout.key(*id).to_owned(), claimed.gate.clone());
        claims.iter().map(named).collect()
    }

    /// The last turn of the driver's loop.
    pub(crate) fn last_turn(&self) -> Timestamp {
        self.liveness.last_turn()
    }

    /// Whether the service has ever answered.
    pub(crate) fn was_answered(&self) -> bool {
        self.liveness.was_answered()
    }

    /// The current outage of the service, if any.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.liveness.outage()
    }

    #[cfg(test)]
    pub(super) fn liveness(&self) -> &DriverLiveness {
        &self.liveness
    }

    /// Gives the key to another node, where this one leads it.
    pub(crate) fn step_down(&self, gate: &Gate) {
        self.send(Command::StepDown(gate.key()));
    }

    /// Waits for the leader of this key; `Err` with a fault in words, or without one where the manager
    /// has ended. Cancel safe.
    pub(crate) async fn leader(&self, key: String) -> Result<Option<Leader>, Option<String>> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Leader(key, answer));
        answered.await.map_err(|_| None)?.map_err(Some)
    }

    /// Releases everything. [`SessionManager::ended`] completes after that, at the latest after the
    /// longest drain of any work and some time for the service to answer; returns that sum.
    pub(crate) fn shut_down(&self, longest_drain: Duration) -> Duration {
        let within = longest_drain.max(DRAIN) + RELEASE_TIMEOUT;
        self.send(Command::Shutdown(within));
        within
    }

    /// Releases everything, and cuts all drains short.
    pub(crate) fn hurry(&self) {
        self.send(Command::Hurry);
    }

    /// Whether everything is released, or nothing more can be.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.has_changed().is_err()
    }

    /// Waits until everything is released, or nothing more can be. Cancel safe.
    pub(crate) async fn ended(&self) {
        while self.ended.clone().changed().await.is_ok() {}
    }

    /// Creates a manager without a driver: the test plays its part.
    #[cfg(test)]
    pub(super) fn staged(
        layout: SharedLayout,
        trust: Arc<Trust>,
        commands: mpsc::UnboundedSender<Command>,
        ended: watch::Receiver<()>,
    ) -> Arc<Self> {
        let (liveness, claims) = (Arc::new(DriverLiveness::new()), Mutex::default());
        Arc::new(Self { layout, trust, liveness, commands, claims, ended })
    }

    /// Drops a claim. Returns the role of the process at that moment if the claim was the last.
    fn unclaim(&self, key: KeyId) -> Option<Role> {
        let mut claims = self.claims();
        let claimed = claims.get_mut(&key)?;
        claimed.claims -= 1;
        if claimed.claims > 0 {
            return None;
        }
        self.send(Command::Withdraw(key));
        // under the lock: nobody has claimed the key anew, so the role is of no later term
        Some(*claimed.gate.subscribe().borrow())
    }

    fn send(&self, command: Command) {
        // a driver that has ended has released everything
        let _ = self.commands.send(command);
    }

    fn claims(&self) -> MutexGuard<'_, BTreeMap<KeyId, Claimed>> {
        self.claims.lock()
    }
}

impl Drop for SessionManager {
    fn drop(&mut self) {
        self.shut_down(DRAIN);
    }
}

impl Claim {
    pub(crate) const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Gives the key to another node, where this one leads it.
    pub(crate) fn step_down(&self) {
        self.manager.step_down(&self.gate);
    }

    /// Drops the claim. Returns the role of the process at that moment if the claim was the last.
    pub(crate) fn give_up(mut self) -> Option<Role> {
        self.is_held = false;
        self.manager.unclaim(self.gate.key())
    }

    pub(crate) fn key(&self) -> String {
        self.manager.layout.read().key(self.gate.key()).to_owned()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_held {
            self.manager.unclaim(self.gate.key());
        }
    }
}
