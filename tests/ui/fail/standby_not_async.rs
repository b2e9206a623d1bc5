use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s", standby = not_the_leader)]
async fn clock() {}

fn not_the_leader() {}

fn main() {}
