//! The start of a runtime on a machine that gives no thread.

use std::env;
use std::process::Command;

use leader_runtime::{LockManager, Settings};

/// Plays this scene in a process of its own, inside a runtime that needs no thread.
fn without_threads(test: &str, scene: impl AsyncFnOnce(Settings)) {
    const IS_WITHOUT: &str = "TEST_WITHOUT_THREADS";
    if env::var_os(IS_WITHOUT).is_none() {
        let played = Command::new(env::current_exe().expect("this test"))
            // which then runs on the first thread
            .args(["--exact", test, "--test-threads=1", "--nocapture"])
            .env(IS_WITHOUT, "1")
            // no machine has so much memory for a thread's stack
            .env("RUST_MIN_STACK", (usize::MAX / 4).to_string())
            .output()
            .expect("it starts");
        assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
        let said = String::from_utf8_lossy(&played.stdout);
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(scene(Settings::new().local(directory.path())));
}

#[test]
fn a_lock_manager_says_that_there_is_none_for_it() {
    without_threads("a_lock_manager_says_that_there_is_none_for_it", async |settings| {
        let refused = LockManager::new(&settings).expect_err("there is no thread");
        assert_eq!(refused.to_string(), "the machine gives no thread for the lock manager");
    });
}

#[cfg(feature = "health")]
#[test]
fn a_runtime_that_answers_probes_says_that_there_is_none_for_them() {
    use leader_runtime::{Runtime, jobs, leader_job};

    #[leader_job(key = "test/threads", every = "1h")]
    async fn idle() {}

    let test = "a_runtime_that_answers_probes_says_that_there_is_none_for_them";
    without_threads(test, async |settings| {
        let runtime = Runtime::new(settings.health("127.0.0.1:0")).jobs(jobs![idle]);
        let refused = runtime.run_until(async {}).await.expect_err("there is no thread");
        let said = "the machine gives no thread for probes and the service manager";
        assert_eq!(refused.to_string(), said);
    });
}
