use leader_runtime::leader_job;

struct Pool;

#[leader_job(key = "service/clock", every = "3s")]
async fn clock(_: Pool) {}

fn main() {}
