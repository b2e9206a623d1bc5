use leader_runtime::leader_job;

#[leader_job(key = "service/clock", evry = "3s")]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3s", colour = "red")]
async fn painted() {}

fn main() {}
