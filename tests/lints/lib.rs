//! Reads the text of this repository for the rules that no compiler checks.

pub mod modules;
pub mod prose;

use std::fs;
use std::path::{Path, PathBuf};

/// One file, by its path below the folder that was read.
#[derive(Debug)]
pub struct Source {
    /// The path, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The root of this repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns every file below `folder` with one of these extensions, sorted by path. Build folders and
/// hidden files are left out.
///
/// # Panics
///
/// Where a file cannot be read.
#[must_use]
pub fn sources(folder: &Path, extensions: &[&str]) -> Vec<Source> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").map_while(Result::ok) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| extensions.iter().any(|e| end == *e)) {
                let text = fs::read_to_string(&path).expect("a text file");
                let path = path.strip_prefix(folder).expect("below the folder");
                found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
