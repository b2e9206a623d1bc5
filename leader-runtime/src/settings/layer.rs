//! One layer of settings: a file or the environment, each value with its source.

use leader_core::nearest;

use super::setting::Setting;
use super::source::{Located, Source};

/// The values of a layer, unparsed; only names are checked.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) settings: Vec<(&'static Setting, Located<String>)>,
    pub(super) faults: Vec<String>,
    pub(super) jobs: JobLayer,
}

/// The part of a layer about jobs. The jobs are known only when the runtime starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobLayer {
    pub(super) settings: Vec<JobSetting>,
    pub(super) faults: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum JobSetting {
    /// Name of a job, and its options as text.
    Table { job: Located<String>, options: Vec<(String, Located<String>)> },
    /// A variable with the prefix of jobs. Only with the list of jobs can it be split into job and
    /// option.
    Variable { name: String, text: String },
}

impl JobSetting {
    pub(super) fn one(job: &str, option: &str, text: &str, source: Source) -> Self {
        let job = Located::at(source.clone(), job.to_owned());
        let option = (option.to_owned(), Located::at(source, text.to_owned()));
        Self::Table { job, options: vec![option] }
    }
}

/// The remedy for an unknown name: the nearest known one, or all of them.
pub(super) fn did_you_mean<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    match nearest(word, names.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => one_of(names),
    }
}

/// Maximum number of names in a list.
const LISTED: usize = 24;

/// A list of the known names.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter().map(|name| format!("`{name}`"));
    let mut listed: Vec<String> = names.by_ref().take(LISTED).collect();
    listed.extend(names.next().map(|_| "…".to_owned()));
    match listed.as_slice() {
        [] => "there are none".into(),
        listed => format!("there are {}", listed.join(", ")),
    }
}
