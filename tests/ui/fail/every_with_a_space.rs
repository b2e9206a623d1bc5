use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "5 minutes")]
async fn clock() {}

fn main() {}
