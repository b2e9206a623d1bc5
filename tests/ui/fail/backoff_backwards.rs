use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", retries = 3, backoff = "1m..1s")]
async fn clock() {}

fn main() {}
