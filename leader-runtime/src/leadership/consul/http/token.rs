//! The ACL token of every request. A token from a file is read again while the process runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use crate::sync::{Mutex, RwLock};
use crate::system::clock;
use crate::text::Excerpt;
use crate::throttle::Throttle;

/// Maximum age of a file's token when a request is sent.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The token, if any.
#[derive(Debug, Default)]
pub(super) struct Token {
    current: RwLock<Option<HeaderValue>>,
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    /// The beginning of the latest read.
    read_at: Mutex<Instant>,
    /// Rate limit of the log line for a file that holds no token.
    throttle: Mutex<Throttle<()>>,
}

impl Token {
    /// A token that never changes.
    ///
    /// # Errors
    ///
    /// The fault, in words; begins with `source`.
    pub(super) fn fixed(source: &str, token: &str) -> Result<Self, String> {
        let current = header(token).ok_or_else(|| format!("{source}: {UNFIT}"))?;
        Ok(Self { current: RwLock::new(Some(current)), file: None })
    }

    /// The token in this file, now and later; `default` until the file has held a token.
    ///
    /// # Errors
    ///
    /// The fault, in words; begins with `source`.
    pub(super) fn of_file(source: &str, path: &Path, default: Self) -> Result<Self, String> {
        let fault =
            |why: String| format!("{source}=`{}`: {why}", Excerpt::line(&path.to_string_lossy()));
        let read = read(path).map_err(fault)?;
        let current = read.or_else(|| default.current.into_inner());
        if current.is_none() {
            return Err(fault(
                "the file is empty; write the token into it, and nothing else".into(),
            ));
        }
        let file = File {
            path: path.into(),
            read_at: Mutex::new(Instant::now()),
            throttle: Mutex::default(),
        };
        Ok(Self { current: RwLock::new(current), file: Some(file) })
    }

    pub(super) const fn is_of_a_file(&self) -> bool {
        self.file.is_some()
    }

    /// The token as of a second ago at the earliest. Reads the file in the background: no request waits
    /// for it.
    pub(super) fn current(self: &Arc<Self>) -> Option<HeaderValue> {
        if self.file.as_ref().is_some_and(File::is_due) {
            let token = Arc::clone(self);
            spawn_blocking(move || token.refresh());
        }
        self.current.read().clone()
    }

    /// Reads the file. Returns its token if it differs from the refused one. Cancel safe.
    pub(super) async fn instead_of(
        self: &Arc<Self>,
        refused: Option<&HeaderValue>,
    ) -> Option<HeaderValue> {
        let token = Arc::clone(self);
        spawn_blocking(move || token.refresh()).await.ok()?;
        let current = self.current.read().clone();
        current.filter(|current| Some(current) != refused)
    }

    /// Reads the file. Keeps the token if the file is missing or empty, as it may be while it is
    /// replaced.
    fn refresh(&self) {
        let Some(File { path, throttle, .. }) = &self.file else { return };
        let fault = match read(path) {
            Ok(Some(token)) => {
                throttle.lock().clear();
                let mut current = self.current.write();
                if current.replace(token.clone()) != Some(token) {
                    info!("CONSUL_HTTP_TOKEN_FILE=`{}`: has a new token", path.display());
                }
                return;
            }
            Ok(None) => "is empty".to_owned(),
            Err(fault) => fault,
        };
        if throttle.lock().admit(clock::now(), ()).is_some() {
            warn!(
                "CONSUL_HTTP_TOKEN_FILE=`{}`: {fault}; the token that it held last is used on",
                path.display()
            );
        }
    }
}

impl File {
    /// Whether the caller is to read the file now.
    fn is_due(&self) -> bool {
        let mut read_at = self.read_at.lock();
        let is_due = read_at.elapsed() >= MAX_AGE;
        if is_due {
            *read_at = Instant::now();
        }
        is_due
    }
}

const UNFIT: &str =
    "the token has characters that no HTTP header may have; use it as Consul printed it";

/// Reads the token in a file; `None` if the file is empty.
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
