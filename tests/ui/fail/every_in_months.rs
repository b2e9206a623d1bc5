use leader_runtime::leader_job;

#[leader_job(key = "service/report", every = "1month")]
async fn clock() {}

fn main() {}
