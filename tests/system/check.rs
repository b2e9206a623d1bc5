//! `jobs check`: whether a service could lead and who does, found without leading and without
//! writing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Agent, Node, NodeBuilder, clock, each_consul, one_consul, slot};

use crate::command_line::{asked, said};

const SOON: Duration = Duration::from_secs(20);

fn check_on(addr: &str) -> NodeBuilder {
    asked("clock", "jobs check --json").env("CONSUL_HTTP_ADDR", addr)
}

/// The code, the object on stdout, and what is on stderr.
#[track_caller]
fn checked(node: NodeBuilder) -> (Option<i32>, Value, String) {
    let said = said(node);
    let report = serde_json::from_str(&said.lines.join("\n"));
    (said.code, report.unwrap_or_else(|fault| panic!("{fault}: {said:?}")), said.errors)
}

fn setting<'a>(report: &'a Value, name: &str) -> &'a Value {
    let settings = report["settings"].as_array().expect("an array");
    settings.iter().find(|setting| setting["name"] == name).expect(name)
}

#[test]
fn a_healthy_service_is_told_who_leads_since_when_and_nothing_is_written() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        let state = || {
            let index = api.request("GET", "/v1/kv/?recurse", "").index;
            (api.list(""), api.sessions(), index)
        };
        let before = state();
        let place = format!("Consul at http://{}", agent.addr());
        let check = || check_on(&agent.addr()).env("LEADER_LEASE", "2s");
        let (code, report, errors) = checked(check());
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
        assert_eq!(report["faults"], json!([]));
        assert_eq!(report["lock"], json!({"place": place, "answers": true}));
        assert_eq!(report["leaders"], json!([{"key": "service/clock", "leader": null}]));
        let rights = report["rights"].as_array().expect("an array");
        assert!(rights.len() >= 3 && rights.iter().all(|right| right["granted"] == true));
        assert_eq!(
            setting(&report, "lock.lease"),
            &json!({"name": "lock.lease", "value": "2s", "place": "LEADER_LEASE"})
        );
        assert_eq!(setting(&report, "lock.backend")["place"], "default");
        assert_eq!(state(), before);

        let leader =
            Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr()).env("LEADER_NODE", "one");
        let leader = leader.start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let lock = api.get("service/clock").expect("it is led");
        let (code, report, _) = checked(check());
        assert_eq!(code, Some(0));
        let led = &report["leaders"][0]["leader"];
        assert_eq!((&led["node"], &led["service"]), (&json!("one"), &json!("clock")));
        assert_eq!(led["pid"], leader.pid());
        assert!(led["since"].as_str().is_some_and(|since| lock.value.contains(since)), "{led}");
        assert_eq!(api.get("service/clock"), Some(lock));
        assert!(leader.is_up() && leader.errors().iter().all(|line| !clock::lost_the_lead(line)));
    });
}

#[test]
fn a_lock_of_another_tool_is_held_by_somebody() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let session = agent.api().create_session(r#"{"TTL":"60s"}"#);
        assert!(agent.api().acquire("service/clock", &session, "\u{1b}[2Jmine"));
        let (code, report, _) = checked(check_on(&agent.addr()));
        assert_eq!(code, Some(0));
        assert_eq!(report["leaders"][0]["leader"]["service"], "another tool");
    });
}

