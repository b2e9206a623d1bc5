use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "0 9 * * *", tz = "Europe/Oslo")]
async fn clock() {}

#[leader_job(key = "service/report", while_leading)]
async fn consume() {}

fn main() {}
