//! The clock with wrong settings, or a Consul that refuses it: told clearly, with the remedy; no
//! panic, no spin.

use std::time::{Duration, Instant};

use tests::{Agent, MASTER_TOKEN, Node, Proxy, clock, each_consul, one_consul, slot};

const SOON: Duration = Duration::from_secs(8);

#[test]
fn wrong_settings_end_the_start_and_every_one_is_told() {
    let _slot = slot();
    let node = Node::example("clock")
        .env("CONSUL_HTTP_ADDR", "http://here:port")
        .env("LEADER_LEASE", "100ms")
        .env("LEADER_KEYPREFIX", "stage/")
        .start();
    assert_eq!(node.wait_exit(SOON).code(), Some(1));
    let said: Vec<String> = node.errors().into_iter().map(|line| line.text).collect();
    let said = said.join("\n");
    for part in [
        "3 faults",
        "CONSUL_HTTP_ADDR=`http://here:port`",
        "use `host:port`, `http://host:port`, `https://host:port`",
        "LEADER_LEASE=`100ms`",
        "use 1s to 60s",
        "LEADER_KEYPREFIX is unknown",
        "LEADER_KEY_PREFIX",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(node.lines(), []);
}

#[test]
fn the_agent_of_a_first_time_user_takes_the_right_token_and_a_wrong_one_is_told_without_a_spin() {
    each_consul(|consul| {
        let agent = Agent::configured(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let wrong = Node::example("clock")
            .env("CONSUL_HTTP_ADDR", proxy.addr())
            .env("CONSUL_HTTP_TOKEN", "11111111-2222-3333-4444-000000000000")
            .start();
        let right = Node::example("clock")
            .env("CONSUL_HTTP_ADDR", agent.addr())
            .env("CONSUL_HTTP_TOKEN", MASTER_TOKEN)
            .start();
        right.wait_error_line(SOON, clock::took_the_lead);
        right.wait_line(SOON, clock::leads);

        let told = wrong.wait_error_line(SOON, |line| line.text.contains(" WARN "));
        for part in ["403", "does not know the token", "CONSUL_HTTP_TOKEN"] {
            assert!(told.text.contains(part), "{part}: {}", told.text);
        }
        let mut said = Instant::now();
        for _ in 0..4 {
            said = wrong.wait_line_after(said, SOON, clock::stands_by).at;
        }
        let (asked, seconds) = (proxy.requests().len(), wrong.started().elapsed().as_secs_f64());
        println!("{}: {asked} requests in {seconds:.1} s", consul.version());
        assert!((1..=1 + seconds as usize / 5).contains(&asked), "{:?}", proxy.requests());
        let warnings = wrong.errors().iter().filter(|line| line.text.contains(" WARN ")).count();
        assert_eq!(warnings, 1);
        for node in [&wrong, &right] {
            node.terminate();
            assert!(node.wait_exit(Duration::from_secs(1)).success());
            let said = node.errors().into_iter().map(|l| l.text).collect::<String>();
            assert!(!said.contains("00000000") && !said.contains(MASTER_TOKEN), "a token is told");
        }
    });
}

#[test]
fn an_address_that_is_one_and_leads_elsewhere_is_told_so_when_nobody_answers() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        // port 80 of a loopback address, at which nothing listens
        for (address, told) in [
            (
                "127.86.0.1".to_owned(),
                "has no port, so that 80 was asked; Consul's own is `127.86.0.1:8500`",
            ),
            (format!("http://{}/consul", agent.addr()), "leave `/consul` out of CONSUL_HTTP_ADDR"),
        ] {
            let node = Node::example("clock").env("CONSUL_HTTP_ADDR", &address).start();
            let warned = node.wait_error_line(SOON, |line| line.text.contains(" WARN "));
            assert!(warned.text.contains(told), "{}", warned.text);
        }
    });
}
