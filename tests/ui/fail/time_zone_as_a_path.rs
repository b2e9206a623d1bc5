use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 * * *", tz = Europe/Oslo)]
async fn clock() {}

fn main() {}
