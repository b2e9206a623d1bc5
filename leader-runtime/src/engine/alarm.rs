//! Wakes the engine when the wall clock shows an instant.
//!
//! Tokio's timers go by milliseconds, and come one late on average. Linux has a timer of its own that
//! comes within some 50 µs, and also when the clock is set; elsewhere, and in virtual time, it is
//! tokio's.

use std::time::SystemTime;

use crate::clock::LONGEST_SLEEP;

/// What an engine waits by.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    #[cfg(all(not(test), any(target_os = "linux", target_os = "android")))]
    timer: timerfd::Timer,
}

impl Alarm {
    /// Comes back at this instant, at the latest in a second: the wall clock can be set, and a machine
    /// can sleep. `now` is what the clock shows.
    pub(super) async fn wait(&mut self, until: Option<SystemTime>, now: SystemTime) {
        let until = until.map_or(now + LONGEST_SLEEP, |until| until.min(now + LONGEST_SLEEP));
        #[cfg(all(not(test), any(target_os = "linux", target_os = "android")))]
        if self.timer.wait(until).await {
            return;
        }
        tokio::time::sleep(until.duration_since(now).unwrap_or_default()).await;
    }
}

#[cfg(all(not(test), any(target_os = "linux", target_os = "android")))]
mod timerfd {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::panic::catch_unwind;
    use std::time::SystemTime;

    use rustix::io::{Errno, read};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;
    use tracing::warn;

    use crate::clock;

    /// One of the system, where that gives one.
    #[derive(Debug, Default)]
    pub(super) enum Timer {
        /// It is made for the first wait.
        #[default]
        Unmade,
        Made(AsyncFd<OwnedFd>),
        Failed,
    }

    impl Timer {
        /// Comes back at this instant, or when the clock is set; false where it cannot. Dropping the
        /// future loses nothing.
        pub(super) async fn wait(&mut self, until: SystemTime) -> bool {
            if matches!(self, Self::Unmade) {
                *self = make().map_or_else(failed, Self::Made);
            }
            if let Self::Made(timer) = self
                && let Err(cause) = wait(timer, until).await
            {
                *self = failed(cause);
            }
            matches!(self, Self::Made(_))
        }
    }

    fn failed(cause: io::Error) -> Timer {
        warn!(%cause, "the system gives no timer: jobs begin a millisecond later, by tokio's");
        Timer::Failed
    }

    fn make() -> io::Result<AsyncFd<OwnedFd>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        #[allow(
            deprecated,
            reason = "its successor is unsafe, and an `OwnedFd` keeps what that asks"
        )]
        let registered = catch_unwind(|| AsyncFd::new(timer));
        registered
            .unwrap_or_else(|_| Err(io::Error::other("tokio's runtime was built without I/O")))
    }

    async fn wait(timer: &AsyncFd<OwnedFd>, until: SystemTime) -> io::Result<()> {
        let until = clock::since_epoch(until);
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        // 0 would be no alarm
        let at = Timespec {
            tv_sec: until.as_secs() as i64,
            tv_nsec: until.subsec_nanos().max(1).into(),
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(timer, flags, &Itimerspec { it_interval: once, it_value: at }) {
            // the clock was set since the last wait
            Err(Errno::CANCELED) => return Ok(()),
            set => set?,
        };
        loop {
            let mut ready = timer.readable().await?;
            match ready.try_io(|timer| Ok(read(timer, &mut [0; 8])?)) {
                Ok(Ok(_)) => {
                    ready.clear_ready();
                    return Ok(());
                }
                Ok(Err(cause)) if cause.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => {
                    return Ok(());
                }
                Ok(Err(cause)) => return Err(cause),
                // it was ready for what is no more
                Err(_) => {}
            }
        }
    }
}
