use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", overlap = "queued")]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3s", overlap = "parallel")]
async fn watch() {}

fn main() {}
