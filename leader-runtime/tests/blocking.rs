//! A job that blocks its thread, through the runtime on lock files. It has a process of its own,
//! since what is logged on all threads is looked at.

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use leader_runtime::{Data, Due, Runtime, Settings, jobs, leader_job};
use tokio::sync::{mpsc as channel, oneshot};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn count(&self, text: &str) -> usize {
        let bytes = self.0.lock().expect("nothing panics under it").clone();
        String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(text)).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nothing panics under it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

#[leader_job(key = "test/blocking", every = "50ms")]
async fn blocks() {
    let go_on = GO_ON.lock().expect("nothing panics under it").take();
    if let Some(go_on) = go_on {
        go_on.recv().expect("the test says so");
    }
}

#[leader_job(key = "test/blocking", every = "50ms")]
async fn punctual(due: Due, late: Data<channel::UnboundedSender<Duration>>) {
    let _ = late.send(SystemTime::now().duration_since(due.timestamp()).unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_blocks_its_thread_is_told_while_it_does_and_the_others_stay_on_time() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let (sender, mut late) = channel::unbounded_channel::<Duration>();
    let locks = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(Settings::new().local(locks.path())).data(sender);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(
        runtime.jobs(jobs![blocks, punctual]).run_until(async { drop(stopped.await) }),
    );
    let mut all = Vec::new();
    let told = timeout(SOON, async {
        while log.count("blocks its thread") == 0 {
            all.push(late.recv().await.expect("it runs"));
        }
    });
    told.await.expect("it is told while it blocks");
    assert!(all.len() >= 15, "the other ran meanwhile: {all:?}");
    all.sort();
    assert!(all[all.len() / 2] < Duration::from_millis(50), "on time: {all:?}");
    go_on.send(()).unwrap();
    drop(stop);
    timeout(SOON, running).await.expect("it ends").unwrap().unwrap();
    assert_eq!(log.count("blocks its thread"), 1);
    assert_eq!(log.count("run skipped: the previous run still goes on"), 1);
}
