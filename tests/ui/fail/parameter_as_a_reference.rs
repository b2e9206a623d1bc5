use leader_runtime::{Fence, leader_job};

#[leader_job(key = "service/clock", every = "3s")]
async fn clock(_: &Fence) {}

fn main() {}
