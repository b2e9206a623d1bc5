//! The signals that stop a process, received by a plain thread, which no Tokio runtime can hold up.

#[cfg(not(unix))]
pub(crate) use self::ctrl_c::Signals;
#[cfg(unix)]
pub(crate) use self::unix::Signals;

/// Exits at once, whatever other threads do or hold. Handlers of `atexit` are not called.
pub(crate) fn exit(code: u8) -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(code.into());
    #[cfg(not(unix))]
    std::process::exit(code.into());
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read as _};
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::low_level::pipe;

    /// SIGTERM and SIGINT, as bytes of a socket.
    #[derive(Debug)]
    pub(crate) struct Signals(UnixStream);

    impl Signals {
        /// Installs the handlers: from now on, these signals do not end the process by themselves.
        pub(crate) fn listen() -> io::Result<Self> {
            let (read, write) = UnixStream::pair()?;
            pipe::register(SIGTERM, write.try_clone()?)?;
            pipe::register(SIGINT, write)?;
            Ok(Self(read))
        }

        /// Waits for the next signal. Returns whether one came.
        pub(crate) fn next(&mut self) -> bool {
            let came = self.0.read_exact(&mut [0]);
            if came.is_err() {
                // not expected, and it may last
                thread::sleep(Duration::from_millis(100));
            }
            came.is_ok()
        }
    }
}

#[cfg(not(unix))]
mod ctrl_c {
    use std::io;
    use std::sync::mpsc::{self, Receiver};

    use crate::thread;

    /// Ctrl-C.
    #[derive(Debug)]
    pub(crate) struct Signals(Receiver<()>);

    impl Signals {
        pub(crate) fn listen() -> io::Result<Self> {
            let (sender, receiver) = mpsc::channel();
            let listen = move || async move {
                while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).is_ok() {}
            };
            thread::start("leader-ctrl-c", "Ctrl-C", listen).map_err(io::Error::other)?;
            Ok(Self(receiver))
        }

        pub(crate) fn next(&mut self) -> bool {
            if self.0.recv().is_err() {
                // no signal can come any more
                std::thread::park();
                return false;
            }
            true
        }
    }
}
