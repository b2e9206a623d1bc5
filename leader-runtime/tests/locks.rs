//! Locks by hand on lock files: real locks of the operating system, in one process.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use futures_util::{FutureExt, StreamExt};
use leader_runtime::{Fence, Lock, LockManager, Settings};
use tokio::sync::oneshot;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

fn local(directory: &tempfile::TempDir) -> Settings {
    Settings::new().local(directory.path())
}

/// The log of all tests of this process, from the first listener on.
struct Log;

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Log {
    fn listen() {
        static LISTENS: Once = Once::new();
        LISTENS
            .call_once(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Self).init());
    }

    fn lines() -> Vec<String> {
        String::from_utf8_lossy(&LOGGED.lock().expect("nobody panics under it"))
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.lock().expect("nobody panics under it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_lock_is_led_by_one_manager_until_it_is_released() {
    let locks = tempfile::tempdir().unwrap();
    let (one, two) =
        (LockManager::new(&local(&locks)).unwrap(), LockManager::new(&local(&locks)).unwrap());
    let mine = one.lock("test/lock").unwrap();
    assert_eq!(soon("one leads", mine.acquired()).await.unwrap().fence(), Fence::new(1));
    assert!(mine.is_leading());
    assert_eq!(mine.key(), "test/lock");

    let theirs = two.lock("test/lock").unwrap();
    let also_mine = one.lock("test/lock").unwrap();
    soon("another lock on it keeps it", mine.release()).await;
    assert!(also_mine.is_leading() && !theirs.is_leading());
    let done = also_mine.while_leading(async |term| term.fence().get());
    assert_eq!(soon("the work is done", done).await.unwrap(), 1);

    soon("it is released", also_mine.release()).await;
    assert_eq!(soon("two leads", theirs.acquired()).await.unwrap().fence(), Fence::new(2));
    let again = one.lock("test/lock").unwrap();
    soon("two is gone", two.shutdown()).await;
    assert!(soon("two leads no more", theirs.acquired()).await.unwrap_err().is_closed());
    assert_eq!(soon("one leads again", again.acquired()).await.unwrap().fence(), Fence::new(3));
}

#[tokio::test]
async fn the_changes_of_a_lock_are_told_from_how_it_stands_to_the_end_of_its_manager() {
    let locks = tempfile::tempdir().unwrap();
    let (one, two) =
        (LockManager::new(&local(&locks)).unwrap(), LockManager::new(&local(&locks)).unwrap());
    let theirs = two.lock("test/changes").unwrap();
    soon("two leads", theirs.acquired()).await.unwrap();
    let before = SystemTime::now();
    let mine = one.lock("test/changes").unwrap();
    // owns what it needs, also where it is wrapped
    let wrapped = |lock: &Lock| lock.changes().map(|term| term);
    let mut changes = wrapped(&mine);
    assert_eq!(soon("how it stands", changes.next()).await, Some(None));
    soon("two lets go", theirs.release()).await;
    let term = soon("one leads", changes.next()).await.flatten().expect("a term");
    assert_eq!(mine.term(), Some(term));
    assert_eq!(term.fence(), Fence::new(2));
    assert!((before..=SystemTime::now()).contains(&term.since()));
    soon("one lets go, though its changes are asked for", mine.release()).await;
    assert_eq!(soon("it leads no longer", changes.next()).await, Some(None));
    soon("one is gone", one.shutdown()).await;
    assert_eq!(soon("there is no more to tell", changes.next()).await, None);
}

#[tokio::test]
async fn l3_work_under_a_lock_holds_back_its_release() {
    let locks = tempfile::tempdir().unwrap();
    let one = LockManager::new(&local(&locks)).unwrap();
    let lock = Arc::new(one.lock("test/work").unwrap());
    let (begin, began) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let work = tokio::spawn({
        let lock = Arc::clone(&lock);
        async move {
            lock.while_leading(async |_| {
                begin.send(()).unwrap();
                ended.await.unwrap();
            })
            .await
        }
    });
    soon("the work begins", began).await.unwrap();
    let mut leaving = tokio::spawn(one.shutdown());
    assert!(timeout(Duration::from_millis(200), &mut leaving).await.is_err());
    assert!(lock.is_leading(), "it leads until its work has ended");
    let late = tokio::spawn({
        let lock = Arc::clone(&lock);
        async move { lock.while_leading(async |_| ()).await }
    });
    end.send(()).unwrap();
    soon("the work ends", work).await.unwrap().unwrap();
    soon("everything is let go", leaving).await.unwrap();
    assert!(soon("no new work begins", late).await.unwrap().unwrap_err().is_closed());
}

#[tokio::test]
async fn a_lock_file_that_is_deleted_is_lost_within_two_seconds_and_locked_anew() {
    let locks = tempfile::tempdir().unwrap();
    let (one, two) =
        (LockManager::new(&local(&locks)).unwrap(), LockManager::new(&local(&locks)).unwrap());
    let mine = one.lock("test/deleted").unwrap();
    soon("one leads", mine.acquired()).await.unwrap();
    let theirs = two.lock("test/deleted").unwrap();
    fs::remove_file(locks.path().join("test+deleted.lock")).unwrap();
    soon("two leads", theirs.acquired()).await.unwrap();
    let lost = timeout(Duration::from_secs(2), async {
        while mine.is_leading() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    lost.await.expect("one has noticed");
    assert!(theirs.is_leading());
}

#[tokio::test]
async fn a_lock_file_that_was_damaged_or_cut_short_is_told_and_stands_in_no_others_way() {
    let locks = tempfile::tempdir().unwrap();
    Log::listen();
    fs::write(locks.path().join("test+bad.lock"), "{\"fence\":7").unwrap();
    // longer than what is written over it
    let long = format!("{{\"fence\":41,\"node\":\"{}\"}}\n", "x".repeat(500));
    fs::write(locks.path().join("test+long.lock"), long).unwrap();
    let manager = LockManager::new(&local(&locks)).unwrap();
    let bad = manager.lock("test/bad").unwrap();
    let long = manager.lock("test/long").unwrap();
    assert_eq!(soon("it is led", long.acquired()).await.unwrap().fence(), Fence::new(42));
    let fault = format!("{} was damaged", locks.path().join("test+bad.lock").display());
    soon("it is told", async {
        while !Log::lines().iter().any(|line| line.contains("WARN") && line.contains(&fault)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!bad.is_leading());
    manager.shutdown().await;
    let again = LockManager::new(&local(&locks)).unwrap();
    let long = again.lock("test/long").unwrap();
    assert_eq!(soon("it is led again", long.acquired()).await.unwrap().fence(), Fence::new(43));
}

#[tokio::test]
async fn work_under_a_lock_that_panics_gives_the_key_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let manager = || LockManager::new(&local(&directory)).expect("it starts");
    let locks = manager();
    let lock = locks.lock("test/by_hand").expect("a key");
    for _ in 0..2 {
        let work = async |_| panic!("as planned");
        let panicked = AssertUnwindSafe(lock.while_leading(work)).catch_unwind().await;
        assert!(panicked.is_err(), "whoever asked for it hears of it");
    }
    soon("its work", lock.while_leading(async |_| ())).await.expect("it leads");
    soon("it is released", lock.release()).await;
    let others = manager();
    let other = others.lock("test/by_hand").expect("a key");
    soon("another leads", other.acquired()).await.expect("it leads");
    soon("all is let go", locks.shutdown()).await;
    soon("all is let go", others.shutdown()).await;
}
