//! The lock manager: one session for the process, shared by every key that anything of it stands
//! for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leader_core::election::{KeyId, Pace, Term, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{Command, Driver};
use super::gate::{Gate, Reports, Standing, Trust};
use super::guard::DRAIN;
use super::pulse::{Pulse, Silence};
use super::{Leader, LockService, SharedLayout};
use crate::error::Error;
use crate::health::KeyHealth;
use crate::metrics::{Metric, TermMeter};
use crate::thread;

/// The driver's thread, seen from the rest of the process. Dropping it lets go of everything.
#[derive(Debug)]
pub(crate) struct Manager {
    layout: SharedLayout,
    trust: Arc<Trust>,
    pulse: Arc<Pulse>,
    commands: mpsc::UnboundedSender<Command>,
    claims: Mutex<BTreeMap<KeyId, Claimed>>,
    ended: watch::Receiver<()>,
}

/// The terms in which work may start, as they begin; those that are taken up again, too.
pub(crate) type Terms = mpsc::UnboundedReceiver<Term>;

/// What the service has to answer in, when the longest work has ended.
const AFTER_DRAIN: Duration = Duration::from_secs(5);

/// A key that something stands for.
#[derive(Debug)]
struct Claimed {
    gate: Gate,
    /// By so many.
    claims: usize,
}

/// One thing's wish that this process leads a key. When the last one of a key is dropped, the
/// process gives it up.
#[derive(Debug)]
pub(crate) struct Claim {
    manager: Arc<Manager>,
    gate: Gate,
    is_held: bool,
}

impl Manager {
    /// Drives a lock service from now on, and stands for every key of the layout, from which the
    /// service reads their names. `fence_base` is added to every fence.
    pub(crate) fn start(
        service: Arc<dyn LockService>,
        layout: SharedLayout,
        fence_base: u64,
    ) -> Result<(Arc<Self>, Terms), Error> {
        service.prepare()?;
        Metric::describe_all();
        if let Pace::Beats(timing) = service.pace() {
            TermMeter::promise(timing);
        }
        let (trust, Reports { drained, begun }) = Trust::new(fence_base);
        let (commands, receiver) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(());
        let gates: Vec<Gate> =
            layout.read().keys().map(|(key, name)| Gate::new(key, name, &trust)).collect();
        let claimed = |gate: &Gate| (gate.key(), Claimed { gate: gate.clone(), claims: 0 });
        let claims = Mutex::new(gates.iter().map(claimed).collect());
        let pulse = Arc::new(Pulse::new());
        let driver = Driver::new(
            service,
            layout.clone(),
            Arc::clone(&trust),
            Arc::clone(&pulse),
            gates,
            receiver,
        );
        thread::start("leader", "the lock manager", move || async move {
            // dropped at the end, also where that is a panic
            let _end = end;
            driver.run(drained).await;
        })?;
        Ok((Arc::new(Self { layout, trust, pulse, commands, claims, ended }), begun))
    }

    /// Stands for a key, from now until the claim is dropped.
    pub(crate) fn claim(self: &Arc<Self>, key: &str) -> Claim {
        let mut claims = self.claims();
        let (id, folder) = self.layout.write().add(key);
        let claimed = claims
            .entry(id)
            .or_insert_with(|| Claimed { gate: Gate::new(id, key, &self.trust), claims: 0 });
        claimed.claims += 1;
        if claimed.claims == 1 {
            // under the lock, so that keys come to the driver in the order of the layout
            let stand = Command::Stand(folder, claimed.gate.clone());
            if self.commands.send(stand).is_err() {
                claimed.gate.stop(Standing::Gone);
            }
        }
        Claim { manager: Arc::clone(self), gate: claimed.gate.clone(), is_held: true }
    }

    /// The gate of a key that something stands for, or stood for.
    pub(crate) fn gate(&self, key: &str) -> Option<Gate> {
        let id = self.layout.read().find(key)?;
        self.claims().get(&id).map(|claimed| claimed.gate.clone())
    }

