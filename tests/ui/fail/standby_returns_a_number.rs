use leader_runtime::leader_job;

async fn wait() -> u8 {
    7
}

#[leader_job(key = "service/clock", every = "3s", standby = wait)]
async fn clock() {}

fn main() {}
