use leader_runtime::leader_job;

#[leader_job("service/clock", every = "3s")]
async fn clock() {}

fn main() {}
