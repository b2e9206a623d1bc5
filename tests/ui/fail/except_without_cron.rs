use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "1d", except = "12-25")]
async fn clock() {}

#[leader_job(key = "service/clock", after = "1d", except = "12-25")]
async fn watch() {}

#[leader_job(key = "service/clock", while_leading, except = "12-25")]
async fn sweep() {}

fn main() {}
