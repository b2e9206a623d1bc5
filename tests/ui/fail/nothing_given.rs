use leader_runtime::leader_job;

#[leader_job]
async fn clock() {}

fn main() {}
