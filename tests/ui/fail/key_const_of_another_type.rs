use leader_runtime::leader_job;

const KEY: u8 = 7;

#[leader_job(key = KEY, every = "3s")]
async fn clock() {}

fn main() {}
