//! Each parameter and each return type that there is.

use std::time::{Duration, UNIX_EPOCH};

use leader_runtime::testing;
use leader_runtime::{
    Data, Due, Fence, Kv, Leading, Outcome, Run, Stop, StopReason, jobs, leader_job,
};

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

#[leader_job(key = "e", every = "1d")]
async fn refused() -> Result<Outcome, Broken> {
    Ok(Outcome::retry_after(Duration::from_secs(1), Broken))
}

struct Pool(u8);

#[leader_job(key = "g", every = "1d")]
async fn taken_apart(Data(pool): Data<Pool>) {
    let pool: std::sync::Arc<Pool> = pool;
    assert_eq!(pool.0, 3);
}

#[leader_job(key = "h", every = "1d", timeout = "1m")]
fn plain(
    run: Run,
    stop: Stop,
    Data(pool): Data<Pool>,
    fence: Fence,
    due: Due,
    _: Kv,
) -> Result<Outcome, Broken> {
    if stop.is_requested() || run.fence() != fence || run.due() != due {
        return Err(Broken);
    }
    Ok(if pool.0 == 3 { Outcome::ok() } else { Outcome::skip("nothing to do") })
}

#[leader_job(key = "h", every = "1d")]
fn plain_without_anything() {}

/// With a generic of the same name as one of the expansion's would have.
#[leader_job(key = "f", every = "1d")]
async fn everything(
    run: Run,
    mut stop: Stop,
    pool: Data<Pool>,
    leading: Leading<'_>,
    kv: Kv,
) -> leader_runtime::Result<()> {
    stop = stop.clone();
    assert_eq!((run.job(), run.number(), run.attempt()), ("everything", 1, 1));
    assert_eq!((pool.0.0, leading.fence(), run.fence()), (3, Fence::new(7), Fence::new(7)));
    if stop.reason() == Some(StopReason::Drain) {
        kv.delete("service/state").await
    } else {
        under(leading, &kv).await
    }
}

async fn under(_: Leading<'_>, kv: &Kv) -> leader_runtime::Result<()> {
    kv.put("service/state", "kept").await
}

#[test]
fn a_job_is_called_by_hand_with_what_a_run_would_hand_in() {
    let due = Due::new(UNIX_EPOCH);
    assert!(super::at_once(result(Fence::new(7), due, Fence::new(0))).is_ok());
    assert!(super::at_once(result(Fence::new(8), due, Fence::new(0))).is_err());

    let (kv, (stopper, stop)) = (testing::kv(), Stop::channel());
    let state = || super::at_once(kv.get("service/state")).expect("a key");
    let run = |stop: &Stop| {
        let run = Run::new("everything", due, Fence::new(7));
        let leading = testing::leading(Fence::new(7));
        let pool = Data::new(Pool(3));
        super::at_once(everything(run, stop.clone(), pool, leading, kv.clone())).expect("it runs");
    };
    run(&stop);
    assert_eq!(state(), Some(b"kept".to_vec()));
    stopper.request(StopReason::Drain, Duration::from_secs(10));
    run(&stop);
    assert_eq!(state(), None);
    let (_stopper, stop) = Stop::channel();
    let run = Run::new("plain", due, Fence::new(7));
    let done = plain(run, stop, Data::new(Pool(3)), Fence::new(7), due, kv.clone());
    assert!(done.is_ok_and(|outcome| outcome.is_ok()));
    plain_without_anything();
    super::at_once(taken_apart(Data::new(Pool(3))));
    assert!(super::at_once(kv.put("no key", "")).is_err());
    let _ = jobs![
        unit,
        outcome,
        result,
        result_of_outcome,
        refused,
        everything,
        taken_apart,
        plain,
        plain_without_anything
    ];
}