#[test]
fn a_consul_that_is_down_or_hangs_is_a_fault_and_told_in_time() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        // whoever is first builds the examples
        let check = check_on(&agent.addr());
        agent.freeze();
        let began = Instant::now();
        let (code, report, errors) = checked(check);
        let took = began.elapsed();
        assert_eq!(code, Some(1), "{report}");
        assert!(Duration::from_secs(4) < took && took < Duration::from_secs(10), "{took:?}");
        assert!(errors.contains("no answer within 5s"), "{errors}");
        assert_eq!((&report["lock"]["answers"], &report["leaders"]), (&json!(false), &json!([])));
        agent.thaw();
        agent.stop();
        let (code, report, errors) = checked(check_on(&agent.addr()));
        assert_eq!((code, &report["lock"]["answers"]), (Some(1), &json!(false)));
        assert!(errors.contains("consul agent -dev"), "{errors}");
        assert_eq!(report["faults"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn each_right_that_a_token_lacks_is_a_fault_and_the_policy_that_is_printed_gives_them_all() {
    each_consul(|consul| {
        let acl = "acl { default_policy = \"deny\" }";
        let agent = Agent::configured(consul).hcl(acl).start();
        let (code, report, errors) = checked(check_on(&agent.addr()));
        assert_eq!((code, &report["lock"]["answers"]), (Some(1), &json!(true)));
        let rules: Vec<&str> = [
            r#"key "service/clock" { policy = "write" }"#,
            r#"key_prefix ".leader/beats/" { policy = "write" }"#,
            r#"session_prefix "" { policy = "write" }"#,
        ]
        .into();
        let lacks: Vec<_> =
            rules.iter().map(|rule| json!({"rule": rule, "granted": false})).collect();
        assert_eq!(report["rights"], Value::from(lacks));
        for rule in &rules {
            assert_eq!(errors.matches(rule).count(), 1, "{errors}");
        }

        let policy = said(asked("clock", "jobs acl"));
        assert_eq!((policy.code, policy.errors.as_str()), (Some(0), ""));
        let token = agent.token_for(&policy.lines.join("\n"));
        let permitted = check_on(&agent.addr()).env("CONSUL_HTTP_TOKEN", &token.secret);
        let (code, report, errors) = checked(permitted);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
        assert_eq!(agent.api().sessions(), []);
        assert!(!report.to_string().contains(&token.secret));
    });
}

#[test]
fn settings_and_jobs_that_are_wrong_are_all_told_and_nobody_is_asked() {
    let _slot = slot();
    let wrong = asked("own_parser", "cron check --json")
        .env("LEADER_LEASE", "1")
        .env("LEADER_KEYPREFIX", "stage/");
    let (code, report, errors) = checked(wrong);
    assert_eq!(code, Some(2));
    let faults = report["faults"].as_array().expect("an array");
    assert_eq!(faults.len(), 4, "{report}");
    let places = [
        "LEADER_LEASE=`1`",
        "LEADER_KEYPREFIX",
        "job `charge` at tests/own_parser.rs:21:1",
        "job `send_statements` at tests/own_parser.rs:24:1",
    ];
    for place in places {
        let begins = |fault: &&Value| fault.as_str().is_some_and(|text| text.starts_with(place));
        assert_eq!(faults.iter().filter(begins).count(), 1, "{place}: {report}");
        assert!(errors.contains(place), "{place}: {errors}");
    }
    assert_eq!(report["lock"], json!({"place": null, "answers": false}));
    assert_eq!(setting(&report, "service")["value"], "own_parser");
}

#[test]
fn a_directory_of_lock_files_is_looked_at_and_not_made() {
    let _slot = slot();
    let home = tempfile::tempdir().expect("a directory");
    let locks = home.path().join("locks");
    let local = format!("local:{}", locks.display());
    let check = || asked("clock", "jobs check --json").env("LEADER_LOCK", &local);
    let (code, report, _) = checked(check());
    assert_eq!((code, &report["lock"]["answers"]), (Some(0), &json!(true)));
    assert!(!locks.exists());

    let leader = Node::example("clock").env("LEADER_LOCK", &local).env("LEADER_NODE", "one");
    let leader = leader.start();
    leader.wait_error_line(SOON, clock::took_the_lead);
    let (code, report, _) = checked(check());
    assert_eq!((code, &report["leaders"][0]["leader"]["node"]), (Some(0), &json!("one")));
    assert!(leader.is_up());

    let file = home.path().join("file");
    std::fs::write(&file, "").expect("it is ours");
    let file = format!("local:{}", file.display());
    let (code, _, errors) = checked(asked("clock", "jobs check --json").env("LEADER_LOCK", &file));
    assert_eq!(code, Some(1));
    assert!(errors.contains("set LEADER_LOCK=local:DIR"), "{errors}");
}
