use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", timeout = 30)]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3s", timeout = 2m)]
async fn watch() {}

fn main() {}
