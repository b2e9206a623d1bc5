//! A disk of a size of its own, seen by this test process alone and by what it starts.

use std::path::Path;

use tempfile::TempDir;

use crate::namespace::{self, tool, try_tool};

/// A file system in memory, gone with this.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// It with room for so many KiB.
    ///
    /// The first one in a process starts the process once more, in mounts of its own.
    ///
    /// # Panics
    ///
    /// When it can't be had, and why.
    #[track_caller]
    pub fn new(kib: usize) -> Self {
        namespace::enter();
        let place = tempfile::tempdir().unwrap_or_else(|fault| panic!("no place for it: {fault}"));
        tool(&format!("mount -t tmpfs -o size={kib}k tmpfs {}", place.path().display()));
        Self(place)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // else it goes with the mounts of this process
        let _ = try_tool(&format!("umount -l {}", self.0.path().display()));
    }
}
