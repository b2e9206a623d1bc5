//! Each parameter and each return type that there is.

use std::time::UNIX_EPOCH;

use leader_runtime::{Due, Fence, Outcome, jobs, leader_job};

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

#[leader_job(key = "a", every = "1h 30m")]
async fn unit() {}

#[leader_job(key = "b", every = "10ms")]
async fn outcome(_: Fence) -> Outcome {
    Outcome::skip("nothing to do")
}

#[leader_job(key = "c", every = "366d")]
async fn result(fence: Fence, due: Due, Fence { .. }: Fence) -> Result<(), Broken> {
    if due.timestamp() == UNIX_EPOCH && fence.get() == 7 { Ok(()) } else { Err(Broken) }
}

#[leader_job(key = "d", every = "1d")]
async fn result_of_outcome(_: Due) -> Result<Outcome, String> {
    Err("no".to_owned())
}

#[test]
fn a_job_is_called_by_hand_with_what_a_run_would_hand_in() {
    let due = Due::new(UNIX_EPOCH);
    assert!(super::at_once(result(Fence::new(7), due, Fence::new(0))).is_ok());
    assert!(super::at_once(result(Fence::new(8), due, Fence::new(0))).is_err());
    let _ = jobs![unit, outcome, result, result_of_outcome];
}
