use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 24 12 *", except = "12-20..01-02")]
async fn clock() {}

#[leader_job(key = "service/clock", cron = "0 9 H 12 *", except = "12-01..12-31")]
async fn watch() {}

fn main() {}
