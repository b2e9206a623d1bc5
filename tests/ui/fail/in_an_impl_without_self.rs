use leader_runtime::leader_job;

struct Service;

impl Service {
    #[leader_job(key = "service/clock", every = "3s")]
    async fn clock() {}
}

fn main() {}
