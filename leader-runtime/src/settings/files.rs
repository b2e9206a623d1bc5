//! The settings files of the process.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use leader_core::nearest;

use super::profile::Profile;
use crate::error::{Error, Result};
use crate::text::Excerpt;

/// The files of the settings, for the log line of a start.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingsFiles {
    files: Vec<PathBuf>,
    /// The default file, if it is missing.
    missing: Option<PathBuf>,
    profile: Option<Profile>,
}

/// Path and content of a file.
pub(super) type Contents = (PathBuf, Vec<u8>);

/// Default file, in the working directory.
const FILE: &str = "leader.toml";

/// Maximum size of a settings file, in bytes.
const LONGEST: u64 = 1 << 20;

impl SettingsFiles {
    /// Reads the settings file and that of the profile, the lowest layer first.
    ///
    /// # Errors
    ///
    /// If one of the files cannot be read. Only the default file may be missing.
    pub(super) fn read(
        config: Option<PathBuf>,
        profile: Option<Profile>,
        directory: &Path,
    ) -> Result<(Self, Vec<Contents>)> {
        let (mut contents, mut faults) = (Vec::new(), Vec::new());
        let mut missing = None;
        let is_default = config.is_none();
        let path = config.unwrap_or_else(|| directory.join(FILE));
        match read(&path) {
            Ok(bytes) => contents.push((path.clone(), bytes)),
            Err(cause) if is_default && cause.kind() == io::ErrorKind::NotFound => {
                missing = Some(path.clone());
            }
            Err(cause) if is_default => {
                faults.push(format!("{}: cannot be read: {cause}", path.display()));
            }
            Err(cause) => faults.push(format!(
                "LEADER_CONFIG=`{}`: cannot be read: {cause}; name a file that can, or unset it",
                Excerpt::line(&path.to_string_lossy())
            )),
        }
        if let Some(profile) = &profile {
            let path = beside(&path, &profile.name());
            match read(&path) {
                Ok(bytes) => contents.push((path, bytes)),
                Err(cause) => faults.push(format!(
                    "LEADER_PROFILE=`{profile}`: {} cannot be read: {cause}{}",
                    path.display(),
                    remedy(&path, profile, &cause),
                )),
            }
        }
        if !faults.is_empty() {
            return Err(Error::wrong(faults));
        }
        let files = contents.iter().map(|(path, _)| path.clone()).collect();
        Ok((Self { files, missing, profile }, contents))
    }
}

/// `leader.stage.toml` beside `leader.toml`.
fn beside(path: &Path, profile: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(profile);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    // a pipe may never end
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if metadata.len() > LONGEST {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    fs::read(path)
}

/// The remedy for a missing file. A misspelt profile would lead keys of its own, beside the intended
/// ones.
fn remedy(path: &Path, profile: &Profile, cause: &io::Error) -> String {
    if cause.kind() != io::ErrorKind::NotFound {
        return String::new();
    }
    let profiles = profiles_beside(path, profile);
    match nearest(&profile.name(), profiles.iter().map(String::as_str)) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => "; make it, an empty one will do, or unset LEADER_PROFILE".into(),
    }
}

/// The profiles with a file in the directory.
fn profiles_beside(path: &Path, profile: &Profile) -> Vec<String> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let around = format!(".{profile}");
    let Some((before, after)) = name.rsplit_once(&around) else { return Vec::new() };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let name = name.strip_prefix(before)?.strip_suffix(after)?.strip_prefix('.')?;
            Some(name.to_owned())
        })
        .collect()
}

impl fmt::Display for SettingsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(profile) = &self.profile {
            write!(f, "profile `{profile}`, ")?;
        }
        self.files.iter().try_for_each(|file| write!(f, "{}, ", file.display()))?;
        if let Some(missing) = &self.missing {
            write!(f, "no {}, ", missing.display())?;
        }
        f.write_str("the environment")
    }
}
