//! Consul behind a forward proxy that the environment names, as its official client is asked through
//! one; and where that client goes past it, so do we.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tests::{
    Agent, Certificates, Forward, GoLock, Line, Node, NodeBuilder, clock, each_consul,
    has_the_lock, one_consul,
};

const SOON: Duration = Duration::from_secs(20);

/// A host that only a proxy can find. Its first part is longer than a part of a name may be: whoever
/// looks it up gets a no without asking anybody.
fn unreachable() -> String {
    format!("{}.consul.example", "x".repeat(64))
}

fn clock_at(address: &str) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", address).env("LEADER_LEASE", "2s")
}

fn warns(line: &Line) -> bool {
    line.text.contains(" WARN ")
}

fn said(node: &Node) -> String {
    node.errors().into_iter().chain(node.lines()).map(|line| line.text + "\n").collect()
}

#[test]
fn through_a_proxy_one_leads_and_another_takes_over() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (host, addr) = (unreachable(), agent.addr());
        let http = Forward::to(&addr);
        let socks = Forward::socks(&addr);
        for (url, proxy) in
            [(http.addr().to_owned(), &http), (format!("socks5://{}", socks.addr()), &socks)]
        {
            let start = || clock_at(&format!("{host}:8500")).env("HTTP_PROXY", &url).start();
            let leader = start();
            leader.wait_error_line(SOON, clock::took_the_lead);
            let standby = start();
            standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
            leader.kill();
            standby.wait_error_line(SOON, clock::took_the_lead);
            standby.terminate();
            assert!(standby.wait_exit(SOON).success());
            let told = |line: &Line| line.text.contains("through the proxy");
            assert!(standby.errors().iter().any(told), "{:?}", standby.errors());
            assert!(!standby.errors().iter().any(warns), "{:?}", standby.errors());
            let asked = proxy.asked();
            assert!(!asked.is_empty() && asked.iter().all(|it| it.contains(&host)), "{asked:?}");
        }
    });
}

#[test]
fn through_a_tunnel_tls_is_spoken_with_consul_itself() {
    each_consul(|consul| {
        let certificates = Certificates::new(consul);
        let agent = Agent::dev(consul).tls(&certificates).start();
        let proxy = Forward::for_user(&agent.https_addr(), "me:s3cret");
        // a host that the certificate is for, and that has no such address
        let address = "https://server.dc1.consul:8501";
        let start = |url: String| {
            clock_at(address)
                .env("HTTPS_PROXY", url)
                .env("HTTP_PROXY", "http://127.0.0.1:1")
                .env("CONSUL_CACERT", certificates.authority())
                .env("CONSUL_CLIENT_CERT", certificates.client())
                .env("CONSUL_CLIENT_KEY", certificates.client_key())
                .start()
        };
        let node = start(format!("http://me:s3cret@{}", proxy.addr()));
        node.wait_error_line(SOON, clock::took_the_lead);
        let asked = proxy.asked();
        let tunnel = "CONNECT server.dc1.consul:8501 HTTP/1.1";
        assert!(!asked.is_empty() && asked.iter().all(|it| it == tunnel), "{asked:?}");
        assert_eq!(proxy.refused(), 0);

        let other = start(format!("http://me:wrong@{}", proxy.addr()));
        let told = other.wait_error_line(SOON, warns);
        assert!(told.text.contains("proxy") && !told.text.contains("wrong"), "{}", told.text);
    });
}

#[test]
fn no_name_and_no_password_of_a_proxy_is_printed_at_any_level() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Forward::for_user(&agent.addr(), "proxyuser:s3cretword");
        let host = unreachable();
        let start = |url: &str| {
            clock_at(&format!("{host}:8500"))
                .env("HTTP_PROXY", url)
                .env("RUST_LOG", "trace")
                .start()
        };
        let right = start(&format!("http://proxyuser:s3cretword@{}", proxy.addr()));
        right.wait_error_line(SOON, clock::took_the_lead);
        right.terminate();
        assert!(right.wait_exit(SOON).success());
        assert!(right.errors().iter().any(|line| line.text.contains("TRACE")));
        let wrong = start(&format!("http://proxyuser:s3cretwords@{}", proxy.addr()));
        let told = wrong.wait_error_line(SOON, warns);
        assert!(told.text.contains("the proxy asks for a name and a password"), "{}", told.text);
        // one that no proxy can be reached by, and one that is none
        let gone = start("http://proxyuser:s3cretword@127.0.0.1:1");
        let told = gone.wait_error_line(SOON, warns);
        assert!(told.text.contains("list the address in NO_PROXY"), "{}", told.text);
        let none = start("ftp://proxyuser:s3cretword@127.0.0.1:1");
        let told = none.wait_error_line(SOON, warns);
        assert!(
            told.text.contains("HTTP_PROXY=`…`: `ftp` is no scheme of a proxy"),
            "{}",
            told.text
        );
        for node in [right, wrong, gone, none] {
            node.kill();
            let said = said(&node);
            let encoded = BASE64_STANDARD.encode("proxyuser:s3cretword");
            for secret in ["proxyuser", "s3cretword", &encoded] {
                assert!(!said.contains(secret), "{secret} is told:\n{said}");
            }
        }
    });
}

