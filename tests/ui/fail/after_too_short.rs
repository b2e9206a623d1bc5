use leader_runtime::leader_job;

#[leader_job(key = "service/clock", after = "1ms")]
async fn clock() {}

fn main() {}
