use leader_runtime::leader_job;

#[leader_job(key = "service/clock", key = "service/watch", every = "3s")]
async fn clock() {}

fn main() {}
