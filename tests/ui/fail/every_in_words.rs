use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "5min")]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3 seconds")]
async fn spaced() {}

fn main() {}
