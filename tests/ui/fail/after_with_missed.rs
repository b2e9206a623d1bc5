use leader_runtime::leader_job;

#[leader_job(key = "service/clock", after = "10s", missed = "once")]
async fn clock() {}

#[leader_job(key = "service/clock", after = "10s", missed_within = "1h")]
async fn watch() {}

fn main() {}
