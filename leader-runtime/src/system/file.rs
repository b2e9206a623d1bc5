//! The identity of an open file, and directories that outlast a power cut.

use std::fs::File;
use std::io;
use std::path::Path;

/// Whether the file is still the one at this path.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let same = |(open, named): (std::fs::Metadata, std::fs::Metadata)| {
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    };
    file.metadata().ok().zip(std::fs::metadata(path).ok()).is_some_and(same)
}

/// Elsewhere an open file cannot be deleted.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Syncs a directory: a power cut must not lose the name of a new file, and its fence with it.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
