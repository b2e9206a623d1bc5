//! The stage of every scene: a leader on one machine, a standby on another.

use std::env;
use std::time::{Duration, Instant};

use tests::history::{Event, History, Moment};
use tests::{
    Agent, Consul, Cut, Delay, Lan, Machine, Node, Proxy, Way, clock, distance, each_consul,
    wait_until,
};

/// Far beyond what anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How much later than the lease another may lead.
const GRACE: Duration = Duration::from_millis(50);

pub(crate) struct Scene {
    version: String,
    pub(crate) lease: Duration,
    pub(crate) leader: Node,
    pub(crate) standby: Node,
    /// How long there and back takes.
    away: Duration,
    _ways: Vec<Proxy>,
    pub(crate) lan: Lan,
}

/// Plays a scene at every lease on every Consul at hand; whatever it is, what the nodes wrote keeps
/// the laws.
#[track_caller]
pub(crate) fn play(scene: impl Fn(&Scene)) {
    let leases = env::var("MACHINES_LEASES").unwrap_or_else(|_| "2s".to_owned());
    each_consul(|consul| {
        for lease in leases.split_whitespace() {
            let stage = Scene::set(consul, lease);
            scene(&stage);
            stage.close();
        }
    });
}

impl Scene {
    #[track_caller]
    fn set(consul: &Consul, lease: &str) -> Self {
        let lan = Lan::start(consul);
        let seconds: u64 = lease.trim_end_matches('s').parse().expect("a lease in seconds");
        let away = distance(Duration::from_secs(seconds));
        let ways = lan.machines().iter().map(|machine| {
            let proxy = Proxy::on(machine, &machine.addr());
            proxy.distance(Way::Both, Delay::Constant(away / 2));
            proxy
        });
        let ways: Vec<Proxy> = ways.collect();
        let worker_on = |number: usize| {
            let machine = &lan.machines()[number];
            let addr = if away.is_zero() { machine.addr() } else { ways[number].addr() };
            let node = Node::example("worker").on(machine);
            node.env("CONSUL_HTTP_ADDR", addr).env("LEADER_LEASE", lease).start()
        };
        let leader = worker_on(0);
        leader.wait_error_line(SOON, clock::begins_to_lead);
        let standby = worker_on(1);
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        wait_until("the leader works", SOON, || believes(&leader, Moment::START));
        Self {
            version: consul.version().to_owned(),
            lease: Duration::from_secs(seconds),
            away,
            leader,
            standby,
            _ways: ways,
            lan,
        }
    }

    /// The leader's.
    pub(crate) fn machine(&self) -> &Machine {
        &self.lan.machines()[0]
    }

    /// On the leader's machine.
    pub(crate) fn agent(&self) -> &Agent {
        &self.lan.agents()[0]
    }

    /// The leader's machine dies, with all its processes.
    pub(crate) fn kill_machine(&self) -> Instant {
        let died = Instant::now();
        // first of all, so that no dying process says goodbye
        self.machine().cut(Cut::Cable);
        self.leader.kill();
        self.agent().kill();
        died
    }

    /// One eighth less than the lease, which is how long Consul keeps the locks of a session that
    /// was ended closed.
    pub(crate) fn lock_delay(&self) -> Duration {
        self.lease * 7 / 8
    }

    /// When the leader says that it leads no longer.
    #[track_caller]
    pub(crate) fn leader_stops(&self, since: Instant) -> Instant {
        self.leader.wait_error_line(SOON, |line| line.at > since && clock::lost_the_lead(line)).at
    }

    /// When the leader says this.
    #[track_caller]
    pub(crate) fn leader_says(&self, text: &str, since: Instant) -> Instant {
        self.leader.wait_error_line(SOON, |line| line.at > since && line.text.contains(text)).at
    }

    /// When the leader has an answer of Consul again.
    #[track_caller]
    pub(crate) fn leader_is_answered(&self, since: Instant) -> Instant {
        self.leader_says(" answers", since)
    }

    /// When the standby says that it leads.
    #[track_caller]
    pub(crate) fn standby_leads(&self) -> Instant {
        self.standby.wait_error_line(SOON, clock::begins_to_lead).at
    }

    /// The standby leads within the lease, and `more`, of this.
    #[track_caller]
    pub(crate) fn standby_leads_in_time(&self, since: Instant, more: Duration) -> Instant {
        let led = self.standby_leads();
        // the answer that shows the last beat, and the one that grants the key
        let (took, within) = (led - since, self.lease + more + 2 * self.away + GRACE);
        assert!(took <= within, "led after {took:?}, which is more than {within:?}");
        led
    }

    /// The one that led stands by for two leases, in which the other leads.
    #[track_caller]
    pub(crate) fn leader_stands_by(&self, since: Instant) {
        let since = Moment::from(since);
        wait_until("the other leads on", SOON, || believes(&self.standby, since + 2 * self.lease));
        assert!(!believes(&self.leader, since), "{} leads as well", self.leader.name());
    }

    /// One of the two leads, whichever.
    #[track_caller]
    pub(crate) fn is_led(&self, since: Instant) {
        let (nodes, since) = ([&self.leader, &self.standby], Moment::from(since));
        wait_until("one of them leads", SOON, || nodes.iter().any(|node| believes(node, since)));
    }

    /// How often the leader stopped believing, and whether the other has led.
    pub(crate) fn turns(&self) -> String {
        let stops = self.leader.errors().iter().filter(|line| clock::lost_the_lead(line)).count();
        let moved = self.standby.errors().iter().any(clock::begins_to_lead);
        format!("stopped believing {stops} times, moved: {moved}")
    }

    /// Both let go and end, those that live; no two ever led at once.
    #[track_caller]
    fn close(&self) {
        let nodes = [&self.leader, &self.standby];
        for node in nodes.iter().filter(|node| node.is_up()) {
            node.terminate();
            assert!(node.wait_exit(SOON).success());
        }
        let history = History { records: nodes.map(Node::record).into() };
        assert_eq!(history.violations(), [""; 0]);
    }

    /// Prints a figure.
    pub(crate) fn tell(&self, what: &str) {
        println!("{}: lease {:?}: {what}", self.version, self.lease);
    }
}

/// Whether it has believed that it leads since then.
fn believes(node: &Node, since: Moment) -> bool {
    let sign = |event: &Event| event.at > since && event.what.believed().is_some();
    node.record().events.iter().any(sign)
}
