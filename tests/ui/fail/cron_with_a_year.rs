use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 0 9 1 1 ? 2027")]
async fn clock() {}

fn main() {}
