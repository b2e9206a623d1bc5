//! A forward proxy: what `HTTP_PROXY` and its like name. It asks one server, whatever host it is asked
//! for, so that a test can name hosts that nobody has.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A forward proxy, which ends with its owner.
#[derive(Debug)]
pub struct Forward {
    addr: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: String,
    /// The value that `Proxy-Authorization` has to have.
    wanted: Option<String>,
    is_socks: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Vec<String>,
    refused: usize,
    streams: Vec<TcpStream>,
    is_closed: bool,
}

impl Forward {
    /// Starts a proxy without a password, for plain requests and for tunnels.
    pub fn to(server: &str) -> Self {
        Self::start(server, None, false)
    }

    /// Starts a proxy that demands this `user:password`.
    pub fn for_user(server: &str, user: &str) -> Self {
        Self::start(server, Some(format!("Basic {}", BASE64_STANDARD.encode(user))), false)
    }

    /// Starts a SOCKS 5 proxy.
    pub fn socks(server: &str) -> Self {
        Self::start(server, None, true)
    }

    fn start(server: &str, wanted: Option<String>, is_socks: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound").to_string();
        let state = Mutex::default();
        let shared = Arc::new(Shared { server: server.to_owned(), wanted, is_socks, state });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for client in listener.incoming().map_while(Result::ok) {
                    if shared.lock().is_closed {
                        break;
                    }
                    let shared = Arc::clone(&shared);
                    // whoever hangs up ends it, and that is all there is to say
                    thread::spawn(move || drop(shared.serve(client)));
                }
            }
        });
        Self { addr, shared }
    }

    /// Where it listens, `127.0.0.1:port`.
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// The connections that it let pass: the first line of each connection, as `CONNECT consul:8501 HTTP/1.1`; of
    /// SOCKS, the host and the port.
    pub fn asked(&self) -> Vec<String> {
        self.shared.lock().asked.clone()
    }

    /// How many connections it refused, for want of the password.
    pub fn refused(&self) -> usize {
        self.shared.lock().refused
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        for stream in &state.streams {
            // fails where it is closed already
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // wakes the thread that accepts
        let _ = TcpStream::connect(&self.addr);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        self.lock().streams.push(client.try_clone()?);
        if self.is_socks {
            let asked = socks(&mut client)?;
            self.lock().asked.push(asked);
            return self.pass(client, &[]);
        }
        let head = head(&mut client)?;
        let text = String::from_utf8_lossy(&head);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let given = lines
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("Proxy-Authorization"))
            .map(|(_, value)| value.to_owned());
        if self.wanted.is_some() && self.wanted != given {
            self.lock().refused += 1;
            return client.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: \
                  close\r\n\r\n",
            );
        }
        let is_tunnel = first.starts_with("CONNECT ");
        self.lock().asked.push(first);
        if is_tunnel {
            client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n")?;
            return self.pass(client, &[]);
        }
        // a server has to take the whole URL in a request's first line, and Consul does
        self.pass(client, &head)
    }

    /// Passes on what has been read and all that comes, both ways.
    fn pass(&self, mut client: TcpStream, read: &[u8]) -> io::Result<()> {
        let mut server = TcpStream::connect(&self.server)?;
        server.write_all(read)?;
        let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
        self.lock().streams.push(server.try_clone()?);
        let back = thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Both);
        let _ = back.join();
        Ok(())
    }
}

/// The first line of a request and its headers.
fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    const LONGEST: usize = 1 << 16;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > LONGEST {
            return Err(io::Error::other("it is no head of a request"));
        }
    }
    Ok(head)
}

/// Lets a client in that names itself not and names a host by its name; gives that, with the port.
fn socks(client: &mut TcpStream) -> io::Result<String> {
    fn take<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        client.read_exact(&mut bytes)?;
        Ok(bytes)
    }
    let [5, methods] = take(client)? else { return Err(io::Error::other("it is no SOCKS 5")) };
    client.read_exact(&mut vec![0; methods.into()])?;
    client.write_all(&[5, 0])?;
    let [5, 1, 0, 3, len] = take(client)? else { return Err(io::Error::other("it names no host")) };
    let mut host = vec![0; len.into()];
    client.read_exact(&mut host)?;
    let port = u16::from_be_bytes(take(client)?);
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("{}:{port}", String::from_utf8_lossy(&host)))
}
