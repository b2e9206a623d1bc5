use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "0 0 30 2 *")]
async fn clock() {}

fn main() {}
