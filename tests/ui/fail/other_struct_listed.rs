use leader_runtime::jobs;

struct Clock;

fn main() {
    let _ = jobs![Clock];
}
