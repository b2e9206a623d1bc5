use leader_runtime::leader_job;

const INTERVAL: std::time::Duration = std::time::Duration::from_millis(1);

#[leader_job(key = "service/clock", every = INTERVAL)]
async fn clock() {}

fn main() {}
