use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", overlap = "allow", missed = "all")]
async fn clock() {}

fn main() {}
