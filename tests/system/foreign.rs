//! The harness and foreign tools: these end with the harness, and a missing one is reported.

use std::time::Duration;
use std::{env, fs};

use tests::{Agent, GoLock, Node, consul_lock, each_consul, has_the_lock, slot, wait_until};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn where_go_is_missing_the_tests_beside_it_say_so_and_fail_only_where_it_is_required() {
    let _slot = slot();
    // a build of it that is under way would hold up those below
    let _ = GoLock::at_hand();
    let run = |required: &str| {
        let node = Node::program(env::current_exe().expect("a test knows its own path"))
            .arg("interop::the_go_client_")
            .env("PATH", "/nowhere")
            .env("LEADER_TESTS_REQUIRE_GO", required)
            .start();
        let passed = node.wait_exit(SOON).success();
        let lines = node.lines().into_iter().chain(node.errors());
        (passed, lines.map(|line| line.text).collect::<Vec<_>>())
    };
    let (passed, said) = run("");
    assert!(passed, "{said:?}");
    let told = said.iter().filter(|line| line.starts_with("no go on PATH: ")).count();
    assert_eq!(told, 1, "{said:?}");
    let (passed, said) = run("1");
    assert!(!passed, "{said:?}");
    assert!(said.contains(&"no go on PATH, and LEADER_TESTS_REQUIRE_GO is set".to_owned()));
}

#[test]
fn the_child_of_a_consul_lock_that_is_killed_ends_with_it() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let node = consul_lock(consul, &agent.addr(), "key").start();
        let line = node.wait_line(SOON, has_the_lock);
        let (_, child) = line.text.split_once(' ').expect("the child tells its id");
        // empty where it waits for its parent to notice that it has ended
        let lives = || fs::read(format!("/proc/{child}/cmdline")).is_ok_and(|c| !c.is_empty());
        assert!(lives());
        node.kill();
        wait_until("its child ends", SOON, || !lives());
    });
}
