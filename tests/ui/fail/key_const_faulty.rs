use leader_runtime::leader_job;

const KEY: &str = "/service/clock";
const EMPTY: &str = "";

#[leader_job(key = KEY, every = "3s")]
async fn clock() {}

#[leader_job(key = EMPTY, every = "3s")]
async fn watch() {}

fn main() {}
