use leader_runtime::leader_job;

const NIGHTLY: &str = "0 3 * * *";

#[leader_job(key = "service/clock", cron = NIGHTLY)]
async fn clock() {}

fn main() {}
