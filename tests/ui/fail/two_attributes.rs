use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
#[leader_job(key = "service/clock", cron = "0 9 * * *")]
async fn clock() {}

fn main() {}
