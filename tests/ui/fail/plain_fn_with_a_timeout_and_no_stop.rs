use leader_runtime::{Run, leader_job};

#[leader_job(key = "service/clock", every = "3s", timeout = "1s")]
fn clock(_: Run) {}

fn main() {}
