//! How Consul is reached, beside TLS: sockets, proxies, tokens from files, namespaces; and that no
//! token is ever printed.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tests::{
    Agent, Api, Line, MASTER_TOKEN, Node, NodeBuilder, Proxy, clock, each_consul, slot, wait_until,
};

const SOON: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(2);
const ALL: &str =
    "key_prefix \"\" { policy = \"write\" } session_prefix \"\" { policy = \"write\" }";

fn clock_at(address: &str) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", address).env("LEADER_LEASE", "2s")
}

fn warnings(node: &Node) -> Vec<String> {
    let lines = node.errors().into_iter().map(|line| line.text);
    lines.filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).collect()
}

fn fence(line: &Line) -> Option<String> {
    Some(line.text.rsplit_once("fence=")?.1.to_owned())
}

#[test]
fn over_a_unix_socket_one_leads_and_another_takes_over_within_the_lease() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).unix_socket().start();
        let address = format!("unix://{}", agent.socket().display());
        let leader = clock_at(&address).start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = clock_at(&address).start();
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        let killed = Instant::now();
        leader.kill();
        let led = standby.wait_error_line(SOON, clock::took_the_lead).at - killed;
        println!("{}: killed, led after {led:?}", consul.version());
        assert!(led < LEASE + Duration::from_millis(150), "{led:?}");
        let third = clock_at(&address).start();
        third.wait_error_line(SOON, |line| line.text.contains("standing by"));
        let left = Instant::now();
        standby.terminate();
        let led = third.wait_error_line(SOON, clock::took_the_lead).at - left;
        println!("{}: left, led after {led:?}", consul.version());
        assert!(led < Duration::from_millis(500), "{led:?}");
        for node in [&leader, &standby, &third] {
            assert_eq!(warnings(node), [""; 0]);
        }
    });
}

/// Which requests a gateway has let pass, and which not.
#[derive(Debug, Default)]
struct Log {
    passed: Vec<String>,
    refused: Vec<String>,
}

#[derive(Clone)]
struct Gateway {
    agent: Api,
    /// The expected `Authorization` header.
    wanted: String,
    log: Arc<Mutex<Log>>,
}

/// Passes on what lies under `/consul` and comes with the right name and password.
async fn pass(State(gateway): State<Gateway>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().expect("it has a path").as_str().to_owned();
    let is_right = parts.headers.get("Authorization").is_some_and(|it| it == &*gateway.wanted);
    let inner = path.strip_prefix("/consul").filter(|_| is_right).map(str::to_owned);
    let Some(inner) = inner else {
        gateway.log.lock().expect("nobody panics").refused.push(path);
        return (StatusCode::UNAUTHORIZED, [("X-Consul-Index", "1".to_owned())], String::new());
    };
    gateway.log.lock().expect("nobody panics").passed.push(inner.clone());
    let body = axum::body::to_bytes(body, 1_000_000).await.expect("a body");
    let body = String::from_utf8(body.into()).expect("a text");
    let answer = tokio::task::spawn_blocking(move || {
        gateway.agent.try_request(parts.method.as_str(), &inner, &body)
    });
    let answer = answer.await.expect("it asks").expect("the agent answers");
    let status = StatusCode::from_u16(answer.status).expect("a status");
    let index = answer.index.unwrap_or_default().to_string();
    (status, [("X-Consul-Index", index)], answer.body)
}

/// Starts a reverse proxy before this agent; gives its address.
fn gateway(agent: &Agent, auth: &str) -> (String, Arc<Mutex<Log>>) {
    let log = Arc::<Mutex<Log>>::default();
    let wanted = format!("Basic {}", BASE64_STANDARD.encode(auth));
    let gateway = Gateway { agent: agent.api(), wanted, log: Arc::clone(&log) };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            listener.set_nonblocking(true).expect("it is a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is bound");
            let app = Router::new().fallback(pass).with_state(gateway);
            // ends with the process of the tests
            axum::serve(listener, app).await.expect("it serves");
        });
    });
    (address, log)
}

