use leader_runtime::{Fence, leader_job};

async fn wait(_: Fence) {}

#[leader_job(key = "service/clock", every = "3s", standby = wait)]
async fn clock() {}

fn main() {}
