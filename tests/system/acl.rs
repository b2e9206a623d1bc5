//! The rights of a token: the policy that the program prints is enough, each rule of it is needed,
//! and a missing right is reported by its rule.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use leader_runtime::{Runtime, Settings, jobs, leader_job};
use tests::{
    Agent, Consul, Line, Node, NodeBuilder, Proxy, Signal, Token, each_consul, wait_until,
};

const SOON: Duration = Duration::from_secs(20);

/// An agent that permits nothing to anybody without a token.
fn strict(consul: &Consul, more: &str) -> Agent {
    let acl = format!("acl {{ default_policy = \"deny\" {more} }}");
    Agent::configured(consul).hcl(&acl).start()
}

fn recorded_jobs(prefix: &str) -> NodeBuilder {
    Node::example("recorded_jobs").env("LEADER_KEY_PREFIX", prefix).env("LEADER_LEASE", "2s")
}

fn clerk_with(addr: &str, prefix: &str, token: &Token) -> NodeBuilder {
    recorded_jobs(prefix).env("CONSUL_HTTP_ADDR", addr).env("CONSUL_HTTP_TOKEN", &token.secret)
}

/// The policy of `recorded_jobs`, as the node prints it.
fn policy(prefix: &str) -> String {
    let node = recorded_jobs(prefix).arg("acl").start();
    assert!(node.wait_exit(SOON).success());
    node.lines().into_iter().map(|line| line.text + "\n").collect()
}

fn rules(policy: &str) -> impl Iterator<Item = &str> {
    policy.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn ends(job: &str) -> impl Fn(&Line) -> bool {
    move |line| line.text.starts_with(&format!("ends {job}"))
}

fn warnings(node: &Node) -> Vec<String> {
    let lines = node.errors().into_iter().map(|line| line.text);
    lines.filter(|line| !line.contains(" INFO ")).collect()
}

#[test]
fn the_printed_policy_is_enough_to_lead_to_keep_records_and_to_hand_over() {
    each_consul(|consul| {
        for list in [false, true] {
            let agent = strict(consul, &format!("enable_key_list_policy = {list}"));
            let mut policy = policy("stage/");
            if list {
                policy = policy.replace("# key_prefix", "key_prefix");
            }
            let token = agent.token_for(&policy);
            let start = || clerk_with(&agent.addr(), "stage/", &token).start();
            let checked = clerk_with(&agent.addr(), "stage/", &token).arg("check").start();
            let code = checked.wait_exit(SOON).code();
            assert!(code == Some(0), "{:?}", checked.errors());
            let works = |node: &Node| {
                let since = Instant::now();
                for job in ["at_most_once", "at_least_once"] {
                    node.wait_line_after(since, SOON, ends(job));
                }
            };
            let nodes = [Signal::TERM, Signal::KILL].map(|signal| {
                let first = start();
                works(&first);
                let second = start();
                second.wait_error_line(SOON, |line| line.text.contains("standing by"));
                first.signal(signal);
                works(&second);
                second.terminate();
                second.wait_exit(SOON);
                [first, second]
            });
            for node in nodes.iter().flatten() {
                assert_eq!(warnings(node), [""; 0]);
            }
            let written = agent.api().list("");
            let permitted = |key: &str| {
                rules(&policy).any(|rule| {
                    let quoted = rule.split('"').nth(1).unwrap_or_default();
                    key == quoted || rule.starts_with("key_prefix") && key.starts_with(quoted)
                })
            };
            assert!(written.iter().all(|entry| permitted(&entry.key)), "{written:?}");
            assert!(written.iter().any(|entry| entry.key.contains("/runs/")), "{written:?}");
        }
    });
}

#[test]
fn the_policy_of_the_clock_that_is_in_the_examples_is_the_printed_one() {
    #[leader_job(key = "service/clock", every = "3s")]
    async fn call_time() {}

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/consul/clock.hcl");
    let runtime = Runtime::new(Settings::new()).jobs(jobs![call_time]);
    let printed = runtime.acl_policy().expect("the job is right");
    assert_eq!(fs::read_to_string(file).expect("it is there"), printed);
}

#[test]
fn each_rule_that_is_taken_away_is_told_by_name_and_nothing_crashes_or_spins() {
    each_consul(|consul| {
        let agent = strict(consul, "enable_key_list_policy = true");
        let number = rules(&policy("x/")).count();
        // two locks, two records, beats and sessions
        assert_eq!(number, 6);
        let cases: Vec<(String, Token, Proxy, Node)> = (0..=number)
            .map(|case| {
                let prefix = format!("case{case}/");
                let whole = policy(&prefix).replace("# key_prefix", "key_prefix");
                let missing = rules(&whole).nth(case).expect("a rule").to_owned();
                let rest: Vec<&str> = rules(&whole).filter(|rule| *rule != missing).collect();
                let token = agent.token_for(&rest.join("\n"));
                if missing.contains("at_least_once") {
                    // one that is there is not shown, and one that is not cannot be written
                    agent.api().put(missing.split('"').nth(1).expect("a key"), "{}");
                }
                let proxy = Proxy::to(&agent.addr());
                let node = clerk_with(&proxy.addr(), &prefix, &token).start();
                (missing, token, proxy, node)
            })
            .collect();
        for (case, (missing, token, _, node)) in cases.iter().enumerate() {
            let told = node.wait_error_line(SOON, |line| line.text.contains(" WARN "));
            assert!(told.text.contains(missing), "{missing}: {}", told.text);
            assert!(told.text.contains("the token lacks a right"), "{}", told.text);

            let prefix = format!("case{case}/");
            let checked = clerk_with(&agent.addr(), &prefix, token).arg("check").start();
            assert_eq!(checked.wait_exit(SOON).code(), Some(1));
            let said: String = checked.errors().into_iter().map(|line| line.text).collect();
            assert!(said.contains(missing) && !said.contains("faults"), "{missing}: {said}");
        }
        // each has tried again meanwhile, and those that lead something go on
        let tried: Vec<usize> =
            cases.iter().map(|(_, _, proxy, _)| proxy.requests().len()).collect();
        let again = Instant::now();
        for ((_, _, proxy, _), tried) in cases.iter().zip(&tried) {
            wait_until("it tries again, twice", SOON, || proxy.requests().len() >= tried + 2);
        }
        for ((missing, _, proxy, node), tried) in cases.iter().zip(tried) {
            let (asked, seconds) = (proxy.requests().len() - tried, again.elapsed().as_secs_f64());
            println!("{}: {missing}: {asked} requests in {seconds:.1} s", consul.version());
            // four reads a second at this lease, four beats, and what the runs write
            assert!((2.0..30.0 * seconds).contains(&(asked as f64)), "{:?}", proxy.requests());
            assert_eq!(warnings(node).len(), 1, "{:?}", warnings(node));
        }
        for (_, token, _, node) in &cases {
            assert!(node.is_up());
            node.kill();
            assert!(node.errors().iter().all(|line| !line.text.contains(&token.secret)));
            assert!(node.errors().iter().all(|line| !line.text.contains("panicked")));
        }
    });
}