#[test]
fn behind_a_reverse_proxy_the_prefix_and_the_password_go_with_every_request() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (address, log) = gateway(&agent, "leader:s3cret:word");
        let address = format!("http://{address}/consul/");
        let start = |auth| clock_at(&address).env("CONSUL_HTTP_AUTH", auth).start();
        let leader = start("leader:s3cret:word");
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = start("leader:s3cret:word");
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        leader.terminate();
        standby.wait_error_line(SOON, clock::took_the_lead);
        {
            let log = log.lock().expect("nobody panics");
            assert_eq!(log.refused, [""; 0]);
            assert!(log.passed.iter().all(|path| path.starts_with("/v1/")), "{:?}", log.passed);
        }
        let wrong = start("leader");
        let told = wrong.wait_error_line(SOON, |line| line.text.contains(" WARN "));
        assert!(told.text.contains("401") && told.text.contains("CONSUL_HTTP_AUTH"), "{told:?}");
        assert!(!log.lock().expect("nobody panics").refused.is_empty());
        for node in [leader, standby, wrong] {
            let said: String = node.errors().into_iter().map(|line| line.text).collect();
            assert!(!said.contains("s3cret"), "{said}");
        }
    });
}

#[test]
fn a_token_file_is_rotated_under_a_running_leader_which_leads_on_in_the_same_term() {
    each_consul(|consul| {
        let agent = Agent::configured(consul).hcl("acl { default_policy = \"deny\" }").start();
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token");
        let old = agent.token_for(ALL);
        fs::write(&file, format!("{}\n", old.secret)).expect("it is written");
        let node = clock_at(&agent.addr()).env("CONSUL_HTTP_TOKEN_FILE", &file).start();
        let led = node.wait_error_line(SOON, clock::took_the_lead);
        let says = node.wait_line(SOON, clock::leads).at;

        // written and revoked at once, in the middle of a beat or not
        let new = agent.token_for(ALL);
        fs::write(&file, &new.secret).expect("it is written");
        agent.revoke(&old);
        node.wait_error_line(SOON, |line| line.text.contains("has a new token"));

        // away, and empty, for longer than a lease each
        fs::remove_file(&file).expect("it was there");
        node.wait_error_line(SOON, |line| line.text.contains("the token that it held last"));
        let gone = node.wait_line_after(says + LEASE * 2, SOON, |_| true).at;
        fs::write(&file, "").expect("it is written");
        let empty = node.wait_line_after(gone + LEASE, SOON, |_| true).at;

        // back, by a rename
        let newest = agent.token_for(ALL);
        let beside = dir.path().join("beside");
        fs::write(&beside, &newest.secret).expect("it is written");
        fs::rename(&beside, &file).expect("it is there");
        node.wait_error_line(SOON, |line| line.at > empty && line.text.contains("a new token"));
        agent.revoke(&new);
        // over two leases
        let since = Instant::now();
        let last = node.wait_line_after(since + LEASE * 2, SOON, |_| true);
        assert!(clock::leads(&last), "{last:?}");

        assert!(node.lines().iter().skip_while(|line| !clock::leads(line)).all(clock::leads));
        let turns: Vec<Line> = node
            .errors()
            .into_iter()
            .filter(|line| clock::begins_to_lead(line) || clock::lost_the_lead(line))
            .collect();
        assert_eq!(turns.len(), 1, "{turns:?}");
        let index = agent.api().get("service/clock").expect("it is led").modify_index;
        assert_eq!(fence(&led), Some(index.to_string()));
        assert_eq!(warnings(&node).len(), 1, "{:?}", warnings(&node));
    });
}

