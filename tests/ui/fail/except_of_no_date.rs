use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 * * *", except = "12-24, 25 December")]
async fn clock() {}

#[leader_job(key = "service/clock", cron = "0 9 * * *", except = "2027-02-29")]
async fn watch() {}

#[leader_job(key = "service/clock", cron = "0 9 * * *", except = "2026-12-24..01-02")]
async fn sweep() {}

fn main() {}
