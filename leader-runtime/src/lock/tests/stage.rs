//! The lock manager in a test, which says itself who leads and until when.

use std::sync::Arc;
use std::time::Duration;

use leader_core::election::{Fence, KeyId, Layout, Term, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::lock::SharedLayout;
use crate::lock::driver::Command;
use crate::lock::gate::{Gate, Reports, Standing, Trust};
use crate::lock::manager::{Manager, Terms};

/// Plays the driver's part, for one key.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) manager: Arc<Manager>,
    trust: Arc<Trust>,
    drained: mpsc::UnboundedReceiver<Term>,
    commands: mpsc::UnboundedReceiver<Command>,
    term: Term,
    stints: u64,
    _end: watch::Sender<()>,
}

impl Stage {
    /// The key, which nobody leads yet.
    pub(crate) const KEY: &str = "test/key";

    pub(crate) fn new() -> (Self, Terms) {
        let (trust, Reports { drained, begun }) = Trust::new(0);
        let (sender, commands) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(());
        let layout = SharedLayout::new(Layout::new([Self::KEY.to_owned()]));
        let manager = Manager::staged(layout, Arc::clone(&trust), sender, ended);
        let term = Term { key: KeyId(0), fence: Fence(0), stint: 0 };
        (Self { manager, trust, drained, commands, term, stints: 0, _end: end }, begun)
    }

    /// A new term, believed until something ends it.
    pub(crate) fn lead(&mut self) {
        self.term.fence.0 += 1;
        self.term.stint = 0;
        self.start();
    }

    /// The lapsed term is taken up again.
    pub(crate) fn resume(&mut self) {
        self.term.stint += 1;
        self.start();
    }

    fn start(&mut self) {
        self.stints += 1;
        self.gate().start(self.term, self.stints);
        self.trust.set_until(Some(Timestamp::NEVER));
        self.gate().announce(self.term);
    }

    /// A beat came through: this process is believed for so long from now.
    pub(crate) fn believe_for(&self, span: Duration) {
        self.trust.set_until(Some(clock::now() + span));
    }

    /// Trust has ended, or the key is lost.
    pub(crate) fn lose(&self) {
        self.gate().stop(Standing::By);
    }

    pub(crate) fn drain(&self) {
        self.gate().drain(self.term);
    }

    /// The second signal.
    pub(crate) fn hurry(&self) {
        self.gate().hurry();
    }

    /// Comes back when no work goes on of the term that drains, and releases the key.
    pub(crate) async fn drained(&mut self) {
        assert_eq!(self.drained.recv().await, Some(self.term));
        self.gate().stop(Standing::Releasing);
        self.gate().freed();
    }

    /// Whether somebody wanted to step down since this was last asked.
    pub(crate) fn is_stepping_down(&mut self) -> bool {
        std::iter::from_fn(|| self.commands.try_recv().ok())
            .any(|command| matches!(command, Command::StepDown(_)))
    }

    /// How long a shutdown may take that somebody wanted.
    pub(crate) fn shuts_down_within(&mut self) -> Option<Duration> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).find_map(|command| match command {
            Command::Shutdown(within) => Some(within),
            _ => None,
        })
    }

    /// The driver went round.
    pub(crate) fn beat(&self) {
        self.manager.pulse().beat();
    }

    /// The service answered, or this is wrong.
    pub(crate) fn answer(&self, fault: Option<&str>) {
        self.manager.pulse().hear(fault);
    }

    pub(crate) fn gate(&self) -> Gate {
        self.manager.gate(Self::KEY).expect("a job claims it")
    }
}
