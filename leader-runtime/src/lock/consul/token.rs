//! The ACL token of every request, also where it comes from a file that is written anew while the
//! process runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

/// How old what is known of a file may be when a request is sent.
const OLD: Duration = Duration::from_secs(1);

/// A token that may change, or none.
#[derive(Debug, Default)]
pub(super) struct Token {
    current: RwLock<Option<HeaderValue>>,
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    /// When it was read last, or begun to be.
    looked: Mutex<Instant>,
    /// Whether it was told that there is no token in it.
    is_told: AtomicBool,
}

impl Token {
    /// This one, for good.
    ///
    /// # Errors
    ///
    /// What is wrong, in words; begins with `place`.
    pub(super) fn fixed(place: &str, token: &str) -> Result<Self, String> {
        let current = header(token).ok_or_else(|| format!("{place}: {UNFIT}"))?;
        Ok(Self { current: RwLock::new(Some(current)), file: None })
    }

    /// What this file holds, now and later; as long as it has not held a token, the other.
    ///
    /// # Errors
    ///
    /// What is wrong, in words; begins with `place`.
    pub(super) fn of_file(place: &str, path: &Path, other: Self) -> Result<Self, String> {
        let fault = |why: String| format!("{place}=`{}`: {why}", path.display());
        let read = read(path).map_err(fault)?;
        let current =
            read.or_else(|| other.current.into_inner().unwrap_or_else(PoisonError::into_inner));
        if current.is_none() {
            return Err(fault(
                "the file is empty; write the token into it, and nothing else".into(),
            ));
        }
        let file = File {
            path: path.into(),
            looked: Mutex::new(Instant::now()),
            is_told: AtomicBool::new(false),
        };
        Ok(Self { current: RwLock::new(current), file: Some(file) })
    }

    pub(super) const fn is_of_a_file(&self) -> bool {
        self.file.is_some()
    }

    /// The token, as it was known a second ago: no request waits for a file.
    pub(super) fn current(self: &Arc<Self>) -> Option<HeaderValue> {
        if self.file.as_ref().is_some_and(File::is_due) {
            let token = Arc::clone(self);
            spawn_blocking(move || token.look());
        }
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token as it is now, where it is another than this one, which was refused.
    pub(super) async fn instead_of(
        self: &Arc<Self>,
        refused: Option<&HeaderValue>,
    ) -> Option<HeaderValue> {
        let token = Arc::clone(self);
        spawn_blocking(move || token.look()).await.ok()?;
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|current| Some(current) != refused)
    }

    /// Reads the file. While it is replaced it may be missing or empty: the token stays.
    fn look(&self) {
        let Some(File { path, is_told, .. }) = &self.file else { return };
        let fault = match read(path) {
            Ok(Some(token)) => {
                is_told.store(false, Ordering::Relaxed);
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                if current.replace(token.clone()) != Some(token) {
                    info!("CONSUL_HTTP_TOKEN_FILE=`{}`: has a new token", path.display());
                }
                return;
            }
            Ok(None) => "is empty".to_owned(),
            Err(fault) => fault,
        };
        if !is_told.swap(true, Ordering::Relaxed) {
            warn!(
                "CONSUL_HTTP_TOKEN_FILE=`{}`: {fault}; the token that it held last is used on",
                path.display()
            );
        }
    }
}

impl File {
    /// Whether it is to be read now, by whoever asks.
    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.elapsed() >= OLD;
        if is_due {
            *looked = Instant::now();
        }
        is_due
    }
}

const UNFIT: &str =
    "the token has characters that no HTTP header may have; use it as Consul printed it";

/// `None` where it is empty.
fn read(path: &Path) -> Result<Option<HeaderValue>, String> {
    let text = fs::read_to_string(path).map_err(|cause| format!("cannot be read ({cause})"))?;
    match text.trim() {
        "" => Ok(None),
        token => header(token).map(Some).ok_or_else(|| UNFIT.into()),
    }
}

fn header(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(token).ok()?;
    header.set_sensitive(true);
    Some(header)
}
