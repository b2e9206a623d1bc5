use leader_runtime::leader_job;

#[leader_job(every = "3s")]
async fn clock() {}

fn main() {}
