use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "9 * *")]
async fn clock() {}

fn main() {}
