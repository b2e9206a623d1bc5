use std::future::{Ready, ready};

use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
fn clock() -> Ready<()> {
    ready(())
}

fn main() {}
