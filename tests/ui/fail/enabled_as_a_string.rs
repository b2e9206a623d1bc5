use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", enabled = "false")]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3s", enabled)]
async fn watch() {}

fn main() {}
