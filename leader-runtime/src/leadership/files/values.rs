//! The value store on files, beside the lock files.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::Fence;
use tokio::task::spawn_blocking;

use super::file::{self, New};
use super::records::Files;
use super::{LockFiles, name};
use crate::leadership::REQUEST_TIMEOUT;
use crate::leadership::values::{ValueStore, Write};
use crate::system::sync_directory;

/// Maximum size of a value in bytes: that of Consul, whose transactions take 512 KiB with values in
/// base64. A program that runs on files runs on Consul, too.
const MAX_VALUE: usize = 380 * 1024;

impl ValueStore for Files {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<Vec<u8>>, String>> {
        let path = name::of_value(&self.0.directory, key);
        on_a_thread(move |_| file::read(&path).map_err(|cause| unusable(&path, &cause))).boxed()
    }

    fn write(
        &self,
        lock: &str,
        fence: Fence,
        key: &str,
        write: Write,
    ) -> BoxFuture<'static, Result<bool, String>> {
        let (files, lock) = (Arc::clone(&self.0), lock.to_owned());
        let path = name::of_value(&files.directory, key);
        if let Write::Put(value) = &write
            && value.len() > MAX_VALUE
        {
            let fault = format!(
                "a value of {} bytes for `{key}` is too large; Consul takes no more than {MAX_VALUE} \
                 bytes, and files take no more than Consul",
                value.len()
            );
            return std::future::ready(Err(fault)).boxed();
        }
        on_a_thread(move |wanted| {
            let written = change(&files, (&lock, fence), &path, &write, wanted);
            written.map_err(|cause| unusable(&path, &cause))
        })
        .boxed()
    }
}

/// Changes a value if the lock is held. Returns whether it was.
fn change(
    files: &LockFiles,
    (lock, fence): (&str, Fence),
    path: &Path,
    write: &Write,
    wanted: &Wanted,
) -> io::Result<bool> {
    if !files.holds(lock, fence) {
        return Ok(false);
    }
    let new = match write {
        Write::Put(value) => {
            let folder = folder(files, path);
            if let Some(folder) = &folder {
                fs::create_dir_all(folder)?;
            }
            Some(New::write(&files.directory, value)?)
        }
        Write::Delete => None,
    };
    // only the short part: the driver waits for this to release a lock
    let changed = files.while_held(lock, fence, || match new {
        // a later write of the same run may be over by now
        _ if !wanted.is_wanted() => Ok(()),
        Some(new) => new.put_in_place(path),
        None => match fs::remove_file(path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        },
    });
    let Some(changed) = changed else { return Ok(false) };
    changed?;
    if let Some(folder) = folder(files, path) {
        let above = |folder: &&Path| *folder != files.directory;
        folder.ancestors().take_while(above).try_for_each(sync_if_there)?;
    }
    sync_directory(&files.directory)?;
    Ok(true)
}

/// The folder of a long key.
fn folder(files: &LockFiles, path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| *folder != files.directory);
    folder.map(Path::to_owned)
}

/// Syncs a folder, if it exists: the first write to it creates it.
fn sync_if_there(folder: &Path) -> io::Result<()> {
    match sync_directory(folder) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        synced => synced,
    }
}

/// Whether the caller still waits for the work.
#[derive(Debug, Clone)]
struct Wanted(Arc<AtomicBool>);

impl Wanted {
    fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Held by the caller while it waits.
struct Waits(Wanted);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

/// Runs work on a thread of tokio's blocking pool: a slow disk must not delay other jobs.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce(&Wanted) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    let _waits = Waits(wanted.clone());
    match tokio::time::timeout(REQUEST_TIMEOUT, spawn_blocking(move || work(&wanted))).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err("the runtime that was to do it has ended".into()),
        Err(_) => Err(format!("the disk did not answer within {REQUEST_TIMEOUT:?}")),
    }
}

fn unusable(path: &Path, cause: &io::Error) -> String {
    file::unusable("the value", path, cause)
}
