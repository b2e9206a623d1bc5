use leader_runtime::leader_job;

#[allow(non_snake_case)]
#[leader_job(key = "service/clock", every = "3s")]
async fn callTime() {}

fn main() {}
