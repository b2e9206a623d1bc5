//! The clock of the README.

use leader_runtime::{jobs, leader_job};

use super::{assert_lists, at_once};

#[leader_job(key = "service/clock", every = "3s", standby = not_the_leader)]
async fn call_time() {
    println!("It is time");
}

async fn not_the_leader() {
    println!("Not the leader");
}

#[test]
fn the_function_is_still_one_and_the_job_says_where_it_is() {
    at_once(call_time());
    assert_lists(
        &jobs![call_time],
        &["call_time (\"service/clock\", every = \"3s\", ", "pass/clock.rs:7:1)"],
    );
}
