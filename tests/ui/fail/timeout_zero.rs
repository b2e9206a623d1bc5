use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", timeout = "0s")]
async fn clock() {}

fn main() {}
