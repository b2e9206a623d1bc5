use leader_runtime::jobs;

async fn clock() {}

fn main() {
    let _ = jobs![clock];
}
