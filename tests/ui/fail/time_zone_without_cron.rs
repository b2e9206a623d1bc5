use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", tz = "Europe/Oslo")]
async fn clock() {}

#[leader_job(key = "service/clock", after = "10s", tz = "Europe/Oslo")]
async fn watch() {}

fn main() {}
