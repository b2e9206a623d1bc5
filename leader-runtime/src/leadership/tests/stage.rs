//! A session manager for tests: the test decides who leads, and until when.

use std::sync::Arc;
use std::time::Duration;

use leader_core::election::{Fence, KeyId, Layout, Term, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::leadership::SharedLayout;
use crate::leadership::driver::Command;
use crate::leadership::gate::{Gate, Reports, Role, Trust};
use crate::leadership::session_manager::{SessionManager, Terms};
use crate::log::Log;
use crate::system::clock;

/// Plays the driver's part, for one key.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) manager: Arc<SessionManager>,
    trust: Arc<Trust>,
    drained: mpsc::UnboundedReceiver<Term>,
    commands: mpsc::UnboundedReceiver<Command>,
    term: Term,
    epochs: u64,
    _end: watch::Sender<()>,
}

impl Stage {
    /// The key, without a leader at first.
    pub(crate) const KEY: &str = "test/key";

    pub(crate) fn new() -> (Self, Terms) {
        Log::print();
        let (trust, Reports { drained, begun }) = Trust::new(0);
        let (sender, commands) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(());
        let layout = SharedLayout::new(Layout::new([Self::KEY.to_owned()]));
        let manager = SessionManager::staged(layout, Arc::clone(&trust), sender, ended);
        let term = Term { key: KeyId(0), fence: Fence(0), resumptions: 0 };
        (Self { manager, trust, drained, commands, term, epochs: 0, _end: end }, begun)
    }

    /// Begins a new term, believed until something ends it.
    pub(crate) fn lead(&mut self) {
        self.term.fence.0 += 1;
        self.term.resumptions = 0;
        self.start();
    }

    /// Resumes the lapsed term.
    pub(crate) fn resume(&mut self) {
        self.term.resumptions += 1;
        self.start();
    }

    fn start(&mut self) {
        self.epochs += 1;
        self.gate().start(self.term, self.epochs);
        self.trust.set_until(Some(Timestamp::NEVER));
        self.gate().announce(self.term);
    }

    /// Confirms a beat: the term is believed for this span from now.
    pub(crate) fn believe_for(&self, span: Duration) {
        self.trust.set_until(Some(clock::now() + span));
    }

    /// Ends the term: trust has ended, or the key is lost.
    pub(crate) fn lose(&self) {
        self.gate().stop(Role::Standby);
    }

    pub(crate) fn drain(&self) {
        self.gate().drain(self.term);
    }

    /// Cuts all drains short, as the second signal does.
    pub(crate) fn hurry(&self) {
        self.gate().hurry();
    }

    /// Waits until no work of the draining term goes on, and releases the key.
    pub(crate) async fn drained(&mut self) {
        assert_eq!(self.drained.recv().await, Some(self.term));
        self.gate().stop(Role::Releasing);
        self.gate().freed();
    }

    /// Whether a step-down was requested since the last call.
    pub(crate) fn is_stepping_down(&mut self) -> bool {
        std::iter::from_fn(|| self.commands.try_recv().ok())
            .any(|command| matches!(command, Command::StepDown(_)))
    }

    /// Timeout of a shutdown that was requested since the last call.
    pub(crate) fn shuts_down_within(&mut self) -> Option<Duration> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).find_map(|command| match command {
            Command::Shutdown(within) => Some(within),
            _ => None,
        })
    }

    /// Marks a turn of the driver.
    pub(crate) fn beat(&self) {
        self.manager.liveness().mark_turn();
    }

    /// Records an answer of the service, or a fault.
    pub(crate) fn answer(&self, fault: Option<&str>) {
        self.manager.liveness().record(clock::now(), fault);
    }

    pub(crate) fn gate(&self) -> Gate {
        self.manager.gate(Self::KEY).expect("a job claims it")
    }
}
