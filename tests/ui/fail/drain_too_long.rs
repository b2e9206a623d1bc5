use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", drain = "2d")]
async fn clock() {}

fn main() {}
