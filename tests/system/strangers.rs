//! Text of others, in a lock's value or instead of Consul's answer, is shown to people in one line of
//! bounded length, and to scripts as it is.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Agent, Node, clock, one_consul, slot};

use crate::command_line::{asked, said};

const SOON: Duration = Duration::from_secs(20);

/// A text that nobody means to write.
fn long(letter: &str) -> String {
    format!("\u{1b}[2J{}\r\n\u{202e}end", letter.repeat(3_000))
}

#[track_caller]
fn is_bounded(text: &str, length: usize) {
    assert!(text.chars().count() <= length, "{}: {text}", text.chars().count());
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r', '\n']), "{text:?}");
    assert!(text.contains('…'), "{text}");
}

#[test]
fn a_lock_value_of_thousands_of_characters_widens_no_table_and_no_log_and_is_whole_in_json() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let leader = json!({
            "node": long("n"), "pid": 7, "service": long("s"), "version": long("v"),
            "profile": long("p"), "since": long("x"),
        });
        let session = agent.api().create_session(r#"{"TTL":"60s"}"#);
        assert!(agent.api().acquire("service/clock", &session, &leader.to_string()));
        let check = |more: &str| {
            let check = asked("clock", &format!("jobs check{more}"));
            said(check.env("CONSUL_HTTP_ADDR", agent.addr()))
        };
        let table = check("");
        assert_eq!(table.code, Some(0), "{table:?}");
        let row = table.lines.iter().find(|line| line.starts_with("service/clock"));
        is_bounded(row.expect("it is held"), 400);
        assert!(table.lines.iter().all(|line| line.chars().count() <= 400), "{table:?}");
        let report: Value = serde_json::from_str(&check(" --json").lines.join("\n")).expect("JSON");
        // a text that is no instant is none of the leader
        let mut expected = leader;
        expected.as_object_mut().expect("an object").remove("since");
        assert_eq!(report["leaders"][0]["leader"], expected);

        let node = Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr()).start();
        let told = node.wait_error_line(SOON, |line| line.text.contains("standing by for"));
        println!("{}", told.text);
        is_bounded(&told.text, 600);
        node.wait_line(SOON, clock::stands_by);
    });
}

/// Answers whatever is asked with this, again and again where it has no end.
struct Stranger {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    fn says(head: &'static str, body: String, has_an_end: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let _ = answer(stream, head, &body, has_an_end, &over);
            }
        });
        Self { address, is_over, thread: Some(thread) }
    }
}

/// Ends where the other side does not read on.
fn answer(
    mut stream: TcpStream,
    head: &str,
    body: &str,
    has_an_end: bool,
    over: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_write_timeout(Some(Duration::from_millis(500)))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let _ = stream.read(&mut [0; 4096])?;
    write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}")?;
    while !has_an_end && !over.load(Ordering::Relaxed) {
        stream.write_all(body.as_bytes())?;
    }
    Ok(())
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn an_answer_of_somebody_elses_is_told_in_a_line_whatever_its_length() {
    let _slot = slot();
    let quoted = json!(long("q")).to_string();
    for (what, stranger, part) in [
        (
            "a proxy's page",
            Stranger::says("502 Bad Gateway", long("p"), true),
            "Consul answered 502 Bad Gateway: \\u{1b}[2Jppp",
        ),
        (
            "a page without end",
            Stranger::says("503 Service Unavailable", long("e").repeat(10), false),
            "Consul answered 503 Service Unavailable: \\u{1b}[2Jeee",
        ),
        (
            "a text in the place of a session",
            Stranger::says("200 OK", quoted, true),
            "an answer is none of Consul's (invalid type: string \"\\u{1b}[2Jqqq",
        ),
        (
            "a refusal of rights",
            Stranger::says("403 Forbidden", format!("Permission denied{}", long("f")), true),
            "the token lacks a right (Permission denied\\u{1b}[2Jfff",
        ),
    ] {
        let address = stranger.address.to_string();
        let node = Node::example("clock").env("CONSUL_HTTP_ADDR", &address).start();
        let told = node.wait_error_line(SOON, |line| line.text.contains(" WARN "));
        println!("{what}: {}", told.text);
        is_bounded(&told.text, 500);
        assert!(told.text.contains(part), "{what}: {}", told.text);
        node.terminate();
        assert!(node.wait_exit(SOON).success());
        assert!(node.errors().iter().all(|line| line.text.chars().count() < 500), "{what}");
    }
}
