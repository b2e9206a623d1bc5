//! Values that processes write to files beside their lock files: whole, seen by all, refused once the term is
//! over, whatever becomes of the process or of the disk.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use leader_runtime::{Settings, jobs};
use tests::{Chance, Line, Node, NodeBuilder, Page, slot, wait_until};
use tokio::runtime::Runtime;

use crate::stores::{self, hand_out, is_refused};

const SOON: Duration = Duration::from_secs(10);

fn scribe_in(directory: &Path) -> NodeBuilder {
    Node::example("kv_writer").env("LEADER_LOCK", format!("local:{}", directory.display()))
}

fn writer_in(directory: &Path) -> NodeBuilder {
    scribe_in(directory).env("LEADER_JOB_READ_ENABLED", "false")
}

fn reader_in(directory: &Path) -> NodeBuilder {
    scribe_in(directory).env("LEADER_JOB_WRITE_ENABLED", "false")
}

/// By this line, what was written in the term of this fence.
fn wrote(line: &Line, fence: i64) -> Option<u64> {
    line.text.strip_prefix(&format!("{fence} wrote "))?.parse().ok()
}

fn was_refused(line: &Line, fence: i64) -> bool {
    line.text.starts_with(&format!("{fence} was refused "))
}

fn last_written(node: &Node, fence: i64) -> Option<u64> {
    node.lines().iter().filter_map(|line| wrote(line, fence)).max()
}

fn stored(directory: &Path) -> Page {
    let value = fs::read(directory.join("service+state.value")).expect("it was written");
    Page::parse(&value).unwrap_or_else(|torn| panic!("it is torn: {torn}"))
}

/// Names of files that were being written.
fn left_behind(directory: &Path) -> usize {
    let files = fs::read_dir(directory).expect("it is there").map(|file| file.expect("a file"));
    files.filter(|file| file.file_name().to_string_lossy().ends_with(".new")).count()
}

#[test]
fn what_is_killed_in_the_midst_of_many_writes_leaves_the_last_value_whole_and_the_next_goes_on() {
    const KILLS: i64 = 12;
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let reader = reader_in(locks.path()).start();
    let mut chance = Chance::new(7);
    let mut torn_off = 0;
    for fence in 1..=KILLS {
        let writer = writer_in(locks.path()).start();
        writer.wait_line(SOON, |line| wrote(line, fence).is_some_and(|number| number >= 3));
        // somewhere in one of the writes that follow
        std::thread::sleep(chance.span(Duration::ZERO..Duration::from_millis(20)));
        writer.kill();
        let told = last_written(&writer, fence).expect("it has just been seen");
        let page = stored(locks.path());
        // one may have been written and not printed
        let is_last = page.number == told || page.number == told + 1;
        assert!(page.fence == fence && is_last, "{page:?}, and {told} was told");
        torn_off = left_behind(locks.path());
    }
    println!("{KILLS} were killed, {torn_off} of them in the midst of a file");
    let lines = reader.lines();
    assert!(lines.len() > 10, "{}", lines.len());
    assert!(!lines.iter().any(|line| line.text.contains("torn")), "{lines:?}");
    let next = writer_in(locks.path()).start();
    next.wait_line(SOON, |line| wrote(line, KILLS + 1).is_some());
    reader.wait_line(SOON, |line| line.text.starts_with(&format!("read {} ", KILLS + 1)));
}

#[test]
fn a_process_that_was_deposed_and_does_not_know_it_writes_nothing_over_the_next_leaders_value() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let old = writer_in(locks.path()).start();
    old.wait_line(SOON, |line| wrote(line, 1).is_some());
    old.freeze();
    // an operator, who takes it for a dead one's
    fs::remove_file(locks.path().join("service+write.lock")).unwrap();
    // its file is a new one, and so is its fence
    let new = writer_in(locks.path()).start();
    let first = new.wait_line(SOON, |line| wrote(line, 1).is_some());
    let thawed = Instant::now();
    old.thaw();
    let refused = old.wait_line_after(thawed, SOON, |line| was_refused(line, 1));
    println!("thawed, then refused after {:?}", refused.at - thawed);
    let mut before = stored(locks.path()).number;
    for _ in 0..20 {
        old.wait_line_after(Instant::now(), SOON, |line| was_refused(line, 1));
        let now = stored(locks.path()).number;
        assert!(now >= before, "{now} was written over {before}");
        before = now;
    }
    let after = |line: &Line| line.at > first.at && wrote(line, 1).is_some();
    let written: Vec<_> = old.lines().into_iter().filter(after).collect();
    assert!(written.is_empty(), "{written:?}");
}

#[test]
fn a_leader_whose_lock_file_was_deleted_writes_nothing_in_that_term_also_when_it_leads_again() {
    let _slot = slot();
    let (locks, tokio) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
    let node = stores::Node::start(&tokio, &Settings::new().local(locks.path()), jobs![hand_out]);
    let (first, late) = node.run_after(&[]);
    tokio.block_on(late.put("service/state", "first")).expect("it leads");
    fs::remove_file(locks.path().join("stage+service+lock.lock")).unwrap();
    // before anything has looked for it
    is_refused(&tokio, &late, "its lock file is gone");
    let (second, kv) = node.run_after(&[first]);
    assert!(second > first);
    is_refused(&tokio, &late, "it leads again, in another term");
    assert_eq!(tokio.block_on(kv.get("service/state")).unwrap(), Some(b"first".to_vec()));
    tokio.block_on(kv.put("service/state", "second")).expect("it leads");
}

#[test]
fn what_the_disk_does_not_take_is_told_with_its_reason_and_the_value_stays_as_it_was() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    // no file of this process is longer than 8 KiB, and half a file is no value
    let writer = writer_in(locks.path()).arg("20000").file_limit(8).start();
    let told = writer.wait_line(SOON, |line| line.text.contains(" failed at "));
    assert!(
        told.text.contains("the value ") && told.text.contains("service+state.value"),
        "{told:?}"
    );
    assert!(told.text.contains("File too large"), "{told:?}");
    // the next one that is short enough
    let number = |line: &Line| wrote(line, 1);
    let failed: u64 = told.text.split([' ', ':']).nth(3).and_then(|it| it.parse().ok()).unwrap();
    writer.wait_line(SOON, |line| number(line).is_some_and(|number| number > failed));
    stored(locks.path());
    // between two writes
    wait_until("nothing is left behind", SOON, || left_behind(locks.path()) == 0);

    // whatever else is in the way
    let value = locks.path().join("service+state.value");
    wait_until("there is a folder in its place", SOON, || {
        let _ = fs::remove_file(&value);
        fs::create_dir_all(value.join("in the way")).is_ok()
    });
    writer.wait_line(SOON, |line| line.text.contains("Is a directory"));
    let deleted = Instant::now();
    fs::remove_dir_all(locks.path()).unwrap();
    writer.wait_line_after(deleted, SOON, |line| was_refused(line, 1));
    assert!(writer.is_up());
}
