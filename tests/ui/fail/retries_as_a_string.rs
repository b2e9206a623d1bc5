use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", retries = "3")]
async fn clock() {}

fn main() {}
