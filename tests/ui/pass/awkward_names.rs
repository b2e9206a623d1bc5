//! Functions named like what the expansion itself uses.

use leader_runtime::{Due, Fence, jobs, leader_job};

#[leader_job(key = "a", every = "3s")]
async fn context(_: Fence) {}

#[leader_job(key = "b", every = "3s", standby = standby)]
async fn start() {}

async fn standby() {}

#[leader_job(key = "c", every = "3s")]
async fn param(context: Fence) {
    let _ = context;
}

#[leader_job(key = "d", every = "3s")]
async fn r#loop() {}

#[leader_job(key = "e", every = "3s", name = "named")]
#[allow(non_snake_case)]
async fn Named() {}

#[leader_job(key = "f", every = "3s", standby = p0)]
async fn run(run: Fence, p0: Fence) {
    let _ = (run, p0);
}

async fn p0() {}

const KEY: &str = "g";

#[leader_job(key = KEY, every = "3s", standby = run_standby)]
async fn every(_: Fence) {}

async fn run_standby(run: Due) {
    let _ = run;
}

#[test]
fn a_raw_name_is_the_name_without_its_mark() {
    super::assert_lists(
        &jobs![context, start, param, r#loop, Named, run, every],
        &["loop (\"d\"", "named ("],
    );
}
