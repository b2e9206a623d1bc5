use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "@every 5m")]
async fn clock() {}

fn main() {}
