use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 0 LW * */7")]
async fn clock() {}

fn main() {}
