use leader_runtime::leader_job;

async fn wait() {}

#[leader_job(key = "service/clock", while_leading, standby = wait)]
async fn clock() {}

fn main() {}
