use leader_runtime::leader_job;

const KEY: &str = "service/clock";

#[leader_job(key = KEY, every = "3s")]
async fn clock() {}

fn main() {}
