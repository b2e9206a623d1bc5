//! The other examples do what their first lines say.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, each_consul, one_consul, slot};
use ureq::Agent as Client;

const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_migration_runs_on_one_of_two_at_a_time_and_both_end() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let start = || Node::example("lock").env("CONSUL_HTTP_ADDR", agent.addr()).start();
        let nodes = [start(), start()];
        for node in &nodes {
            assert!(node.wait_exit(SOON).success());
        }
        let mut runs = nodes.each_ref().map(|node| {
            let at = |text: &str| -> Instant {
                node.wait_line(SOON, |line| line.text.starts_with(text)).at
            };
            (at("Migrating"), at("Migrated"))
        });
        runs.sort();
        assert!(runs[0].1 <= runs[1].0, "they overlap: {runs:?}");
        assert_eq!(agent.api().sessions(), []);
    });
}

#[test]
fn a_clock_in_a_scheduler_of_the_services_own_runs_on_one_of_two_and_stays_in_its_notifications() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let start =
            || Node::example("tokio_cron_scheduler").env("CONSUL_HTTP_ADDR", agent.addr()).start();
        let leader = start();
        let began = |text: &'static str| move |line: &Line| line.text.starts_with(text);
        leader.wait_line(SOON, began("It is "));
        leader.wait_line(SOON, began("The scheduler started call_time"));
        let standby = start();
        standby.wait_line(SOON, began("Not the leader"));
        standby.wait_line(SOON, began("On every node"));
        leader.terminate();
        assert!(leader.wait_exit(SOON).success());
        standby.wait_line(SOON, began("It is "));
    });
}

#[test]
fn a_service_answers_who_leads_tells_what_happens_and_stops_by_sigterm_though_one_listens() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let start = |name| {
            Node::example("http")
                .env("CONSUL_HTTP_ADDR", agent.addr())
                .env("LEADER_NODE", name)
                .env("HTTP_ADDR", "127.0.0.1:0")
                .start()
        };
        let nodes = [start("one"), start("two")];
        let client: Client = Client::config_builder().http_status_as_error(false).build().into();
        let address = |node: &Node| {
            let line = node.wait_line(SOON, |line| line.text.starts_with("Listening on "));
            format!("http://{}", line.text.trim_start_matches("Listening on "))
        };
        let get = |node: &Node, path: &str| {
            let answer = client.get(format!("{}/{path}", address(node))).call();
            answer.expect("it answers").body_mut().read_to_string().expect("a text")
        };
        let post = |node: &Node, path: &str| {
            let answer = client.post(format!("{}/{path}", address(node))).send_empty();
            let mut answer = answer.expect("it answers");
            (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
        };
        let leader = |node: &Node| get(node, "leader");
        tests::wait_until("one of them leads", SOON, || leader(&nodes[0]).contains("\"node\""));
        assert_eq!(leader(&nodes[0]), leader(&nodes[1]));
        let leads_one = leader(&nodes[0]).contains("\"one\"");
        let (first, second) = if leads_one { (0, 1) } else { (1, 0) };
        assert_eq!(post(&nodes[first], "report").0, 202);
        let (status, answer) = post(&nodes[second], "report");
        let name = if leads_one { "\"node\":\"one\"" } else { "\"node\":\"two\"" };
        assert!(status == 409 && answer.contains(name), "{status} {answer}");
        let jobs = get(&nodes[second], "jobs");
        assert!(jobs.starts_with("report: every 10s, next 20"), "{jobs}");

        assert_eq!(post(&nodes[first], "step-down").0, 202);
        let [one, other] = if leads_one { ["\"one\"", "\"two\""] } else { ["\"two\"", "\"one\""] };
        tests::wait_until("the other leads", SOON, || leader(&nodes[first]).contains(other));
        let events = client.get(format!("{}/events", address(&nodes[second]))).call();
        let events = BufReader::new(events.expect("it answers").into_body().into_reader());
        let mut events = events.lines().map(|line| line.expect("a text"));
        tests::wait_until("it runs there", SOON, || post(&nodes[second], "report").0 == 202);
        let began = events.next().expect("an event");
        let is_start = began.starts_with("data: {\"event\":\"began\",\"job\":\"report\"");
        assert!(is_start, "{began}");

        nodes[second].terminate();
        assert!(nodes[second].wait_exit(Duration::from_secs(1)).success());
        let log = nodes[second].errors();
        assert!(log.iter().any(|line| line.text.contains("shutting down")), "{log:?}");
        // it has stepped down, which lasts for ten seconds
        tests::wait_until("the first leads again", 2 * SOON, || {
            leader(&nodes[first]).contains(one)
        });
    });
}

#[test]
fn a_batch_goes_on_where_the_leader_before_left_it_and_ends_between_two_items() {
    let goes_on = |start: &dyn Fn() -> Node| {
        let number = |line: &Line| line.text.split_once(": ")?.0.parse::<u64>().ok();
        let first = start();
        first.wait_line(SOON, |line| number(line) == Some(3));
        let second = start();
        first.kill();
        let done = first.lines().iter().filter_map(number).max().expect("it ran");
        let next = second.wait_line(SOON, |line| number(line).is_some());
        let next = number(&next).expect("a number");
        // one may have been written and not printed
        assert!((done + 1..=done + 2).contains(&next), "{done}, then {next}");
        second.terminate();
        assert!(second.wait_exit(Duration::from_secs(2)).success());
        let numbers: Vec<u64> = second.lines().iter().filter_map(number).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        let last = second.lines().pop().expect("it ran").text;
        assert_eq!(last, format!("Ends at {}", numbers.last().expect("it ran")));
    };
    {
        let _slot = slot();
        let locks = tempfile::tempdir().unwrap();
        let locks = format!("local:{}", locks.path().display());
        goes_on(&|| Node::example("batch").env("LEADER_LOCK", &locks).start());
    }
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        goes_on(&|| {
            let node = Node::example("batch").env("CONSUL_HTTP_ADDR", agent.addr());
            node.env("LEADER_LEASE", "2s").start()
        });
    });
}