#[test]
fn a_token_that_is_deleted_while_its_node_leads_costs_the_lead_at_the_deadline_and_not_before() {
    each_consul(|consul| {
        let agent = Agent::configured(consul).hcl("acl { default_policy = \"deny\" }").start();
        let token = agent.token_for(ALL);
        let node = clock_at(&agent.addr()).env("CONSUL_HTTP_TOKEN", &token.secret).start();
        node.wait_error_line(SOON, clock::took_the_lead);
        let revoked = Instant::now();
        agent.revoke(&token);
        node.wait_error_line(SOON, |line| line.text.contains("does not know the token"));
        let lost = node.wait_error_line(SOON, clock::lost_the_lead);
        assert!(lost.text.contains("no heartbeat was confirmed before the deadline"), "{lost:?}");
        let held = lost.at - revoked;
        println!("{}: held for {held:?} after", consul.version());
        // a lease less its silence's margin, since the last beat, an eighth of a lease old at most
        assert!((LEASE / 2..LEASE).contains(&held), "{held:?}");
        node.terminate();
        assert!(node.wait_exit(SOON).success());
    });
}

#[test]
fn a_namespace_is_sent_with_every_request_and_an_agent_that_has_none_is_told_of() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        for (variable, parameter) in
            [("CONSUL_NAMESPACE", "ns=team-a"), ("CONSUL_PARTITION", "partition=team-a")]
        {
            let proxy = Proxy::to(&agent.addr());
            let node = clock_at(&proxy.addr()).env(variable, "team-a").start();
            wait_until("it asks", SOON, || !proxy.requests().is_empty());
            let told = node.wait_error_line(SOON, |line| line.text.contains(" WARN "));
            println!("{}: {}", consul.version(), told.text);
            let remedy = "is no Consul Enterprise";
            assert!(told.text.contains(remedy) && told.text.contains(variable), "{told:?}");
            let says = |path: &str| {
                path.contains(&format!("?{parameter}")) || path.contains(&format!("&{parameter}"))
            };
            assert!(proxy.requests().iter().all(|request| says(&request.path)));
        }
    });
}

#[test]
fn no_token_and_no_password_is_printed_at_any_level() {
    each_consul(|consul| {
        let agent = Agent::configured(consul).hcl("acl { default_policy = \"deny\" }").start();
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token");
        let tokens = [agent.token_for(ALL), agent.token_for(ALL)];
        fs::write(&file, &tokens[1].secret).expect("it is written");
        let wrong = "11111111-2222-3333-4444-000000000000";
        let password = "s3cretword";
        let encoded = BASE64_STANDARD.encode(format!("user:{password}"));
        let start = || {
            clock_at(&agent.addr())
                .env("RUST_LOG", "trace")
                .env("CONSUL_HTTP_AUTH", format!("user:{password}"))
        };
        let cases = [
            (start().env("CONSUL_HTTP_TOKEN", &tokens[0].secret), true),
            (
                start()
                    .env("CONSUL_HTTP_TOKEN", &tokens[0].secret)
                    .env("CONSUL_HTTP_TOKEN_FILE", &file),
                true,
            ),
            (start().env("CONSUL_HTTP_TOKEN", wrong), false),
            (start().env("CONSUL_HTTP_TOKEN", format!("{wrong}\u{7f}")), false),
        ];
        for (builder, leads) in cases {
            let node = builder.start();
            if leads {
                node.wait_error_line(SOON, clock::took_the_lead);
                node.wait_line(SOON, clock::leads);
                assert!(node.errors().iter().any(|line| line.text.contains("TRACE")));
                node.terminate();
            } else {
                node.wait_error_line(SOON, |line| line.text.contains("token"));
                node.kill();
            }
            node.wait_exit(SOON);
            let said: String = node
                .errors()
                .into_iter()
                .chain(node.lines())
                .map(|line| line.text + "\n")
                .collect();
            for secret in
                [&*tokens[0].secret, &*tokens[1].secret, wrong, password, &*encoded, MASTER_TOKEN]
            {
                assert!(!said.contains(secret), "{secret} is told");
            }
        }
    });
}