#[test]
fn a_proxy_that_cannot_be_is_told_and_gone_past() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let strange = OsString::from_vec(b"\xff".to_vec());
        let proxy = Forward::to(&agent.addr());
        let long = format!("http://{}", "x".repeat(100_000));
        // 127.0.0.1 would never be asked through one: the machine's own name of many is
        let cases: [(&str, OsString, &str); 5] = [
            ("HTTP_PROXY", strange.clone(), "HTTP_PROXY=`\u{fffd}`: is not UTF-8"),
            ("HTTP_PROXY", "   ".into(), "HTTP_PROXY=`   `: is no URL of a proxy"),
            ("HTTP_PROXY", "http://a:b:c".into(), "is no URL of a proxy"),
            ("HTTP_PROXY", long.into(), "has 100007 bytes; use at most 4096"),
            ("NO_PROXY", strange, "NO_PROXY is not UTF-8"),
        ];
        for (name, value, told) in cases {
            let node = clock_at(&format!("{}:8500", unreachable()))
                .env("HTTP_PROXY", proxy.addr())
                .env(name, value)
                .start();
            let warned = node.wait_error_line(SOON, warns);
            assert!(warned.text.contains(told), "{}", warned.text);
            assert!(warned.text.ends_with("is asked directly"), "{}", warned.text);
            assert!(warned.text.len() < 1000, "{} bytes", warned.text.len());
            node.wait_error_line(SOON, |line| line.text.contains("does not answer"));
        }
        assert_eq!(proxy.asked(), [""; 0]);
    });
}

/// The environment, the address, and whether the proxy `P` is asked.
type Case = (&'static [(&'static str, &'static str)], &'static str, bool);

const CASES: [Case; 33] = [
    (&[("HTTP_PROXY", "P")], "HOST:8500", true),
    (&[("HTTP_PROXY", "http://P")], "http://HOST:8500", true),
    (&[("HTTP_PROXY", "http://P/")], "HOST", true),
    (&[("http_proxy", "P")], "HOST:8500", true),
    (&[("HTTP_PROXY", ""), ("http_proxy", "P")], "HOST:8500", true),
    (&[("HTTP_PROXY", "127.0.0.1:1"), ("http_proxy", "P")], "HOST:8500", false),
    (&[("HTTPS_PROXY", "P")], "HOST:8500", false),
    (&[("ALL_PROXY", "P"), ("all_proxy", "P")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("REQUEST_METHOD", "GET")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "*")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("no_proxy", "*")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "other"), ("no_proxy", "*")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "HOST")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "consul.example")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", " a , CONSUL.Example ,b")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", ".consul.example")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "*.consul.example")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "*consul.example")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "sul.example")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", ".HOST")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "*.HOST")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "HOST:8500")], "HOST:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "HOST:8501")], "HOST:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "HOST:80")], "HOST", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "HOST consul")], "HOST:8500", true),
    // nobody can reach these, and nobody is asked who might
    (&[("HTTP_PROXY", "P")], "224.0.0.1:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "*")], "224.0.0.1:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "224.0.0.1")], "224.0.0.1:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "224.9.9.9/4")], "224.0.0.1:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "224.0.0.1:8500")], "224.0.0.1:8500", false),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "224.0.0.1:1, 225.0.0.0/8")], "224.0.0.1:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", ".0.0.1")], "224.0.0.1:8500", true),
    (&[("HTTP_PROXY", "P"), ("NO_PROXY", "[ff02::1]:8500")], "[ff02::1]:8500", false),
];

#[test]
fn a_proxy_is_asked_where_the_official_client_asks_it_and_nowhere_else() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let go = GoLock::at_hand();
        let host = unreachable();
        for (number, (environment, address, is_asked)) in CASES.into_iter().enumerate() {
            // one of each case, so that none waits for the one before
            let prefix = format!("case-{number}/");
            let address = address.replace("HOST", &host);
            let asks = |node: NodeBuilder, ends: &dyn Fn(&Node)| {
                let proxy = Forward::to(&agent.addr());
                let node = environment.iter().fold(node, |node, (name, value)| {
                    node.env(name, value.replace("HOST", &host).replace('P', proxy.addr()))
                });
                let node = node.start();
                ends(&node);
                node.kill();
                !proxy.asked().is_empty()
            };
            let ours = asks(clock_at(&address).env("LEADER_KEY_PREFIX", &prefix), &|node| {
                let ended = |line: &Line| {
                    clock::took_the_lead(line) || line.text.contains("does not answer")
                };
                node.wait_error_line(SOON, ended);
            });
            assert_eq!(ours, is_asked, "{environment:?} {address}");
            let Some(go) = go else { continue };
            let theirs = asks(go.on(&address, &format!("{prefix}go")), &|node| {
                if is_asked {
                    node.wait_line(SOON, has_the_lock);
                } else {
                    assert!(!node.wait_exit(SOON).success());
                }
            });
            assert_eq!(theirs, is_asked, "the official client: {environment:?} {address}");
        }
    });
}

#[test]
fn what_is_on_this_machine_is_never_asked_through_a_proxy() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let port = agent.addr().rsplit_once(':').expect("it has a port").1.to_owned();
        let proxy = Forward::to(&agent.addr());
        for host in ["127.0.0.1", "localhost"] {
            let node = clock_at(&format!("{host}:{port}")).env("HTTP_PROXY", proxy.addr()).start();
            node.wait_error_line(SOON, clock::took_the_lead);
            node.terminate();
            assert!(node.wait_exit(SOON).success());
        }
        assert_eq!(proxy.asked(), [""; 0]);
    });
}
