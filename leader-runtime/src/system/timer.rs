//! A timer for an instant of the wall clock, which also fires when that clock is set.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::timerfd::Timer;

#[cfg(any(target_os = "linux", target_os = "android"))]
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

    use crate::system::clock;

    /// A timer of the system.
    #[derive(Debug, Default)]
    pub(crate) enum Timer {
        /// Not made before the first wait.
        #[default]
        Unmade,
        Made(AsyncFd<OwnedFd>),
        Failed,
    }

    impl Timer {
        /// Waits until this instant, or until the clock is set. Returns `false` where the system has
        /// no timer. Cancel safe.
        pub(crate) async fn wait(&mut self, until: SystemTime) -> bool {
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
        warn!(%cause, "system timer unavailable: jobs begin up to a millisecond later, by tokio's timer");
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
        // 0 would disarm the timer
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
                // a spurious wakeup
                Err(_) => {}
            }
        }
    }
}

/// No timer on this system.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[derive(Debug, Default)]
pub(crate) struct Timer;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Timer {
    pub(crate) async fn wait(&mut self, _: std::time::SystemTime) -> bool {
        false
    }
}
