//! The harness keeps its own promises; a test that stands on it can then blame the system.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tests::{
    Agent, Api, Cluster, Delay, MASTER_TOKEN, Node, Proxy, Signal, Way, each_consul, one_consul,
    slot, wait_until,
};

const SOON: Duration = Duration::from_secs(10);
const A_MOMENT: Duration = Duration::from_millis(150);

#[test]
fn a_dev_agent_serves_on_every_version() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        assert_eq!(agent.version(), consul.version());

        let session = api.create_session(r#"{"Name":"me","TTL":"1s","LockDelay":"0s"}"#);
        assert!(api.acquire("a b/c?", &session, "mine"));
        let entry = api.get("a b/c?").expect("it was just written");
        assert_eq!((entry.value.as_str(), entry.lock_index), ("mine", 1));
        assert_eq!(entry.session, Some(session.clone()));
        assert_eq!(api.list("a b/"), [entry]);
        let seen = api.session(&session).expect("it was just created");
        assert_eq!((seen.name.as_str(), seen.ttl.as_str()), ("me", "1s"));
        assert_eq!(seen.lock_delay, Duration::ZERO);
        assert_eq!(api.sessions(), [seen]);

        let other = api.create_session("{}");
        assert!(!api.acquire("a b/c?", &other, "theirs"));
        assert!(!api.release("a b/c?", &other));
        assert!(api.release("a b/c?", &session));
        api.destroy_session(&session);
        assert_eq!(api.session(&session), None);
        api.delete("a b/c?");
        assert_eq!(api.get("a b/c?"), None);
    });
}

#[test]
fn the_configured_agent_knows_its_master_token_and_refuses_a_wrong_one() {
    each_consul(|consul| {
        let agent = Agent::configured(consul).start();
        let wrong = MASTER_TOKEN.replace('2', "3");
        let put = |api: Api| api.request("PUT", "/v1/kv/key", "value");
        // only the master token may see tokens, so it is one
        assert_eq!(agent.api().request("GET", "/v1/acl/tokens", "").status, 200);
        assert_eq!(put(agent.api()).status, 200);
        assert_eq!(put(Api::at(&agent.addr())).status, 200, "the default policy is allow");
        let refused = put(agent.api().with_token(&wrong));
        assert_eq!(refused.status, 403, "{}", refused.body);
        let settings = agent.api().request("GET", "/v1/agent/self", "").body.replace(' ', "");
        assert!(settings.contains(r#""LogLevel":"TRACE""#), "{settings}");
    });
}

#[test]
fn an_agent_has_its_address_before_it_starts_and_keeps_it_when_it_starts_again() {
    each_consul(|consul| {
        let agent = Agent::dev(consul);
        let addr = agent.addr();
        assert!(Api::at(&addr).try_request("GET", "/v1/status/leader", "").is_err());
        let agent = agent.start();
        assert_eq!(agent.addr(), addr);

        agent.api().put("key", "value");
        agent.stop();
        assert!(agent.api().try_request("GET", "/v1/kv/key", "").is_err());
        agent.start_again();
        assert_eq!(agent.api().get("key"), None, "a dev agent forgets");
        agent.kill();
        agent.start_again();
        agent.api().put("key", "value");
    });
}

#[test]
fn a_frozen_agent_takes_connections_and_answers_when_it_is_thawed() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        agent.freeze();
        let mut client = connect(&agent.addr());
        ask(&mut client);
        assert_silent(&mut client);
        agent.thaw();
        assert_answered(&mut client);
    });
}

#[test]
fn a_cluster_elects_a_leader_and_another_when_that_is_killed() {
    each_consul(|consul| {
        let cluster = Cluster::start(consul, 1);
        let first = cluster.leader();
        cluster.clients()[0].api().put("key", "value");
        for server in cluster.servers() {
            assert_eq!(server.api().get("key").map(|entry| entry.value), Some("value".to_owned()));
        }
        cluster.servers()[first].kill();
        assert_ne!(cluster.leader(), first);
    });
}

