use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "H 3 H(1-31) * *")]
async fn clock() {}

fn main() {}
