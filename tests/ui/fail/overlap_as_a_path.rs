use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", overlap = queue)]
async fn clock() {}

fn main() {}
