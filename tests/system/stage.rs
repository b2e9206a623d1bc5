//! The stage of a history: nodes, each behind a proxy of its own, which write what they do; and at
//! its end, whether what they wrote keeps the laws.

use std::cell::{Cell, Ref, RefCell};
use std::time::Duration;

use tests::history::{ALLOWANCE, History, Moment, Span, What, due};
use tests::{
    Agent, Api, Delay, Line, Node, NodeBuilder, Probe, Proxy, Way, clock, distance, stalls,
    wait_until,
};

use crate::records::SELDOM;

/// The shortest there is.
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// Maximum delay of a release: a run of the worker takes 0.4 s.
pub(crate) const LET_GO: Duration = Duration::from_millis(600);

/// Timeout far above the duration of everything here, an election of Consul's included.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) const KEYS: [&str; 2] = ["service/one", "service/two"];

/// All that plays.
pub(crate) struct Stage {
    what: String,
    pub(crate) posts: Vec<Post>,
    /// Spans in which every node's count may start again: a session is destroyed, and its keys are
    /// closed for the lock delay; or an agent is thawed, and carries out old requests of a leader,
    /// perhaps a heartbeat.
    set_back: RefCell<Vec<Span>>,
}

/// A place with one node at a time.
pub(crate) struct Post {
    pub(crate) proxy: Proxy,
    args: &'static [&'static str],
    /// That of its next node.
    pub(crate) lease: Cell<Duration>,
    probe: Probe,
    nodes: RefCell<Vec<Node>>,
    /// When there was none, or it was frozen.
    away: RefCell<Vec<Span>>,
    away_since: Cell<Option<Moment>>,
}

impl Stage {
    /// One node for each of these addresses of Consul; the first leads, the others stand by.
    #[track_caller]
    pub(crate) fn set(what: &str, addrs: &[String]) -> Self {
        Self::of(what, addrs, &[])
    }

