//! The record store on files, beside the lock files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use leader_core::election::{Expected, Fence, Index};

use super::LockFiles;
use super::file::{self, New};
use crate::leadership::record_store::{RecordKey, RecordStore, StoredRecord, Written};
use crate::system::sync_directory;

/// The files beside the lock files. Records are small and local: their I/O is done by the caller's
/// thread.
#[derive(Debug)]
pub(super) struct Files(pub(super) Arc<LockFiles>);

impl Files {
    /// The file of a record. Neither job names nor keys have a `+`.
    fn path(&self, RecordKey { lock, job }: &RecordKey) -> PathBuf {
        self.0.directory.join(format!("{}+{job}.runs", lock.replace('/', "+")))
    }

    fn write(
        &self,
        key: &RecordKey,
        fence: Fence,
        read: Expected,
        value: &[u8],
    ) -> io::Result<Written> {
        if !self.0.holds(&key.lock, fence) {
            return Ok(Written::Refused);
        }
        let path = self.path(key);
        let new = New::write(&self.0.directory, value)?;
        let written = self.0.while_held(&key.lock, fence, || {
            let is_as_read = contents(&path)?.read == read;
            if is_as_read {
                new.put_in_place(&path)?;
            }
            io::Result::Ok(is_as_read)
        });
        if !written.transpose()?.unwrap_or_default() {
            return Ok(Written::Refused);
        }
        sync_directory(&self.0.directory)?;
        Ok(Written::Done(version(value)))
    }
}

impl RecordStore for Files {
    fn read(&self, key: &RecordKey) -> BoxFuture<'static, Result<StoredRecord, String>> {
        let path = self.path(key);
        ready(contents(&path).map_err(|cause| unusable(&path, &cause))).boxed()
    }

    fn write(
        &self,
        key: &RecordKey,
        fence: Fence,
        read: Expected,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let written = Self::write(self, key, fence, read, &value);
        ready(written.map_err(|cause| unusable(&self.path(key), &cause))).boxed()
    }
}

fn contents(path: &Path) -> io::Result<StoredRecord> {
    let value = file::read(path)?;
    let read = value.as_deref().map_or(Expected::Absent, version);
    Ok(StoredRecord { value, read })
}

/// The version of a content, from its hash: files have no index.
fn version(value: &[u8]) -> Expected {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    Expected::At(Index(hasher.finish()))
}

fn unusable(path: &Path, cause: &io::Error) -> String {
    file::unusable("the record", path, cause)
}
