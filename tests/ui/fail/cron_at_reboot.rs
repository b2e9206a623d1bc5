use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "@reboot")]
async fn clock() {}

fn main() {}