    /// Begins a scene with nodes that are started with these arguments.
    #[track_caller]
    pub(crate) fn of(what: &str, addrs: &[String], args: &'static [&'static str]) -> Self {
        Self::begun(what, addrs.iter().map(|addr| Post::at(addr, args, LEASE)).collect())
    }

    /// One node at this address for each of these leases.
    #[track_caller]
    pub(crate) fn leased(what: &str, addr: &str, leases: &[Duration]) -> Self {
        Self::begun(what, leases.iter().map(|lease| Post::at(addr, &[], *lease)).collect())
    }

    #[track_caller]
    fn begun(what: &str, posts: Vec<Post>) -> Self {
        let stage = Self { what: what.to_owned(), posts, set_back: RefCell::default() };
        stage.posts[0].start();
        stage.posts[0].wait_to_lead();
        stage.posts[1..].iter().for_each(Post::start);
        stage.posts[1..].iter().for_each(Post::wait_to_stand_by);
        stage
    }

    /// The one that leads, with a run under way, and the other of two.
    pub(crate) fn roles(&self) -> (&Post, &Post) {
        assert_eq!(self.posts.len(), 2);
        let since = Moment::now();
        let working = || self.posts.iter().position(|post| post.is_working(since));
        wait_until("one of them leads", SOON, || working().is_some());
        let leader = working().expect("it has just been seen");
        self.is_undisputed();
        (&self.posts[leader], &self.posts[1 - leader])
    }

    /// Every key is led, by whomever.
    #[track_caller]
    pub(crate) fn is_led(&self) {
        let since = Moment::now();
        let led = |key| self.posts.iter().any(|post| post.believes(key, since));
        wait_until("every key is led", SOON, || KEYS.into_iter().all(led));
    }

    /// Destroys a session, as an operator does.
    pub(crate) fn destroy(&self, api: &Api, session: &str) {
        // of a Consul that does not serve, nothing is destroyed; or it is, and does not say so
        self.set_back(|| {
            drop(api.try_request("PUT", &format!("/v1/session/destroy/{session}"), ""))
        });
    }

    /// Lets a frozen agent or server run on.
    #[track_caller]
    pub(crate) fn thaw(&self, agent: &Agent) {
        self.set_back(|| agent.thaw());
    }

    #[track_caller]
    fn set_back(&self, act: impl FnOnce()) {
        let from = Moment::now();
        act();
        self.set_back.borrow_mut().push(Span { from, until: Moment::now() });
    }

    /// Before a scene goes on with two leaders, and fails for a reason that says less.
    #[track_caller]
    fn is_undisputed(&self) {
        let disputes = self.history().disputes();
        assert!(disputes.is_empty(), "{}: {disputes:#?}", self.what);
    }

    /// The post leads every key, `within` this of that.
    #[track_caller]
    pub(crate) fn follows(&self, post: &Post, since: Moment, within: Duration, why: &str) {
        let led = || KEYS.map(|key| post.gained(key, since));
        wait_until(why, SOON, || led().iter().all(Option::is_some));
        let [one, two] = led();
        let led = one.max(two).expect("both are led");
        self.tell(&format!("{why}, then led after {:.3?}", led - since));
        let due = due(since, within + self.detour(), &post.hindered());
        self.is_undisputed();
        assert!(led <= due, "{why}: led at {led:?}, {:?} after it, due by {due:?}", led - since);
    }

    /// As [`follows`](Self::follows), within the lease.
    #[track_caller]
    pub(crate) fn takes(&self, post: &Post, since: Moment, why: &str) {
        self.follows(post, since, LEASE + ALLOWANCE, why);
    }

    /// Every node lets go and ends; what all of them wrote keeps the laws.
    #[track_caller]
    pub(crate) fn close(&self) {
        self.close_within(LEASE + ALLOWANCE);
    }

    /// Every node that is there lets go and ends.
    #[track_caller]
    pub(crate) fn end(&self) {
        for post in &self.posts {
            if post.away_since.get().is_none() {
                post.terminate();
            }
        }
    }

    /// As [`close`](Self::close), where another may lead so long after a leader's last sign.
    #[track_caller]
    pub(crate) fn close_within(&self, within: Duration) {
        let mut hindered: Vec<Vec<Span>> = self.posts.iter().map(Post::hindered).collect();
        hindered.iter_mut().for_each(|spans| spans.extend(&*self.set_back.borrow()));
        if !self.detour().is_zero() {
            // One that freezes may have been granted a key just before, and not have heard of it: the
            // others count from its last beat, which shows in no history.
            let begins = |span: &Span| Span { from: span.from, until: span.from };
            let begun: Vec<Span> = hindered.iter().flatten().map(begins).collect();
            hindered.iter_mut().for_each(|spans| spans.extend(&begun));
        }
        let end = Moment::now();
        self.end();
        let history = self.history();
        let unserved: Vec<usize> = hindered.iter().map(Vec::len).collect();
        self.tell(&format!(
            "{:?} terms, {} events, longest pause {:.3?}, hindered {unserved:?} times",
            KEYS.map(|key| history.terms(key).len()),
            history.records.iter().map(|record| record.events.len()).sum::<usize>(),
            history.longest_pause(),
        ));
        assert!(KEYS.iter().all(|key| !history.terms(key).is_empty()), "{}: nobody led", self.what);
        let mut faults = history.violations();
        faults.extend(history.delays(within + self.detour(), &hindered, end));
        assert!(faults.is_empty(), "{}: {faults:#?}", self.what);
    }

    /// Time that a far Consul adds to a takeover: the answers that show the last beat and grant the key.
    fn detour(&self) -> Duration {
        self.posts.iter().map(|post| 2 * distance(post.lease.get())).max().unwrap_or_default()
    }

    /// The histories of all nodes so far.
    pub(crate) fn history(&self) -> History {
        let records = self
            .posts
            .iter()
            .flat_map(|post| post.nodes.borrow().iter().map(Node::record).collect::<Vec<_>>());
        History { records: records.collect() }
    }

    /// Prints a figure.
    pub(crate) fn tell(&self, figure: &str) {
        println!("{}: {figure}", self.what);
    }
}

