use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = std::time::Duration::from_secs(3))]
async fn clock() {}

fn main() {}
