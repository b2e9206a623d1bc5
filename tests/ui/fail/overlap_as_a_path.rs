use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", overlap = queue)]
async fn clock() {}

#[leader_job(key = "service/clock", every = "3s", overlap = Overlap::Replace)]
async fn watch() {}

fn main() {}
