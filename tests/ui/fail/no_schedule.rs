use leader_runtime::leader_job;

#[leader_job(key = "service/clock")]
async fn clock() {}

fn main() {}
