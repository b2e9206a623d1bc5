//! Beside Consul's own tools on one key: they and ours never lead together, and ours takes nothing
//! from them.

use std::time::{Duration, Instant};

use leader_runtime::{Lock, LockManager, Settings};
use tests::{
    Agent, Consul, GoLock, Node, NodeBuilder, Proxy, clock, consul_lock, each_consul, has_the_lock,
    wait_until,
};
use tokio::runtime::Runtime;

const SOON: Duration = Duration::from_secs(10);
const KEY: &str = "service/clock";
const AT_ONCE: Duration = Duration::from_millis(100);

/// Runs a test on every Consul, where Go is at hand.
fn beside_go(test: impl Fn(&Consul, GoLock)) {
    if let Some(go) = GoLock::at_hand() {
        each_consul(|consul| test(consul, go));
    }
}

fn clock_on(agent: &Agent, lease: &str) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr()).env("LEADER_LEASE", lease)
}

fn leader_on(agent: &Agent, lease: &str) -> Node {
    let node = clock_on(agent, lease).start();
    node.wait_error_line(SOON, clock::took_the_lead);
    node
}

/// Starts a tool of Consul's through a proxy, and returns once it waits for the key.
fn waiting(agent: &Agent, key: &str, tool: impl Fn(&str) -> NodeBuilder) -> (Proxy, Node) {
    let proxy = Proxy::to(&agent.addr());
    let node = tool(&proxy.addr()).start();
    wait_until("it waits for the key", SOON, || {
        let waits = |path: &str| path.contains(key) && path.contains("index=");
        proxy.requests().iter().any(|request| waits(&request.path))
    });
    (proxy, node)
}

fn texts(node: &Node) -> Vec<String> {
    let first = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
    node.lines().into_iter().map(|line| first(line.text)).collect()
}

#[test]
fn the_go_client_leads_for_as_long_as_it_lives_and_ours_within_100_ms_of_its_unlock() {
    beside_go(|consul, go| {
        let agent = Agent::dev(consul).start();
        let theirs = go.on(&agent.addr(), KEY).start();
        theirs.wait_line(SOON, has_the_lock);
        let held = agent.api().get(KEY).expect("it is held");
        let ours = clock_on(&agent, "1s").start();
        let first = ours.wait_line(SOON, clock::stands_by).at;
        let mut at = first;
        // more than three leases, in any of which a silent leader of ours would be taken from
        while at - first <= Duration::from_secs(3) {
            at = ours.wait_line_after(at, SOON, clock::stands_by).at;
        }
        assert_eq!(agent.api().get(KEY), Some(held), "it was touched");

        let told = Instant::now();
        theirs.terminate();
        let led = ours.wait_error_line(SOON, clock::took_the_lead).at;
        assert!(theirs.wait_exit(SOON).success());
        println!("{}: Go SIGTERM, then ours led after {:?}", consul.version(), led - told);
        assert!(told < led && led - told < AT_ONCE);
        assert_eq!(texts(&theirs), ["lock", "unlocked"]);
        ours.wait_line_after(led, SOON, clock::leads);
    });
}

#[test]
fn the_go_client_waits_for_as_long_as_ours_leads_and_leads_at_once_when_ours_leaves() {
    beside_go(|consul, go| {
        let agent = Agent::dev(consul).start();
        let ours = leader_on(&agent, "1s");
        let (_proxy, theirs) = waiting(&agent, KEY, |addr| go.on(addr, KEY));
        let first = ours.wait_line_after(Instant::now(), SOON, clock::leads).at;
        ours.wait_line_after(first, SOON, clock::leads);
        assert_eq!(texts(&theirs), [""; 0]);

        let told = Instant::now();
        ours.terminate();
        let led = theirs.wait_line(SOON, has_the_lock).at;
        assert!(ours.wait_exit(SOON).success());
        println!("{}: ours SIGTERM, then Go led after {:?}", consul.version(), led - told);
        assert!(told < led && led - told < AT_ONCE);
        assert!(ours.lines().iter().all(clock::leads), "{:?}", ours.lines());
    });
}

#[test]
fn a_go_client_that_is_killed_is_not_taken_from_before_consuls_own_rules_free_its_key() {
    beside_go(|consul, go| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        // Consul ends a session after twice its TTL: the defaults, 15 s each, would take 45 s
        let theirs = go.on(&agent.addr(), KEY).arg("-ttl=2s").arg("-delay=1s").start();
        theirs.wait_line(SOON, has_the_lock);
        let session = api.get(KEY).and_then(|lock| lock.session).expect("it is held");
        let ours = clock_on(&agent, "1s").start();
        ours.wait_line(SOON, clock::stands_by);

        let died = Instant::now();
        theirs.kill();
        let mut alive = died;
        wait_until("its session ends", SOON, || {
            let asked = Instant::now();
            let ended = api.session(&session).is_none();
            alive = if ended { alive } else { asked };
            ended
        });
        let led = ours.wait_error_line(SOON, clock::took_the_lead).at;
        println!(
            "{}: Go SIGKILL, its session ended after {:?}, ours led {:?} later",
            consul.version(),
            alive - died,
            led - alive
        );
        assert_eq!(texts(&theirs), ["lock"]);
        // two of our leases went by, and then the lock delay
        assert!(alive - died > Duration::from_secs(2));
        assert!(led - alive >= Duration::from_secs(1), "within the lock delay");
        assert!(led - alive < Duration::from_millis(1_500));
    });
}

