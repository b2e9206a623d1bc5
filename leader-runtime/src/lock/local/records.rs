//! The records of jobs as files beside the lock files.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use leader_core::election::{Fence, Index, Read};

use super::{Shared, sync_directory};
use crate::lock::records::{Found, Place, Records, Written};

/// The files are small and local: they are read and written where they are asked for.
#[derive(Debug)]
pub(super) struct Files(pub(super) Arc<Shared>);

impl Files {
    /// Job names have no `+`, as keys have none.
    fn path(&self, Place { lock, job }: &Place) -> PathBuf {
        self.0.directory.join(format!("{}+{job}.runs", lock.replace('/', "+")))
    }

    fn write(&self, place: &Place, fence: Fence, read: Read, value: &[u8]) -> io::Result<Written> {
        let path = self.path(place);
        // held until it is written: nobody releases the lock meanwhile
        let held = self.0.held();
        let lock = self.0.layout.read().find(&place.lock);
        let leads = lock.and_then(|lock| held.get(&lock)).is_some_and(|held| held.fence == fence);
        if !leads || contents(&path)?.read != read {
            return Ok(Written::Refused);
        }
        // a process that is killed leaves the old one or the new one, and nothing in between
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(value)?;
        file.sync_data()?;
        fs::rename(&new, &path)?;
        sync_directory(&self.0.directory)?;
        Ok(Written::Done(version(value)))
    }
}

impl Records for Files {
    fn read(&self, place: &Place) -> BoxFuture<'static, Result<Found, String>> {
        let path = self.path(place);
        ready(contents(&path).map_err(|cause| unusable(&path, &cause))).boxed()
    }

    fn write(
        &self,
        place: &Place,
        fence: Fence,
        read: Read,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let written = Self::write(self, place, fence, read, &value);
        ready(written.map_err(|cause| unusable(&self.path(place), &cause))).boxed()
    }
}

fn contents(path: &Path) -> io::Result<Found> {
    match fs::read(path) {
        Ok(value) => {
            let read = version(&value);
            Ok(Found { value: Some(value), read })
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            Ok(Found { value: None, read: Read::Absent })
        }
        Err(cause) => Err(cause),
    }
}

/// Files have no index: what they hold tells one from another.
fn version(value: &[u8]) -> Read {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    Read::At(Index(hasher.finish()))
}

fn unusable(path: &Path, cause: &io::Error) -> String {
    format!("the record {} cannot be read or written ({cause})", path.display())
}
