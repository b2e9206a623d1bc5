use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 * * *", offset = "10m")]
async fn clock() {}

#[leader_job(key = "service/clock", after = "10s", offset = "1s")]
async fn watch() {}

fn main() {}
