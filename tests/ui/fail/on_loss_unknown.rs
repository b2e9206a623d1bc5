use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", on_loss = "kill")]
async fn clock() {}

fn main() {}
