use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", retries = 0, backoff = "1s..1m")]
async fn clock() {}

fn main() {}
