use leader_runtime::{jobs, leader_job};

#[leader_job(key = "service/clock", every = "0s")]
async fn clock() {}

fn main() {
    let _ = clock();
    let _ = jobs![clock];
}
