//! Functions named like what the expansion itself uses.

use leader_runtime::{Fence, jobs, leader_job};

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

#[test]
fn a_raw_name_is_the_name_without_its_mark() {
    super::assert_lists(&jobs![context, start, param, r#loop, Named], &["loop (\"d\"", "named ("]);
}
