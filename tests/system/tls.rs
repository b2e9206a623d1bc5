//! Consul over TLS: with an authority of one's own and client certificates, and what is said where
//! one of these is not right.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tests::{
    Agent, Certificates, Consul, Node, NodeBuilder, Proxy, clock, each_consul, wait_until,
};

const SOON: Duration = Duration::from_secs(20);

fn clock_at(address: &str) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", address).env("LEADER_LEASE", "2s")
}

trait Shows {
    /// Shows this client certificate.
    fn shows(self, certificates: &Certificates) -> Self;
}

impl Shows for NodeBuilder {
    fn shows(self, certificates: &Certificates) -> Self {
        self.env("CONSUL_CLIENT_CERT", certificates.client())
            .env("CONSUL_CLIENT_KEY", certificates.client_key())
    }
}

/// An agent behind a proxy, which looks at what passes.
fn secure(consul: &Consul) -> (Certificates, Agent, Proxy) {
    let certificates = Certificates::new(consul);
    let agent = Agent::dev(consul).tls(&certificates).start();
    let proxy = Proxy::to(&agent.https_addr());
    (certificates, agent, proxy)
}

#[test]
fn over_tls_with_client_certificates_one_leads_and_another_takes_over() {
    each_consul(|consul| {
        let (certificates, _agent, proxy) = secure(consul);
        let address = format!("https://{}", proxy.addr());
        let start = || {
            clock_at(&address)
                .env("CONSUL_CACERT", certificates.authority())
                .shows(&certificates)
                .start()
        };
        let leader = start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = start();
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        // at most four connections of each; and what passes is no HTTP that anybody reads
        assert!(proxy.connections_now() <= 8, "{}", proxy.connections_now());
        assert_eq!(proxy.requests(), []);
        leader.kill();
        standby.wait_error_line(SOON, clock::took_the_lead);
        standby.terminate();
        assert!(standby.wait_exit(SOON).success());
        for node in [&leader, &standby] {
            let warns = |line: &tests::Line| line.text.contains(" WARN ");
            assert!(!node.errors().iter().any(warns), "{:?}", node.errors());
        }
    });
}

#[test]
fn every_variable_of_tls_does_what_it_does_for_the_official_clients() {
    each_consul(|consul| {
        let (certificates, agent, _) = secure(consul);
        let https = agent.https_addr();
        let pkcs8 = certificates.directory().join("pkcs8.pem");
        fs::write(&pkcs8, as_pkcs8(&certificates.client_key())).expect("it is written");
        let cases: [(&str, NodeBuilder); 5] = [
            (
                "CONSUL_CAPATH",
                clock_at(&format!("https://{https}"))
                    .env("CONSUL_CAPATH", certificates.directory())
                    .shows(&certificates),
            ),
            (
                "CONSUL_HTTP_SSL",
                clock_at(&https)
                    .env("CONSUL_HTTP_SSL", "true")
                    .env("CONSUL_CACERT", certificates.authority())
                    .shows(&certificates),
            ),
            (
                "CONSUL_TLS_SERVER_NAME",
                clock_at(&format!("https://{https}"))
                    .env("CONSUL_TLS_SERVER_NAME", "server.dc1.consul")
                    .env("CONSUL_CACERT", certificates.authority())
                    .shows(&certificates),
            ),
            (
                "CONSUL_CLIENT_KEY in PKCS #8",
                clock_at(&format!("https://{https}"))
                    .env("CONSUL_CACERT", certificates.authority())
                    .env("CONSUL_CLIENT_CERT", certificates.client())
                    .env("CONSUL_CLIENT_KEY", pkcs8),
            ),
            (
                "CONSUL_HTTP_SSL_VERIFY",
                clock_at(&format!("https://{https}"))
                    .env("CONSUL_HTTP_SSL_VERIFY", "false")
                    .shows(&certificates),
            ),
        ];
        for (variable, builder) in cases {
            let node = builder.start();
            node.wait_error_line(SOON, clock::took_the_lead);
            node.terminate();
            assert!(node.wait_exit(SOON).success(), "{variable}");
            let warnings: Vec<String> = node
                .errors()
                .into_iter()
                .map(|line| line.text)
                .filter(|line| line.contains(" WARN "))
                .collect();
            match variable {
                "CONSUL_HTTP_SSL_VERIFY" => {
                    assert_eq!(warnings.len(), 1, "{warnings:?}");
                    assert!(warnings[0].contains("CONSUL_HTTP_SSL_VERIFY=false"), "{warnings:?}");
                }
                _ => assert_eq!(warnings, [""; 0], "{variable}"),
            }
        }
    });
}

#[test]
fn whatever_is_wrong_with_tls_is_told_with_its_remedy_and_tried_again() {
    each_consul(|consul| {
        let (certificates, agent, _) = secure(consul);
        let others = Certificates::new(consul);
        let (http, https) = (agent.addr(), format!("https://{}", agent.https_addr()));
        let trusting =
            |address: &str| clock_at(address).env("CONSUL_CACERT", certificates.authority());
        let cases = [
            ("no CA", clock_at(&https).shows(&certificates), "set CONSUL_CACERT"),
            (
                "wrong CA",
                clock_at(&https).env("CONSUL_CACERT", others.authority()).shows(&certificates),
                "set CONSUL_CACERT",
            ),
            ("no client certificate", trusting(&https), "set CONSUL_CLIENT_CERT"),
            ("wrong client certificate", trusting(&https).shows(&others), "CONSUL_CLIENT_CERT"),
            (
                "wrong name",
                trusting(&https)
                    .shows(&certificates)
                    .env("CONSUL_TLS_SERVER_NAME", "consul.example"),
                "set CONSUL_TLS_SERVER_NAME",
            ),
            (
                "http to a port of https",
                clock_at(&agent.https_addr()),
                "write https:// before the address",
            ),
            (
                "https to a port of http",
                trusting(&format!("https://{http}")).shows(&certificates),
                "does not speak TLS",
            ),
        ];
        let nodes = cases.map(|(what, builder, remedy)| (what, builder.start(), remedy));
        for (what, node, remedy) in &nodes {
            let told = node.wait_error_line(SOON, |line| line.text.contains(" WARN "));
            println!("{}: {what}: {}", consul.version(), told.text);
            assert!(told.text.contains(remedy), "{what}: {}", told.text);
            node.wait_line(SOON, clock::stands_by);
        }
        for (what, node, _) in &nodes {
            // three ticks of the clock later it is still the same, and told once
            wait_until("it stands by", SOON, || node.lines().len() >= 3);
            assert!(node.lines().iter().all(clock::stands_by), "{what}");
            let warns = |line: &&tests::Line| line.text.contains(" WARN ");
            let errors = node.errors();
            let warnings: Vec<_> = errors.iter().filter(warns).collect();
            assert_eq!(warnings.len(), 1, "{what}: {warnings:#?}");
            node.terminate();
            assert!(node.wait_exit(SOON).success(), "{what}");
        }
    });
}

/// The key of a P-256 certificate, which `consul tls` writes as SEC 1, in the form that other tools
/// write.
fn as_pkcs8(file: &Path) -> String {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    let pem = fs::read_to_string(file).expect("it is there");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let sec1 = BASE64_STANDARD.decode(body).expect("it is PEM");
    // version 0; id-ecPublicKey on prime256v1
    let mut der = vec![2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    der.extend([6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 4, sec1.len() as u8]);
    der.extend(sec1);
    let mut whole = vec![0x30, 0x81, der.len() as u8];
    whole.extend(der);
    let base64 = BASE64_STANDARD.encode(whole);
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}
