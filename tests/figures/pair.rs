//! Two machines with a clock each, of which one leads: what is done to it, and when the other leads.

use std::thread;
use std::time::{Duration, Instant};

use tests::{Chance, Cut, Lan, Line, Node, clock};

/// Far beyond what anything here takes.
const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Pair<'a> {
    lan: &'a Lan,
    lease: Duration,
    nodes: [Node; 2],
    /// Which of them leads.
    leads: usize,
    chance: Chance,
}

/// The failure of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// SIGKILL of its process.
    Killed,
    /// Its machine, with all that runs on it.
    Machine,
    /// Its machine's cable is pulled.
    CutOff,
}

/// The measured takeover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Takeover {
    /// Time from the failure to the next leader.
    pub(crate) led: Duration,
    /// How long both said that they lead.
    pub(crate) both: Duration,
}

impl<'a> Pair<'a> {
    /// Starts both; the first leads.
    pub(crate) fn start(lan: &'a Lan, lease: Duration, seed: u64) -> Self {
        let first = clock_on(lan, 0, lease);
        first.wait_error_line(SOON, clock::took_the_lead);
        let second = clock_on(lan, 1, lease);
        let pair = Self { lan, lease, nodes: [first, second], leads: 0, chance: Chance::new(seed) };
        pair.wait_standby(pair.nodes[1].started());
        pair
    }

    /// Does this to the leader at a random moment; the other leads, and the one that led stands by
    /// again at the end.
    pub(crate) fn play(&mut self, death: Death) -> Takeover {
        thread::sleep(self.chance.span(Duration::ZERO..self.lease / 2));
        let old = self.leads;
        let (machine, agent) = (&self.lan.machines()[old], &self.lan.agents()[old]);
        let died = Instant::now();
        match death {
            Death::Killed => self.nodes[old].kill(),
            Death::Machine => {
                // first of all, so that no dying process says goodbye
                machine.cut(Cut::Cable);
                self.nodes[old].kill();
                agent.kill();
            }
            Death::CutOff => machine.cut(Cut::Cable),
        }
        self.leads = 1 - old;
        let led = after(&self.nodes[self.leads], died, clock::took_the_lead);
        let mut both = Duration::ZERO;
        if death == Death::CutOff {
            let stopped = after(&self.nodes[old], died, clock::lost_the_lead);
            both = stopped.saturating_duration_since(led);
        }
        let back = Instant::now();
        if death != Death::Killed {
            machine.mend();
        }
        if death == Death::Machine {
            agent.start_again();
        }
        if death != Death::CutOff {
            self.nodes[old] = clock_on(self.lan, old, self.lease);
        }
        self.wait_standby(back);
        Takeover { led: led - died, both }
    }

    /// Waits until the one that does not lead knows who does.
    fn wait_standby(&self, since: Instant) {
        let knows = |line: &Line| line.text.contains(" standing by ");
        after(&self.nodes[1 - self.leads], since, knows);
    }
}

fn clock_on(lan: &Lan, machine: usize, lease: Duration) -> Node {
    let machine = &lan.machines()[machine];
    let lease = format!("{}s", lease.as_secs());
    let node = Node::example("clock").on(machine);
    node.env("CONSUL_HTTP_ADDR", machine.addr()).env("LEADER_LEASE", lease).start()
}

fn after(node: &Node, since: Instant, said: impl Fn(&Line) -> bool) -> Instant {
    node.wait_error_line(SOON, |line| line.at > since && said(line)).at
}
