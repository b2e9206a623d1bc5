use std::pin::pin;
use std::sync::Barrier;
use std::thread;

use futures_util::{FutureExt, poll};

use super::Lock;
use crate::leadership::{Role, Stage};

fn lock(stage: &Stage) -> Lock {
    Lock::of(&stage.manager, Stage::KEY)
}

#[tokio::test]
async fn a_release_comes_back_when_the_key_is_free_and_not_before() {
    let (mut stage, _terms) = Stage::new();
    let lock = lock(&stage);
    stage.lead();
    let mut release = pin!(lock.release());
    assert!(poll!(&mut release).is_pending());
    stage.drain();
    assert!(poll!(&mut release).is_pending());
    stage.drained().await;
    assert!(poll!(&mut release).is_ready());
}

#[tokio::test]
async fn a_release_ends_with_the_term_that_drains_though_the_key_is_claimed_and_led_again() {
    let (mut stage, _terms) = Stage::new();
    let first = lock(&stage);
    stage.lead();
    let work = stage.gate().enter();
    drop(first);
    stage.drain();
    let mut release = pin!(lock(&stage).release());
    assert!(poll!(&mut release).is_pending());
    let _next = lock(&stage);
    drop(work);
    stage.drained().await;
    // nobody has looked in between
    stage.lead();
    assert!(poll!(&mut release).is_ready());
}

#[tokio::test]
async fn a_release_ends_with_the_key_on_its_way_back_though_it_is_claimed_and_led_again() {
    let (mut stage, _terms) = Stage::new();
    let first = lock(&stage);
    stage.lead();
    drop(first);
    stage.gate().stop(Role::Releasing);
    let mut release = pin!(lock(&stage).release());
    assert!(poll!(&mut release).is_pending());
    let _next = lock(&stage);
    stage.gate().freed();
    stage.lead();
    assert!(poll!(&mut release).is_ready());
}

#[tokio::test]
async fn a_release_of_what_is_not_led_comes_back_at_once() {
    let (stage, _terms) = Stage::new();
    assert_eq!(lock(&stage).release().now_or_never(), Some(()));
}

/// Which of them that is, is chance.
#[test]
fn of_two_locks_that_are_released_at_once_the_last_waits() {
    let (mut stage, _terms) = Stage::new();
    let key = lock(&stage);
    stage.lead();
    drop(key);
    for round in 0..10_000 {
        let start = Barrier::new(2);
        let waits = |lock: Lock| {
            start.wait();
            lock.release().now_or_never().is_none()
        };
        let (one, other) = (lock(&stage), lock(&stage));
        let waiting = thread::scope(|scope| {
            let threads = [one, other].map(|lock| scope.spawn(|| waits(lock)));
            threads.map(|thread| thread.join().expect("it does not panic"))
        });
        assert_eq!(waiting.iter().filter(|waits| **waits).count(), 1, "round {round}");
    }
}
