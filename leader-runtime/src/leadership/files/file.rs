//! Atomic replacement of files, which outlasts a power cut.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

/// Prefix and suffix of the names of files being written. The directory may hold other files.
const PREFIX: &str = ".leader-";
const SUFFIX: &str = ".new";

/// Minimum age of a file that a killed process left behind: no write takes as long.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// The new content of a file, on the disk under another name. Dropping it deletes it.
#[derive(Debug)]
pub(super) struct New(NamedTempFile);

impl New {
    /// Writes the content to a new file in the directory of its destination, or in a directory above.
    pub(super) fn write(directory: &Path, content: &[u8]) -> io::Result<Self> {
        let file = Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(directory)?;
        file.as_file().write_all(content)?;
        file.as_file().sync_data()?;
        Ok(Self(file))
    }

    /// Replaces the destination in one step: a reader gets the old or the new content. The directory is
    /// still to be synced.
    pub(super) fn put_in_place(self, path: &Path) -> io::Result<()> {
        self.0.persist(path).map(drop).map_err(|fault| fault.error)
    }
}

/// Deletes the files that killed processes left behind. A file that cannot be deleted does no harm.
pub(super) fn sweep(directory: &Path) {
    let is_left_behind = |file: &fs::DirEntry| {
        let name = file.file_name();
        let is_new = name.to_str().is_some_and(|it| it.starts_with(PREFIX) && it.ends_with(SUFFIX));
        let written = || file.metadata().and_then(|it| it.modified()).ok();
        is_new && written().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LEFT_BEHIND)
    };
    let files = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    files.filter(is_left_behind).for_each(|file| drop(fs::remove_file(file.path())));
}

/// The content of this file; `None` if the file does not exist.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// The reason why `what` cannot be read or written, with the remedy where there is one.
pub(super) fn unusable(what: &str, path: &Path, cause: &io::Error) -> String {
    let remedy = match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some space there, or set LEADER_LOCK=local:DIR to a directory on another local \
             disk"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; set LEADER_LOCK=local:DIR to a directory that this user may write, on a local disk"
        }
        // only for a write: a read takes a missing file for an absent value
        ErrorKind::NotFound => {
            "; its directory was deleted, and the locks with it: make it again, or start the process \
             anew"
        }
        _ => "",
    };
    format!("{what} {} cannot be read or written ({cause}){remedy}", path.display())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_process_was_writing_is_swept_and_what_one_writes_now_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, age: Duration| {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        };
        file(".leader-abc.new", LEFT_BEHIND + Duration::from_secs(60));
        file(".env.new", 2 * LEFT_BEHIND);
        file("service+new.value", 2 * LEFT_BEHIND);
        file(".hidden.value", 2 * LEFT_BEHIND);
        let now = New::write(directory.path(), b"now").unwrap();
        sweep(directory.path());
        let names = || {
            let files = fs::read_dir(directory.path()).unwrap();
            let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names().len(), 4, "{:?}", names());
        drop(now);
        assert_eq!(names(), [".env.new", ".hidden.value", "service+new.value"]);
    }
}
