use leader_runtime::{FromRun, Leading, Missing, RunContext, leader_job};

struct Proof<'r>(Leading<'r>);

impl<'r> FromRun<'r> for Proof<'r> {
    fn from_run(run: &'r RunContext<'r>) -> Result<Self, Missing> {
        Leading::from_run(run).map(Self)
    }
}

#[leader_job(key = "service/clock", every = "3s")]
fn clock(proof: Proof) {
    let _ = proof.0;
}

fn main() {}
