use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
async unsafe fn clock() {}

#[leader_job(key = "service/clock", every = "3s")]
async extern "C" fn exported() {}

fn main() {}
