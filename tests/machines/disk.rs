//! Disks that are full, and directories that one may not write: what a job hears that writes there.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use tests::{Disk, Line, Node, NodeBuilder, Page, slot};

const SOON: Duration = Duration::from_secs(10);

fn writer_on(disk: &Disk, most: &str) -> NodeBuilder {
    let node = Node::example("kv_writer").arg(most);
    let node = node.env("LEADER_LOCK", format!("local:{}", disk.path().display()));
    node.env("LEADER_JOB_READ_ENABLED", "false")
}

fn wrote(line: &Line) -> bool {
    line.text.starts_with("1 wrote ")
}

fn is_whole(disk: &Disk) {
    let value = fs::read(disk.path().join("service+state.value")).expect("it was written");
    Page::parse(&value).unwrap_or_else(|torn| panic!("it is torn: {torn}"));
}

#[test]
fn a_full_disk_is_told_with_the_remedy_the_value_stays_and_what_fits_is_written_again() {
    let disk = Disk::new(256);
    let _slot = slot();
    // two of the longest do not fit beside each other
    let writer = writer_on(&disk, "200000").start();
    for _ in 0..5 {
        let since = Instant::now();
        let full = |line: &Line| line.text.contains("No space left on device");
        let told = writer.wait_line_after(since, SOON, full);
        is_whole(&disk);
        assert!(told.text.contains("service+state.value cannot be read or written"), "{told:?}");
        assert!(told.text.contains("; free some space there, or set LEADER_LOCK"), "{told:?}");
        writer.wait_line_after(told.at, SOON, wrote);
        is_whole(&disk);
    }
}

#[test]
fn a_directory_that_may_not_be_written_any_more_is_told_with_the_remedy_and_then_may_again() {
    let disk = Disk::new(1024);
    let _slot = slot();
    let writer = writer_on(&disk, "1000").unprivileged().start();
    writer.wait_line(SOON, wrote);
    fs::set_permissions(disk.path(), Permissions::from_mode(0o555)).expect("it is ours");
    let told = writer.wait_line(SOON, |line| line.text.contains("Permission denied"));
    assert!(told.text.contains("to a directory that this user may write"), "{told:?}");
    is_whole(&disk);
    fs::set_permissions(disk.path(), Permissions::from_mode(0o755)).expect("it is ours");
    writer.wait_line_after(Instant::now(), SOON, wrote);
}