impl Post {
    fn at(addr: &str, args: &'static [&'static str], lease: Duration) -> Self {
        let proxy = Proxy::to(addr);
        let away = distance(lease);
        proxy.distance(Way::Both, Delay::Constant(away / 2));
        // half of what a node gives a beat, so that what is just quick enough for a node is not
        // for us
        let probe = Probe::through(&proxy.addr(), away + lease / 16);
        let away_since = Cell::new(Some(Moment::START));
        let (nodes, away) = Default::default();
        Self { proxy, args, lease: Cell::new(lease), probe, nodes, away, away_since }
    }

    /// The one that is there, or was the last.
    pub(crate) fn node(&self) -> Ref<'_, Node> {
        Ref::map(self.nodes.borrow(), |nodes| nodes.last().expect("one was started"))
    }

    /// A new node. It may be a while until it has a session.
    #[track_caller]
    pub(crate) fn start(&self) {
        let worker = Node::example("worker")
            .env("CONSUL_HTTP_ADDR", self.proxy.addr())
            .env("LEADER_LEASE", format!("{}s", self.lease.get().as_secs()));
        let mut worker = self.args.iter().fold(worker, NodeBuilder::arg);
        if self.args.contains(&"records") && !distance(self.lease.get()).is_zero() {
            let every = format!("{}s", SELDOM.as_secs());
            for job in ["ONCE", "AGAIN"] {
                worker = worker.env(&format!("LEADER_JOB_{job}_EVERY"), &every);
            }
        }
        let node = worker.start();
        node.wait_error_line(SOON, |line| line.text.contains(" stands for "));
        self.nodes.borrow_mut().push(node);
        self.is_back();
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) -> Moment {
        let since = self.is_away();
        self.node().kill();
        since
    }

    /// SIGTERM, and waits for its end.
    #[track_caller]
    pub(crate) fn terminate(&self) -> Moment {
        let since = self.is_away();
        self.node().terminate();
        assert!(self.node().wait_exit(SOON).success());
        since
    }

    /// SIGSTOP.
    #[track_caller]
    pub(crate) fn freeze(&self) -> Moment {
        let since = self.is_away();
        self.node().freeze();
        since
    }

    /// SIGCONT.
    #[track_caller]
    pub(crate) fn thaw(&self) {
        self.node().thaw();
        self.is_back();
    }

    pub(crate) fn wait_to_lead(&self) {
        wait_until("it leads", SOON, || self.leads());
    }

    /// Until it has seen who leads.
    #[track_caller]
    pub(crate) fn wait_to_stand_by(&self) {
        self.node().wait_error_line(SOON, |line| line.text.contains("standing by"));
    }

    /// Whether it leads every key, by its log.
    pub(crate) fn leads(&self) -> bool {
        let lines = self.node().errors();
        let turns = |line: &&Line| clock::begins_to_lead(line) || clock::lost_the_lead(line);
        KEYS.iter().all(|key| {
            let of_key = |line: &&Line| line.text.contains(&format!("key=\"{key}\""));
            lines.iter().rev().filter(of_key).find(turns).is_some_and(clock::begins_to_lead)
        })
    }

    /// Whether it leads every key, and the long run has gone on since then.
    fn is_working(&self, since: Moment) -> bool {
        let long = |what: &What| matches!(what, What::Works(run) if run.job == "long");
        self.leads()
            && self.node().record().events.iter().any(|event| event.at > since && long(&event.what))
    }

    /// Whether it has believed that it leads the key since then.
    fn believes(&self, key: &str, since: Moment) -> bool {
        let record = self.node().record();
        record.events.iter().any(|event| {
            event.at > since && event.what.believed().is_some_and(|lead| lead.key == key)
        })
    }

    /// When it came to lead this key after that.
    fn gained(&self, key: &str, since: Moment) -> Option<Moment> {
        let record = self.node().record();
        let gained = record.events.iter().find(|event| {
            event.at > since && matches!(&event.what, What::Gains(lead) if lead.key == key)
        });
        gained.map(|event| event.at)
    }

    /// When its node could not have led.
    pub(crate) fn hindered(&self) -> Vec<Span> {
        let mut spans = self.away.borrow().clone();
        spans.extend(arrivals(&self.nodes.borrow()));
        spans.extend(self.away_since.get().map(|from| Span { from, until: Moment::NEVER }));
        spans.extend(self.probe.unserved());
        spans.extend(stalls());
        // one that is back asks whether it is heard, and reads its keys, before it counts
        let more = 2 * distance(self.lease.get());
        spans.iter_mut().for_each(|span| span.until = span.until + more);
        spans
    }

    fn is_away(&self) -> Moment {
        let now = Moment::now();
        self.away_since.set(self.away_since.get().or(Some(now)));
        now
    }

    fn is_back(&self) {
        if let Some(from) = self.away_since.take() {
            self.away.borrow_mut().push(Span { from, until: Moment::now() });
        }
    }
}

/// Until a node has a session and has read its keys, which it tries more and more seldom where
/// Consul does not serve it, it owes nothing.
fn arrivals(nodes: &[Node]) -> impl Iterator<Item = Span> {
    let stands = |line: &Line| clock::begins_to_lead(line) || line.text.contains("standing by");
    nodes.iter().enumerate().map(move |(number, node)| {
        let stands = node.errors().into_iter().find(stands).map(|line| line.at);
        let until = stands.or_else(|| Some(nodes.get(number + 1)?.started()));
        Span { from: node.started().into(), until: until.map_or(Moment::NEVER, Moment::from) }
    })
}
