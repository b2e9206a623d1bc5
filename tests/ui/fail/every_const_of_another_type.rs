use leader_runtime::leader_job;

const INTERVAL: &str = "3s";

#[leader_job(key = "service/clock", every = INTERVAL)]
async fn clock() {}

fn main() {}
