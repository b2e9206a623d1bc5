use std::future::ready;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use super::*;

/// Longer than the socket buffers of both sides.
const LONG: usize = 12 << 20;

/// A listener on a thread of its own.
struct Scene {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Scene {
    fn new() -> Self {
        raise_limit();
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let work = || async {
            tokio::select! {
                Err(fault) = listener.serve(answer) => panic!("{fault}"),
                _ = stopped => {}
            }
        };
        let thread = crate::thread::start("listener", "a test", work).unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        self.connect_from([127, 0, 0, 1])
    }

    fn connect_from(&self, client: [u8; 4]) -> TcpStream {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from((client, 0))).unwrap();
        connect(&socket, &self.address).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// A client that has sent this.
    fn sends(&self, text: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// The whole answer to a request of this path.
    fn ask(&self, path: &str) -> String {
        read(self.sends(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")))
    }

    fn is_well(&self) {
        let answer = self.ask("/short");
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("short"), "{answer}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Both ends of each connection are in this process.
fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let needed = limit.current.map(|current| current.max(16 * WAITING as u64));
    setrlimit(Resource::Nofile, Rlimit { current: needed, ..limit })
        .expect("as many open files are allowed, `ulimit -Hn`");
}

fn answer(request: Request<Incoming>) -> std::future::Ready<Response<String>> {
    ready(Response::new(match request.uri().path() {
        "/long" => "x".repeat(LONG),
        "/panic" => panic!("planted"),
        _ => "short".into(),
    }))
}

/// All that comes, whatever ends it.
fn read(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    String::from_utf8_lossy(&read).into_owned()
}

/// Whether the other side has closed the connection, or does within so long.
fn is_closed(stream: &TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    match (&mut &*stream).read(&mut [0; 1]) {
        Ok(length) => length == 0,
        Err(fault) => fault.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn half_a_request_is_waited_for_a_second_whether_it_trickles_or_not() {
    let scene = Scene::new();
    let began = Instant::now();
    let silent = scene.connect();
    let half = scene.sends("GET / HTTP/1.1\r\nHost:");
    let mut trickling = scene.sends("GET / HTTP/1.1\r\n");
    while began.elapsed() < Duration::from_secs(5) {
        // fails at last, when the other side has closed
        if trickling.write_all(b"X: y\r\n").is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    for stream in [silent, half, trickling] {
        assert!(is_closed(&stream, Duration::from_millis(100)));
    }
    let took = began.elapsed();
    assert!((HEAD_TIMEOUT..HEAD_TIMEOUT * 2).contains(&took), "{took:?}");
}

#[test]
fn beyond_the_maximum_the_connection_that_has_waited_longest_is_closed() {
    let scene = Scene::new();
    let began = Instant::now();
    let mut clients: Vec<_> = (0..WAITING).map(|_| scene.sends("GET / HTTP/1.1\r\n")).collect();
    let newest: Vec<_> = (0..8).map(|_| scene.sends("GET / HTTP/1.1\r\n")).collect();
    for oldest in &clients[..8] {
        assert!(is_closed(oldest, Duration::from_millis(500)));
    }
    assert!(!is_closed(&clients[8], Duration::from_millis(1)));
    scene.is_well();
    // whoever ends the request while there is a place is answered
    for mut stream in newest.into_iter().chain(clients.pop()) {
        stream.write_all(b"Host: x\r\n\r\n").unwrap();
        let answer = read(stream);
        assert!(answer.ends_with("short"), "{answer} after {:?}", began.elapsed());
    }
}

/// However long that one has waited.
#[test]
fn a_client_with_few_connections_keeps_them_whatever_others_open() {
    let scene = Scene::new();
    let mut few = scene.connect_from([127, 0, 0, 9]);
    few.write_all(b"GET /short HTTP/1.1\r\n").unwrap();
    let many: Vec<_> = (0..2 * WAITING).map(|_| scene.sends("GET / HTTP/1.1\r\n")).collect();
    assert!(is_closed(&many[0], Duration::from_millis(500)));
    few.write_all(b"Host: x\r\n\r\n").unwrap();
    assert!(read(few).ends_with("short"));
}

#[test]
fn beyond_the_maximum_the_oldest_of_those_that_do_not_read_their_answer_is_closed() {
    let scene = Scene::new();
    let slow: Vec<_> = (0..=ANSWERING)
        .map(|_| {
            let stream = scene.sends("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
            // its answer has begun
            stream.peek(&mut [0; 1]).unwrap();
            stream
        })
        .collect();
    // which is one more
    scene.is_well();
    let lengths: Vec<usize> = slow.into_iter().map(|stream| read(stream).len()).collect();
    assert!(lengths[..2].iter().all(|length| *length < LONG), "{lengths:?}");
    assert!(lengths[2..].iter().all(|length| *length > LONG), "{lengths:?}");
}

#[test]
fn an_answer_that_is_not_read_is_given_up_after_the_time_of_a_scrape() {
    let scene = Scene::new();
    let began = Instant::now();
    let slow = scene.sends("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
    // what is buffered comes, and then the end
    std::thread::sleep(TIMEOUT + Duration::from_millis(500));
    let length = read(slow).len();
    assert!(length < LONG, "{length} after {:?}", began.elapsed());
}

#[test]
fn a_head_that_is_too_long_is_refused_and_a_request_behind_another_is_not_looked_at() {
    let scene = Scene::new();
    let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(HEAD_LENGTH));
    let answer = read(scene.sends(&long));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    let two = "GET /short HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2);
    let answer = read(scene.sends(&two));
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");

    let answer = read(scene.sends("no HTTP\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    scene.is_well();
}

#[test]
fn an_answer_that_panics_ends_its_connection_alone() {
    let scene = Scene::new();
    assert_eq!(scene.ask("/panic"), "");
    scene.is_well();
}

#[test]
fn clients_that_close_their_half_or_go_away_are_answered_or_forgotten() {
    let scene = Scene::new();
    let half = scene.sends("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
    half.shutdown(Shutdown::Write).unwrap();
    assert!(read(half).ends_with("short"));
    (0..1_000).for_each(|_| drop(scene.sends("GET /long HTTP/1.1\r\nHost: x\r\n\r\n")));
    scene.is_well();
}

/// The end of the future is the end of the port and of each connection.
#[test]
fn nothing_is_open_any_more_when_it_ends() {
    let scene = Scene::new();
    let (address, waiting) = (scene.address, scene.sends("GET / HTTP/1.1\r\n"));
    let (tell, told) = mpsc::channel();
    let asked = std::thread::spawn(move || tell.send(read(waiting)));
    scene.is_well();
    drop(scene);
    assert_eq!(told.recv_timeout(Duration::from_millis(500)), Ok(String::new()));
    assert!(TcpStream::connect(address).is_err());
    asked.join().unwrap().unwrap();
}
