use leader_runtime::leader_job;

#[leader_job(key = "service/clock", after = "10s", on_elected = true)]
async fn clock() {}

fn main() {}
