use leader_runtime::leader_job;

#[leader_job(key = "service/clock", after = "10s", interrupted = "rerun")]
async fn clock() {}

fn main() {}
