//! One connection through the proxy: two pumps, one for each way, which keep the order of the bytes
//! and of the ends.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{LinkId, Verdict, Wire};
use super::{Request, Way};

/// How long a full socket may hold a pump up before it looks whether it has been cut.
const STUCK: Duration = Duration::from_millis(50);

/// Serves a connection until both ends are closed, or it is cut.
pub(super) fn run(wire: &Wire, link: LinkId, server: &str) {
    let (client, lost) = wire.change(|state| {
        let link = state.link(link);
        (Arc::clone(&link.client), link.lost_bytes)
    });
    if lost {
        swallow(wire, link, &client);
        return;
    }
    let Ok(server) = TcpStream::connect(server).map(Arc::new) else {
        wire.change(|state| state.link(link).cut());
        return;
    };
    let cut = wire.change(|state| {
        let link = state.link(link);
        link.server = Some(Arc::clone(&server));
        link.is_cut()
    });
    if cut {
        return;
    }
    for socket in [&client, &server] {
        // fail only on a socket that is reset already, as the first read will tell
        let _ = socket.set_nodelay(true);
        let _ = socket.set_write_timeout(Some(STUCK));
    }
    thread::scope(|scope| {
        scope.spawn(|| Pump::new(wire, link, Way::ToClient, &server, &client).run());
        Pump::new(wire, link, Way::ToServer, &client, &server).run();
    });
}

/// Takes what comes from a client whose server never hears of it.
fn swallow(wire: &Wire, link: LinkId, mut client: &TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        note_request(wire, link, &buffer[..read]);
    }
    wire.change(|state| state.link(link).client_is_there = false);
}

/// One way of a connection.
struct Pump<'a> {
    wire: &'a Wire,
    link: LinkId,
    way: Way,
    from: &'a TcpStream,
    to: &'a TcpStream,
    /// Bytes on their way, and when they arrive.
    under_way: VecDeque<(Instant, Vec<u8>)>,
}

impl<'a> Pump<'a> {
    fn new(wire: &'a Wire, link: LinkId, way: Way, from: &'a TcpStream, to: &'a TcpStream) -> Self {
        Self { wire, link, way, from, to, under_way: VecDeque::new() }
    }

    fn run(mut self) {
        let passed = self.pass();
        if self.way == Way::ToServer {
            self.wire.change(|state| state.link(self.link).client_is_there = false);
        }
        if passed.is_ok() {
            self.wait_to_end();
        }
        if !self.wire.lock().is_cut(self.link) {
            // a client that has closed reads no answer either, so its server's side ends both ways
            let end = if self.way == Way::ToServer { Shutdown::Both } else { Shutdown::Write };
            let _ = self.to.shutdown(end);
        }
    }

    /// Passes bytes until the last has arrived; fails when one of the ends is gone.
    fn pass(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            self.deliver()?;
            let next = self.under_way.front().map(|(due, _)| *due);
            let left = next.map(|due| due.saturating_duration_since(Instant::now()));
            // zero would mean for ever
            self.from.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
            match self.from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.take(&buffer[..read]),
                Err(fault) if is_timeout(&fault) => {}
                Err(fault) => return Err(fault),
            }
        }
        while let Some((due, _)) = self.under_way.front() {
            self.wire.wait_for(*due, self.link);
            self.deliver()?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.way == Way::ToServer {
            note_request(self.wire, self.link, bytes);
        }
        let delay = self.wire.lock().draw_delay(self.way);
        self.under_way.push_back((Instant::now() + delay, bytes.to_vec()));
    }

    /// Brings in what is due.
    fn deliver(&mut self) -> io::Result<()> {
        while self.under_way.front().is_some_and(|(due, _)| *due <= Instant::now()) {
            let Some((_, bytes)) = self.under_way.pop_front() else { break };
            let verdict = self.wire.lock().judge(self.link, self.way);
            match verdict {
                Verdict::Pass => self.write(&bytes)?,
                Verdict::Swallow => {}
                Verdict::Cut => return Err(ErrorKind::ConnectionReset.into()),
            }
        }
        if self.wire.lock().is_cut(self.link) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.to.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(fault) if is_timeout(&fault) => {
                    if self.wire.lock().is_cut(self.link) {
                        return Err(fault);
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// The end of a stream is swallowed like its bytes, and comes through when the proxy is healed.
    fn wait_to_end(&self) {
        self.wire.wait_until(|state| {
            let swallows = state.lane(self.way).dropping;
            let client_is_there = state.links.get(&self.link).is_some_and(|l| l.client_is_there);
            let to_nobody = self.way == Way::ToClient && !client_is_there;
            !swallows || to_nobody || state.is_cut(self.link)
        });
    }
}

fn is_timeout(fault: &io::Error) -> bool {
    matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A client sends a request's first line with a write of its own beginning, so looking at what a
/// read begins with is enough.
fn note_request(wire: &Wire, connection: LinkId, bytes: &[u8]) {
    let line = bytes.split(|byte| *byte == b'\r').next().map(String::from_utf8_lossy);
    let mut words = line.as_deref().unwrap_or_default().split(' ');
    let (Some(method), Some(path), Some(version)) = (words.next(), words.next(), words.next())
    else {
        return;
    };
    if version.starts_with("HTTP/1.") {
        let (method, path) = (method.to_owned(), path.to_owned());
        wire.lock().requests.push(Request { method, path, at: Instant::now(), connection });
    }
}
