//! The Tokio tasks of all runs of a process.

use tokio::task::JoinSet;

use crate::sync::Mutex;
use crate::unwind::shielded;

/// Tasks that are aborted together; `None` once they are.
#[derive(Debug)]
pub(super) struct TaskSet(Mutex<Option<JoinSet<()>>>);

impl TaskSet {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Spawns a task; does nothing after [`TaskSet::abort_all`].
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = &mut *self.0.lock() {
            forget_ended(tasks);
            tasks.spawn(task);
        }
    }

    /// Number of tasks that have not ended.
    pub(super) fn len(&self) -> usize {
        let mut tasks = self.0.lock();
        let Some(tasks) = &mut *tasks else { return 0 };
        forget_ended(tasks);
        tasks.len()
    }

    /// Aborts all tasks, and refuses new ones.
    pub(super) fn abort_all(&self) {
        let tasks = self.0.lock().take();
        drop(tasks);
    }
}

fn forget_ended(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        shielded(|| drop(ended));
    }
}
