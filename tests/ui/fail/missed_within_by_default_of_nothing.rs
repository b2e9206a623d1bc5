use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "1s", missed_within = "2d")]
async fn clock() {}

fn main() {}
