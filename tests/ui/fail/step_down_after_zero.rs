use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", step_down_after = 0)]
async fn clock() {}

fn main() {}
