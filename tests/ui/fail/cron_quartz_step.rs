use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "0/15 * * * *")]
async fn clock() {}

fn main() {}
