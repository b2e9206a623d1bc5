use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", missed = "skip", missed_within = "1h")]
async fn clock() {}

fn main() {}
