use leader_runtime::{Fence, jobs, leader_job};

#[leader_job(key = "service/clock", ev)]
async fn clock(fence: Fence) {
    println!("{fence}");
}

#[leader_job(key = "service/clock", every = "3s", over = )]
async fn watch() {}

fn main() {
    let _ = clock(Fence::new(1));
    let _ = watch();
    let _ = jobs![clock, watch];
}
