use leader_runtime::leader_job;

#[leader_job(key = "service/report", cron = "0 9 * * MO-FR")]
async fn clock() {}

fn main() {}
