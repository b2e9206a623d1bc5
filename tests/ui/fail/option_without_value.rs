use leader_runtime::leader_job;

#[leader_job(key, every = "3s")]
async fn clock() {}

#[leader_job(key = , every = "3s")]
async fn half() {}

fn main() {}
