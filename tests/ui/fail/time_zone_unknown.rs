use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 * * *", tz = "Europe/Olso")]
async fn clock() {}

#[leader_job(key = "service/clock", cron = "0 9 * * *", tz = "Zurich")]
async fn watch() {}

#[leader_job(key = "service/clock", cron = "0 9 * * *", tz = "CET+1")]
async fn sweep() {}

fn main() {}
