//! What the service manager is told, where it wants to hear: systemd's notifications, for a unit of
//! `Type=notify`.

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Notifier;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::nowhere::Notifier;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use tracing::{debug, warn};

    use crate::clock::LONGEST_SLEEP;
    use crate::handle::Handle;
    use crate::health::Health;
    use crate::runtime::count;

    /// The way to the service manager.
    #[derive(Debug)]
    pub(crate) struct Notifier {
        socket: UnixDatagram,
        /// How often it wants to hear that the process is live.
        watchdog: Option<Duration>,
    }

    /// Until the runtime has started, which takes milliseconds, it is looked at this often.
    const BEFORE_READY: Duration = Duration::from_millis(20);

    impl Notifier {
        /// Where the environment names a socket, and that can be had.
        pub(crate) fn from_env() -> Option<Self> {
            let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
            let socket = connect(&name).inspect_err(|fault| {
                let name = name.display();
                warn!("NOTIFY_SOCKET=`{name}`: {fault}; the service manager hears nothing");
            });
            Some(Self { socket: socket.ok()?, watchdog: watchdog() })
        }

        /// Tells what becomes of the runtime, until the future is dropped.
        pub(crate) async fn follow(&self, handle: &Handle) {
            while !handle.has_started() {
                tokio::time::sleep(BEFORE_READY).await;
            }
            self.say("READY=1");
            // half of it, as systemd's own manual wants
            let watchdog = self.watchdog.map(|watchdog| watchdog / 2);
            let mut said = String::new();
            loop {
                let health = handle.health();
                let status = status(&health);
                if said != status {
                    self.say(&status);
                    said = status;
                }
                if watchdog.is_some() && health.live {
                    self.say("WATCHDOG=1");
                }
                tokio::time::sleep(watchdog.map_or(LONGEST_SLEEP, |w| w.min(LONGEST_SLEEP))).await;
            }
        }

        /// The runtime was told to stop, and lets go of everything within so long: a unit's own
        /// `TimeoutStopSec` need not know how long its jobs drain.
        pub(crate) fn stopping(&self, within: Duration) {
            self.say(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", within.as_micros()));
        }

        fn say(&self, text: &str) {
            if let Err(fault) = self.socket.send(text.as_bytes()) {
                debug!(%fault, "the service manager does not hear");
            }
        }
    }

    /// A name that begins with `@` is one of the kernel's own, and no file.
    fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => return Err(io::Error::other("neither a path nor a name that begins with `@`")),
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // a manager that does not read shall hold nobody up
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// As the manager wants it of this process.
    fn watchdog() -> Option<Duration> {
        let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0).map(Duration::from_micros)
    }

    fn status(health: &Health) -> String {
        let (leads, keys) = (health.leads(), health.keys.len());
        let mut status = format!("STATUS=leader of {leads}/{}", count(keys, "key"));
        if let Some(fault) = health.faults.first() {
            // a line feed would begin another word to the manager
            status.extend(["; ", &fault.replace('\n', " ")]);
        }
        status
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::convert::Infallible;
    use std::time::Duration;

    use crate::handle::Handle;

    /// There is none.
    #[derive(Debug)]
    pub(crate) struct Notifier(Infallible);

    impl Notifier {
        pub(crate) const fn from_env() -> Option<Self> {
            None
        }

        pub(crate) async fn follow(&self, _: &Handle) {
            match self.0 {}
        }

        pub(crate) fn stopping(&self, _: Duration) {
            match self.0 {}
        }
    }
}
