use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "1h", offset = "1h")]
async fn clock() {}

fn main() {}