    /// Every key that something stands for, or stood for.
    pub(crate) const fn layout(&self) -> &SharedLayout {
        &self.layout
    }

    /// Says what moves by itself: which keys are led, and how long they may be.
    pub(crate) fn refresh_meters(&self) {
        self.claims().values().for_each(|claimed| claimed.gate.refresh_meter());
        self.trust.refresh_meter();
    }

    /// How this process stands with every key that anything stands for.
    pub(crate) fn keys(&self) -> Vec<KeyHealth> {
        let (claims, layout) = (self.claims(), self.layout.read());
        let stood_for = claims.iter().filter(|(_, claimed)| claimed.claims > 0);
        let health = |(id, claimed): (&KeyId, &Claimed)| KeyHealth {
            key: layout.key(*id).to_owned(),
            is_leading: claimed.gate.is_leading(),
            is_past_deadline: claimed.gate.is_past_deadline(),
        };
        stood_for.map(health).collect()
    }

    /// When the driver last went round.
    pub(crate) fn last_beat(&self) -> Timestamp {
        self.pulse.last_beat()
    }

    /// Whether the service has ever answered.
    pub(crate) fn was_answered(&self) -> bool {
        self.pulse.was_answered()
    }

    /// Since when it does not, or not as it should.
    pub(crate) fn silence(&self) -> Option<Silence> {
        self.pulse.silence()
    }

    #[cfg(test)]
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Gives the key to another node, where this one leads it.
    pub(crate) fn step_down(&self, gate: &Gate) {
        self.tell(Command::StepDown(gate.key()));
    }

    /// Who leads this key; `Err` with a fault in words, or without one where the manager has ended.
    pub(crate) async fn leader(&self, key: String) -> Result<Option<Leader>, Option<String>> {
        let (answer, answered) = oneshot::channel();
        self.tell(Command::Leader(key, answer));
        answered.await.map_err(|_| None)?.map_err(Some)
    }

    /// Lets go of everything. [`Manager::ended`] comes back when that is done, or after the longest
    /// drain of any work and some time for the service to answer, which is what this returns.
    pub(crate) fn shut_down(&self, longest_drain: Duration) -> Duration {
        let within = longest_drain.max(DRAIN) + AFTER_DRAIN;
        self.tell(Command::Shutdown(within));
        within
    }

    /// The same, and ends all work that drains at once.
    pub(crate) fn hurry(&self) {
        self.tell(Command::Hurry);
    }

    /// Whether everything has been let go, or nothing more can be.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.has_changed().is_err()
    }

    /// Comes back when that is so.
    pub(crate) async fn ended(&self) {
        while self.ended.clone().changed().await.is_ok() {}
    }

    /// One without a driver, whose part the test plays.
    #[cfg(test)]
    pub(super) fn staged(
        layout: SharedLayout,
        trust: Arc<Trust>,
        commands: mpsc::UnboundedSender<Command>,
        ended: watch::Receiver<()>,
    ) -> Arc<Self> {
        let (pulse, claims) = (Arc::new(Pulse::new()), Mutex::default());
        Arc::new(Self { layout, trust, pulse, commands, claims, ended })
    }

    /// Where this was the last claim, how the process stood with the key that it gave up.
    fn unclaim(&self, key: KeyId) -> Option<Standing> {
        let mut claims = self.claims();
        let claimed = claims.get_mut(&key)?;
        claimed.claims -= 1;
        if claimed.claims > 0 {
            return None;
        }
        self.tell(Command::Withdraw(key));
        // under the lock: nobody has claimed the key anew, and no later term can be meant
        Some(*claimed.gate.standing().borrow())
    }

    fn tell(&self, command: Command) {
        // a driver that has ended has let go of everything
        let _ = self.commands.send(command);
    }

    fn claims(&self) -> std::sync::MutexGuard<'_, BTreeMap<KeyId, Claimed>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Manager {
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

    /// Drops it. Where no other claim keeps the key, how the process stood with it then.
    pub(crate) fn give_up(mut self) -> Option<Standing> {
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
