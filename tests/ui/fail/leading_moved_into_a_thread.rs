use leader_runtime::{Leading, leader_job};

#[leader_job(key = "service/clock", every = "3s")]
async fn clock(leading: Leading<'_>) {
    std::thread::spawn(move || println!("{}", leading.fence()));
}

fn main() {}