#[test]
fn every_wrong_variable_stops_the_start_and_all_are_told_at_once() {
    let _slot = slot();
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty");
    fs::write(&empty, "\n").expect("it is written");
    let told = |variables: &[(&str, &str)]| {
        let node = variables
            .iter()
            .fold(Node::example("clock"), |node, (name, value)| node.env(name, value))
            .start();
        assert_eq!(node.wait_exit(SOON).code(), Some(1), "{variables:?}");
        let said: Vec<String> = node.errors().into_iter().map(|line| line.text).collect();
        said.join("\n")
    };
    let (gone, empty) = ("/nowhere/at/all", &*empty.to_string_lossy());
    let has = |said: &str, parts: &[&str]| {
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    };
    let said = told(&[
        ("CONSUL_HTTP_ADDR", "https://here:8501"),
        ("CONSUL_HTTP_TOKEN_FILE", gone),
        ("CONSUL_HTTP_SSL", "yes"),
        ("CONSUL_HTTP_SSL_VERIFY", "no"),
        ("CONSUL_CACERT", gone),
        ("CONSUL_CLIENT_CERT", gone),
        ("CONSUL_TLS_SERVER_NAME", "127.0.0.1"),
        ("CONSUL_NAMESPACE", "a/b"),
        ("LEADER_LEASE", "1ms"),
    ]);
    has(
        &said,
        &[
            "8 faults",
            "CONSUL_HTTP_TOKEN_FILE=`/nowhere/at/all`: cannot be read",
            "CONSUL_HTTP_SSL=`yes`: use `true` or `false`",
            "CONSUL_HTTP_SSL_VERIFY=`no`: use `true` or `false`",
            "CONSUL_CACERT=`/nowhere/at/all`: cannot be read",
            "CONSUL_CLIENT_CERT is set and CONSUL_CLIENT_KEY is not; set both, or none",
            "CONSUL_TLS_SERVER_NAME=`127.0.0.1`: use a name",
            "CONSUL_NAMESPACE=`a/b`: use 1 to 64",
            "LEADER_LEASE=`1ms`",
        ],
    );
    let https = ("CONSUL_HTTP_ADDR", "https://here:8501");
    let said = told(&[https, ("CONSUL_CACERT", empty), ("CONSUL_HTTP_TOKEN_FILE", empty)]);
    has(&said, &["holds no certificate in PEM", "the file is empty", empty]);
    let directory = dir.path().to_string_lossy();
    let said = told(&[https, ("CONSUL_CAPATH", &directory)]);
    has(&said, &["CONSUL_CAPATH=`", "no file there holds a certificate"]);
    let said = told(&[https, ("CONSUL_CLIENT_KEY", empty)]);
    has(&said, &["CONSUL_CLIENT_KEY is set and CONSUL_CLIENT_CERT is not"]);
    // by which the system's own authorities are looked for elsewhere
    let said = told(&[https, ("SSL_CERT_FILE", gone)]);
    has(
        &said,
        &["no authorities to trust where SSL_CERT_FILE=`/nowhere/at/all` says", "CONSUL_CACERT"],
    );
    let said = told(&[("CONSUL_HTTP_SSL", "a\nb"), ("CONSUL_HTTP_ADDR", "a\tb")]);
    has(&said, &["CONSUL_HTTP_SSL=`a\\nb`", "CONSUL_HTTP_ADDR=`a\\tb`"]);
    // what is said of Consul does not matter to lock files, nor what is said to other tools
    let node = Node::example("clock")
        .env("LEADER_LOCK", format!("local:{directory}"))
        .env("CONSUL_CACERT", Path::new(gone))
        .env("CONSUL_GRPC_ADDR", "nonsense")
        .start();
    node.wait_error_line(SOON, clock::took_the_lead);
}
