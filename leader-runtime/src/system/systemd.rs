//! Notifications to the service manager: systemd's protocol for a unit of `Type=notify`.

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
    use std::sync::OnceLock;
    use std::time::Duration;

    use leader_core::election::Timestamp;
    use tracing::{debug, warn};

    use crate::model::Health;
    use crate::system::clock::{self, LONGEST_SLEEP};
    use crate::text::{Excerpt, count};

    /// The notification socket of the service manager.
    #[derive(Debug)]
    pub(crate) struct Notifier {
        socket: UnixDatagram,
        /// Timeout of the watchdog.
        watchdog: Option<Duration>,
        /// The latest end of the shutdown, once it has begun.
        stops_by: OnceLock<Timestamp>,
    }

    /// Maximum extension that is asked for at once. The manager takes none back, and a process that
    /// hangs after its last run must not have much left.
    const EXTENSION: Duration = Duration::from_secs(5);

    /// Interval of looks until the runtime has started, which takes milliseconds.
    const BEFORE_READY: Duration = Duration::from_millis(20);

    impl Notifier {
        /// Connects to the socket of the environment, if there is one.
        pub(crate) fn from_env() -> Option<Self> {
            let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
            let socket = connect(&name).inspect_err(|fault| {
                let name = name.to_string_lossy();
                let name = Excerpt::line(&name);
                warn!("NOTIFY_SOCKET=`{name}`: {fault}; the service manager is not notified");
            });
            Some(Self { socket: socket.ok()?, watchdog: watchdog(), stops_by: OnceLock::new() })
        }

        /// Sends the state of the runtime, until the future is dropped. `health` has none until the
        /// runtime has started.
        pub(crate) async fn follow(&self, health: impl Fn() -> Option<Health>) {
            while health().is_none() {
                tokio::time::sleep(BEFORE_READY).await;
            }
            self.send_or_log("READY=1");
            // half of it, as systemd's manual recommends
            let watchdog = self.watchdog.map(|watchdog| watchdog / 2);
            let mut sent = String::new();
            loop {
                let Some(health) = health() else { return };
                let status = status(&health);
                if sent != status {
                    self.send_or_log(&status);
                    sent = status;
                }
                if watchdog.is_some() && health.is_live {
                    self.send_or_log("WATCHDOG=1");
                }
                if let Some(extension) = self.extension() {
                    self.send_or_log(&extension);
                }
                tokio::time::sleep(watchdog.map_or(LONGEST_SLEEP, |w| w.min(LONGEST_SLEEP))).await;
            }
        }

        /// Notifies the manager of the shutdown, which ends within this time.
        pub(crate) fn stopping(&self, within: Duration) {
            if self.stops_by.set(clock::now() + within).is_ok() {
                // nothing is logged: the watcher of a blocked process calls this, and must not wait
                // for a subscriber
                let _ = self.send("STOPPING=1");
                let _ = self.extension().map(|extension| self.send(&extension));
            }
        }

        /// The request for more time while runs drain, so that `TimeoutStopSec` of a unit need not
        /// include the drain.
        fn extension(&self) -> Option<String> {
            let left = self.stops_by.get()?.since(clock::now()).min(EXTENSION);
            (!left.is_zero()).then(|| format!("EXTEND_TIMEOUT_USEC={}", left.as_micros()))
        }

        fn send_or_log(&self, text: &str) {
            if let Err(fault) = self.send(text) {
                debug!(%fault, "service manager not notified");
            }
        }

        fn send(&self, text: &str) -> io::Result<usize> {
            self.socket.send(text.as_bytes())
        }
    }

    /// Connects to a path, or with a leading `@` to an abstract name.
    fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => return Err(io::Error::other("neither a path nor a name that begins with `@`")),
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // a manager that does not read must not block this process
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// Timeout of the watchdog, if it is meant for this process.
    fn watchdog() -> Option<Duration> {
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        number("WATCHDOG_USEC").filter(|_| is_ours).map(Duration::from_micros)
    }

    /// The number in this variable; anything but a number from 1 on is logged.
    fn number(name: &str) -> Option<u64> {
        let text = std::env::var_os(name).filter(|text| !text.is_empty())?;
        let number = text.to_str().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            let text = text.to_string_lossy();
            warn!(
                "{name}=`{}`: is no number from 1 on, as systemd gives one",
                Excerpt::line(&text)
            );
        }
        number
    }

    fn status(health: &Health) -> String {
        let (leads, keys) = (health.leading_count(), health.keys.len());
        let mut status = format!("STATUS=leader of {leads}/{}", count(keys, "key"));
        if let Some(fault) = health.faults.first() {
            // a line feed would begin another message
            status.extend(["; ", &fault.replace('\n', " ")]);
        }
        status
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::convert::Infallible;
    use std::time::Duration;

    use crate::model::Health;

    /// No service manager on this system.
    #[derive(Debug)]
    pub(crate) struct Notifier(Infallible);

    impl Notifier {
        pub(crate) const fn from_env() -> Option<Self> {
            None
        }

        pub(crate) async fn follow(&self, _: impl Fn() -> Option<Health>) {
            match self.0 {}
        }

        pub(crate) fn stopping(&self, _: Duration) {
            match self.0 {}
        }
    }
}