#[test]
fn a_leader_of_ours_that_is_killed_is_followed_by_ours_and_not_by_a_go_client_that_waits() {
    beside_go(|consul, go| {
        let agent = Agent::dev(consul).start();
        let lease = Duration::from_secs(2);
        let leader = leader_on(&agent, "2s");
        let (_proxy, theirs) = waiting(&agent, KEY, |addr| go.on(addr, KEY));
        let standby = clock_on(&agent, "2s").start();
        standby.wait_line(SOON, clock::stands_by);

        let died = Instant::now();
        leader.kill();
        let led = standby.wait_error_line(SOON, clock::took_the_lead).at;
        println!("{}: ours SIGKILL, then ours led after {:?}", consul.version(), led - died);
        assert!(led - died <= lease + Duration::from_millis(50), "{:?}", led - died);
        standby.wait_line_after(led, SOON, clock::leads);

        let told = Instant::now();
        standby.terminate();
        let lock = theirs.wait_line(SOON, has_the_lock);
        assert!(lock.at > told, "it had the lock while ours led");
        assert_eq!(texts(&theirs), ["lock"]);
    });
}

/// A lock by hand on the key that `consul lock interop` locks, and its way to Consul.
struct Ours {
    manager: LockManager,
    lock: Lock,
    proxy: Proxy,
}

impl Ours {
    fn on(agent: &Agent) -> Self {
        let proxy = Proxy::to(&agent.addr());
        let settings = Settings::new().consul(&proxy.addr()).lease("1s");
        let manager = LockManager::new(&settings).expect("the settings are right");
        let lock = manager.lock("interop/.lock").expect("a key");
        Self { manager, lock, proxy }
    }

    /// How often it has asked for a beat, once a lease where the holder has none (`GET`), or has
    /// beaten itself, eight times a lease (`PUT`).
    fn beats(&self, method: &str) -> usize {
        let requests = self.proxy.requests();
        requests.iter().filter(|r| r.method == method && r.path.contains("/beats/")).count()
    }
}

#[test]
fn consul_lock_holds_its_key_for_as_long_as_it_lives_and_ours_leads_when_it_ends() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let theirs = consul_lock(consul, &agent.addr(), "interop").start();
        theirs.wait_line(SOON, has_the_lock);
        let held = agent.api().get("interop/.lock").expect("it is held");
        let ours = Ours::on(&agent);
        wait_until("three leases", SOON, || ours.beats("GET") > 3);
        assert!(!ours.lock.is_leading());
        assert_eq!(agent.api().get("interop/.lock"), Some(held), "it was touched");

        let told = Instant::now();
        theirs.terminate();
        wait_until("ours leads", SOON, || ours.lock.is_leading());
        let led = Instant::now();
        let unlocked = theirs.wait_line(SOON, |line| line.text == "unlocked").at;
        assert!(theirs.wait_exit(SOON).success());
        println!(
            "{}: `consul lock` SIGTERM, its child ended after {:?}, then ours led after {:?}",
            consul.version(),
            unlocked - told,
            led - unlocked
        );
        assert!(unlocked < led);
        // it deletes its key as it leaves, which may come between our look and our acquisition
        assert!(led - unlocked < Duration::from_millis(500));
        assert_eq!(texts(&theirs), ["lock", "unlocked"]);
        let lock = agent.api().get("interop/.lock").expect("it was deleted while ours led");
        assert!(ours.lock.is_leading() && lock.session.is_some());
        Runtime::new().expect("a runtime").block_on(ours.manager.shutdown());
    });
}

#[test]
fn consul_lock_waits_for_as_long_as_ours_leads_and_starts_its_child_when_ours_releases() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let ours = Ours::on(&agent);
        wait_until("ours leads", SOON, || ours.lock.is_leading());
        let term = ours.lock.term();
        let (_proxy, theirs) =
            waiting(&agent, "interop/.lock", |addr| consul_lock(consul, addr, "interop"));
        let beats = ours.beats("PUT");
        wait_until("three leases", SOON, || ours.beats("PUT") > beats + 24);
        assert_eq!(ours.lock.term(), term, "it is one term");
        assert_eq!(texts(&theirs), [""; 0]);

        let released = Instant::now();
        Runtime::new().expect("a runtime").block_on(ours.lock.release());
        let led = theirs.wait_line(SOON, has_the_lock).at;
        let after = led - released;
        println!("{}: ours released, `consul lock` had it after {after:?}", consul.version());
        assert!(released < led && after < Duration::from_millis(500), "{after:?}");
    });
}