#[test]
fn a_node_sees_nothing_of_the_environment_that_steers_it() {
    let _slot = slot();
    let node = Node::program("env").env("CONSUL_HTTP_ADDR", "here").start();
    assert!(node.wait_exit(SOON).success());
    let names: Vec<String> =
        node.lines().iter().filter_map(|l| Some(l.text.split_once('=')?.0.to_owned())).collect();
    assert!(names.contains(&"PATH".to_owned()), "{names:?}");
    let steering = |name: &&String| {
        ["CONSUL", "LEADER", "CARGO", "RUST_LOG"].iter().any(|prefix| name.starts_with(prefix))
    };
    assert_eq!(names.iter().filter(steering).collect::<Vec<_>>(), ["CONSUL_HTTP_ADDR"]);
}

#[test]
fn a_nodes_lines_carry_their_arrival_and_its_end_is_told() {
    let _slot = slot();
    let script = "trap 'echo bye >&2; exit 7' TERM; echo one; read line <fifo; echo two; \
                  while :; do read line <fifo; done";
    let node = Node::program("sh").arg("-c").arg(format!("mkfifo fifo; {script}")).start();
    let one = node.wait_line(SOON, |line| line.text == "one");
    assert!(node.started() < one.at && one.at < Instant::now());
    assert_eq!(node.lines_after(one.at), []);
    let go = Node::program("sh").arg("-c").arg(format!("echo >/proc/{}/cwd/fifo", node.pid()));
    go.start().wait_exit(SOON);
    let two = node.wait_line_after(one.at, SOON, |_| true);
    assert_eq!(two.text, "two");
    node.terminate();
    assert_eq!(node.wait_exit(SOON).code(), Some(7));
    assert_eq!(node.errors().last().map(|line| line.text.as_str()), Some("bye"));
    assert!(!node.is_up());
}

#[test]
fn a_frozen_node_does_nothing_until_it_is_thawed_and_a_killed_one_never() {
    let _slot = slot();
    let node = Node::program("sh").arg("-c").arg("while :; do echo tick; done").start();
    node.wait_line(SOON, |_| true);
    for _ in 0..2 {
        node.freeze();
        // what lay in the pipe arrives yet
        let mut seen = 0;
        wait_until("the frozen node is silent", SOON, || {
            std::mem::replace(&mut seen, node.lines().len()) == seen
        });
        node.thaw();
        node.wait_line_after(Instant::now(), SOON, |line| line.text == "tick");
    }
    node.kill();
    let said = node.lines().len();
    assert_eq!(node.wait_exit(SOON).code(), None);
    assert_eq!(node.lines().len(), said);
}

#[test]
#[should_panic(expected = "sh#")]
fn a_signal_to_a_node_that_has_ended_is_a_fault() {
    let node = Node::program("sh").arg("-c").arg("exit 0").start();
    node.wait_exit(SOON);
    node.signal(Signal::TERM);
}

#[test]
fn a_proxy_passes_all_on_and_counts_requests_and_connections() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let api = Api::at(&proxy.addr());
        let large = "x".repeat(400_000);
        api.put("large", &large);
        assert_eq!(api.get("large").map(|entry| entry.value), Some(large));
        let requests: Vec<_> =
            proxy.requests().into_iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(requests, ["PUT /v1/kv/large", "GET /v1/kv/large?consistent"]);
        assert_eq!(proxy.connections_total(), 2);
        wait_until("the connections are closed", SOON, || proxy.connections_now() == 0);
        // two requests on one connection are two
        let mut client = connect(&proxy.addr());
        for _ in 0..2 {
            ask(&mut client);
            assert_answered(&mut client);
        }
        assert_eq!((proxy.requests().len(), proxy.connections_now()), (4, 1));
        drop(client);
        wait_until("the connection is closed", SOON, || proxy.connections_now() == 0);
    });
}

#[test]
fn a_proxy_that_delays_does_so_each_way() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let api = Api::at(&proxy.addr());
        for (way, ways) in [(Way::ToServer, 1), (Way::ToClient, 1), (Way::Both, 2)] {
            proxy.delay(way, A_MOMENT);
            // each takes as long; on a busy machine, not each takes no longer
            wait_until("only the delay is added", SOON, || {
                let asked = Instant::now();
                api.put("key", "value");
                let took = asked.elapsed();
                assert!(took >= A_MOMENT * ways, "{way:?}: {took:?}");
                took < A_MOMENT * (ways + 1)
            });
            proxy.heal();
        }
    });
}

