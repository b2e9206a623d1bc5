use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "30m1h")]
async fn clock() {}

fn main() {}
