use leader_runtime::leader_job;

#[leader_job(kye = "service/clock", every = "0s", name = "My Clock", stand_by = wait)]
fn clock(self_made: u8) {
    let _ = self_made;
}

fn main() {}
