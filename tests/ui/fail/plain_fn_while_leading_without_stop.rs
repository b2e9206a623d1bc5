use leader_runtime::leader_job;

#[leader_job(key = "service/clock", while_leading)]
fn clock() {}

fn main() {}
