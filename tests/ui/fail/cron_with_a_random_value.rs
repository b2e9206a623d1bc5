use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0~30 3 * * *")]
async fn clock() {}

fn main() {}
