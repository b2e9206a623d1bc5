//! Unix sockets, and the backlog of listening sockets.

#[cfg(feature = "health")]
use std::io;
#[cfg(feature = "health")]
use std::net::TcpListener;
use std::path::Path;

use reqwest::ClientBuilder;

/// Whether the system has Unix sockets.
pub(crate) const HAS_SOCKETS: bool = cfg!(unix);

/// Makes a client connect to this socket for every host.
#[cfg(unix)]
pub(crate) fn through_socket(builder: ClientBuilder, path: &Path) -> ClientBuilder {
    builder.unix_socket(path)
}

/// Never called: without Unix sockets, their addresses are refused.
#[cfg(not(unix))]
pub(crate) fn through_socket(builder: ClientBuilder, _: &Path) -> ClientBuilder {
    builder
}

/// Sets the backlog, the number of connections that the kernel keeps until they are accepted. The
/// standard library sets 128.
#[cfg(all(unix, feature = "health"))]
pub(crate) fn keep_backlog(listener: &TcpListener, connections: i32) -> io::Result<()> {
    Ok(rustix::net::listen(listener, connections)?)
}

#[cfg(all(not(unix), feature = "health"))]
pub(crate) fn keep_backlog(_: &TcpListener, _: i32) -> io::Result<()> {
    Ok(())
}

/// Whether a client waits to be accepted.
#[cfg(all(unix, feature = "health"))]
pub(crate) fn is_waited_for(listener: &TcpListener) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut listener = [PollFd::new(listener, PollFlags::IN)];
    // a fault is one of the listener, which shows at the next try to accept
    poll(&mut listener, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// An error of the listener is about a client that waits.
#[cfg(all(not(unix), feature = "health"))]
pub(crate) fn is_waited_for(_: &TcpListener) -> bool {
    true
}
