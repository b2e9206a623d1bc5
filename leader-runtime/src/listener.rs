//! The HTTP server of every port that this process opens, with its limits: no client can keep others
//! from an answer.
//!
//! A connection is for one request. Beyond a maximum, the connection that has waited longest without
//! a complete request is closed, and the oldest of those being answered. In both cases it is a
//! connection of the client address with the most connections.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::sync::Mutex;
use crate::system::{is_waited_for, keep_backlog};

/// Timeout of the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum time that a connection is open: the timeout of a Prometheus scrape.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum length of a request's head, in bytes. A longer one is answered with 431.
const HEAD_LENGTH: usize = 16 * 1024;

/// Maximum number of connections without a complete request: half of the file descriptors that most
/// systems give a process.
const WAITING: usize = 512;

/// Maximum number of connections that are being answered. Each holds its whole answer in memory.
const ANSWERING: usize = 32;

/// Maximum number of connections that are accepted before the open ones have a turn.
const BATCH: usize = 64;

/// Number of connections that the kernel keeps until they are accepted. A client without room tries
/// again only after a second.
const BACKLOG: i32 = 4096;

/// Delay before the next accept if the process has no file descriptor left, and none belongs to a
/// connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Delay before the next accept if the process has no file descriptor left, and no client waits.
const IDLE: Duration = Duration::from_millis(5);

/// A listening port.
#[derive(Debug)]
pub(crate) struct Listener(TcpListener);

impl Listener {
    /// Opens the port.
    ///
    /// # Errors
    ///
    /// Where the address is none of this machine, or the port is taken.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        keep_backlog(&listener, BACKLOG)?;
        Ok(Self(listener))
    }

    /// The address, with the port that the system chose where none was named.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers each request, until the future is dropped; then all connections are closed.
    ///
    /// # Errors
    ///
    /// Where the runtime cannot listen on the port.
    pub(crate) async fn serve<A, F, B>(self, answer: A) -> io::Result<Infallible>
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        // a file descriptor in reserve: a process that has no other left still answers its probes
        let reserve = || self.0.try_clone().ok();
        let mut reserved = reserve();
        let listener = tokio::net::TcpListener::from_std(self.0.try_clone()?)?;
        let connections = Arc::new(Connections::default());
        let mut tasks = JoinSet::new();
        let mut accepted = 0_usize;
        // whether the tasks of all connections have run since the last one was accepted
        let mut had_turn = true;
        loop {
            match listener.accept().await {
                Ok((stream, client)) => {
                    connections.open(client.ip(), |guard| {
                        tasks.spawn(timeout(TIMEOUT, converse(stream, guard, answer.clone())))
                    });
                    reserved = reserved.or_else(reserve);
                    while tasks.try_join_next().is_some() {}
                    // a request that has arrived is answered before its connection could be the
                    // oldest of too many
                    accepted += 1;
                    if accepted.is_multiple_of(BATCH) {
                        let_tasks_run().await;
                    }
                    had_turn = false;
                }
                Err(fault) if is_of_one_client(&fault) => {}
                // no file descriptor is left, which Linux says even where no client waits
                Err(_) if !is_waited_for(&self.0) => {
                    reserved = reserved.or_else(reserve);
                    sleep(IDLE).await;
                }
                // the next try has the one in reserve, later ones have that of the oldest connection
                Err(_) if reserved.take().is_some() => {}
                Err(_) if !had_turn => {
                    let_tasks_run().await;
                    had_turn = true;
                }
                Err(_) if connections.close_oldest() => yield_now().await,
                Err(fault) => {
                    debug!(%fault, "connection not accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Lets the tasks of new connections run, and answer the requests that have arrived: a task registers
/// its socket in its first turn, and reads in the second.
async fn let_tasks_run() {
    for _ in 0..3 {
        yield_now().await;
    }
}

/// Whether a client went away before its connection was accepted.
fn is_of_one_client(fault: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&fault.kind())
}

/// Answers the one request of a connection.
async fn converse<A, F, B>(stream: TcpStream, guard: ConnectionGuard, answer: A)
where
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let service = service_fn(move |request| {
        guard.begin_answer();
        let answered = answer(request);
        async { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        // a kept connection would count on
        .keep_alive(false)
        // some clients end their half of the connection with the request
        .half_close(true)
        .max_buf_size(HEAD_LENGTH)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // fails where a client is too slow, or goes away: nobody misses it
    let _ = connection.await;
}

/// The connections that are open.
#[derive(Debug, Default)]
struct Connections(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    next: u64,
    waiting: Line,
    answering: Line,
}

/// Connections in one state, by the addresses of their clients; the oldest of each first.
#[derive(Debug, Default)]
struct Line {
    length: usize,
    clients: HashMap<IpAddr, BTreeMap<u64, AbortHandle>>,
}

/// Keeps a connection in one of the lines, until this is dropped.
struct ConnectionGuard {
    number: u64,
    client: IpAddr,
    connections: Arc<Connections>,
}

impl Connections {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock()
    }

    /// Puts a new connection at the end of those that wait. `begin` starts the task of the connection.
    fn open(self: &Arc<Self>, client: IpAddr, begin: impl FnOnce(ConnectionGuard) -> AbortHandle) {
        let mut lines = self.lines();
        let number = lines.next;
        lines.next += 1;
        let task = begin(ConnectionGuard { number, client, connections: Arc::clone(self) });
        lines.waiting.insert(client, number, task);
        lines.waiting.keep(WAITING);
    }

    /// Closes the connection that has waited longest, or where none waits the oldest. `false` where
    /// none is open.
    fn close_oldest(&self) -> bool {
        let mut lines = self.lines();
        lines.waiting.close_oldest() || lines.answering.close_oldest()
    }
}

impl Line {
    fn insert(&mut self, client: IpAddr, number: u64, task: AbortHandle) {
        self.clients.entry(client).or_default().insert(number, task);
        self.length += 1;
    }

    fn remove(&mut self, client: IpAddr, number: u64) -> Option<AbortHandle> {
        let of_client = self.clients.get_mut(&client)?;
        let task = of_client.remove(&number)?;
        if of_client.is_empty() {
            self.clients.remove(&client);
        }
        self.length -= 1;
        Some(task)
    }

    /// Closes connections until there are no more than this.
    fn keep(&mut self, number: usize) {
        while self.length > number && self.close_oldest() {}
    }

    /// Closes the oldest connection of the client that has the most, and of several such clients the
    /// oldest of all. `false` where there is none.
    fn close_oldest(&mut self) -> bool {
        let oldest = |(client, tasks): (&IpAddr, &BTreeMap<u64, AbortHandle>)| {
            let (number, _) = tasks.first_key_value()?;
            Some((tasks.len(), Reverse(*number), *client))
        };
        let Some((_, Reverse(number), client)) = self.clients.iter().filter_map(oldest).max()
        else {
            return false;
        };
        self.remove(client, number).inspect(AbortHandle::abort).is_some()
    }
}

impl ConnectionGuard {
    /// Moves the connection to those that are being answered.
    fn begin_answer(&self) {
        let mut lines = self.connections.lines();
        if let Some(task) = lines.waiting.remove(self.client, self.number) {
            lines.answering.insert(self.client, self.number, task);
            lines.answering.keep(ANSWERING);
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut lines = self.connections.lines();
        lines.waiting.remove(self.client, self.number);
        lines.answering.remove(self.client, self.number);
    }
}

#[cfg(test)]
mod tests;