#[test]
fn a_proxy_that_is_healed_is_as_far_away_as_before() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        proxy.distance(Way::Both, Delay::Constant(A_MOMENT));
        proxy.delay(Way::ToClient, A_MOMENT);
        let took = || {
            let asked = Instant::now();
            Api::at(&proxy.addr()).put("key", "value");
            asked.elapsed()
        };
        assert!(took() >= A_MOMENT * 3);
        proxy.heal();
        wait_until("the delay is gone", SOON, || took() < A_MOMENT * 3);
        assert!(took() >= A_MOMENT * 2);
    });
}

#[test]
fn a_proxy_that_drops_answers_nothing_and_heals() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        for (way, arrives) in [(Way::ToServer, false), (Way::ToClient, true), (Way::Both, false)] {
            let (mut idle, mut used) = (connect(&proxy.addr()), connect(&proxy.addr()));
            ask(&mut idle);
            assert_answered(&mut idle);
            ask(&mut used);
            assert_answered(&mut used);

            proxy.drop_bytes(way);
            let mut new = connect(&proxy.addr());
            let key = format!("{way:?}");
            put(&mut used, &key);
            put(&mut new, "new");
            assert_silent(&mut used);
            assert_silent(&mut new);
            if arrives {
                wait_until("the request arrives", SOON, || agent.api().get(&key).is_some());
            } else {
                assert_eq!(agent.api().get(&key), None);
            }
            assert_eq!(agent.api().get("new"), None);

            proxy.heal();
            ask(&mut idle);
            assert_answered(&mut idle);
            for client in [&mut used, &mut new] {
                ask(client);
                assert_silent(client);
            }
            Api::at(&proxy.addr()).put("healed", "yes");
        }
        wait_until("all are closed", SOON, || proxy.connections_now() == 0);
    });
}

#[test]
fn a_proxy_refuses_new_connections_and_keeps_the_open_ones_until_they_are_cut() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let mut client = connect(&proxy.addr());
        ask(&mut client);
        assert_answered(&mut client);

        proxy.refuse();
        let refused = TcpStream::connect(proxy.addr()).map_err(|fault| fault.kind());
        assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
        ask(&mut client);
        assert_answered(&mut client);

        proxy.cut();
        assert_eq!(proxy.connections_now(), 0);
        let cut = client.read(&mut [0; 1]).map_err(|fault| fault.kind());
        assert_eq!(cut, Err(ErrorKind::ConnectionReset));

        proxy.heal();
        Api::at(&proxy.addr()).put("key", "value");
        agent.kill();
        assert!(Api::at(&proxy.addr()).try_request("GET", "/v1/kv/key", "").is_err());
    });
}

fn connect(addr: &str) -> TcpStream {
    TcpStream::connect(addr).expect("it listens")
}

fn ask(client: &mut TcpStream) {
    client.write_all(b"GET /v1/status/peers HTTP/1.1\r\nHost: consul\r\n\r\n").expect("it is open");
}

fn put(client: &mut TcpStream, key: &str) {
    write!(client, "PUT /v1/kv/{key} HTTP/1.1\r\nHost: consul\r\nContent-Length: 1\r\n\r\nx")
        .expect("it is open");
}

/// One answer, which is small enough to come in one piece.
fn assert_answered(client: &mut TcpStream) {
    client.set_read_timeout(Some(SOON)).expect("it is not zero");
    let mut answer = [0; 4096];
    let read = client.read(&mut answer).expect("an answer");
    assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "{:?}", answer[..read].escape_ascii());
}

fn assert_silent(client: &mut TcpStream) {
    client.set_read_timeout(Some(A_MOMENT)).expect("it is not zero");
    let read = client.read(&mut [0; 4096]).map_err(|fault| fault.kind());
    assert_eq!(read, Err(ErrorKind::WouldBlock), "it is open, and nothing comes");
}
