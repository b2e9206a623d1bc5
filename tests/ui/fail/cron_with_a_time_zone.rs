use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 5 * * MON-FRI Europe/Zurich")]
async fn behind() {}

#[leader_job(key = "service/clock", cron = "CRON_TZ=Europe/Zurich 0 5 * * *")]
async fn before() {}

fn main() {}
