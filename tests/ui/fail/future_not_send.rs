use std::rc::Rc;

use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
async fn clock() {
    let shared = Rc::new(3);
    wait().await;
    println!("{shared}");
}

async fn wait() {}

fn main() {}
