//! One layer of settings: what one file says, or the environment, each value with its place.

use leader_core::nearest;

use super::place::{Place, Placed};

/// What the settings of the process are called, in files and in the environment.
pub(super) const NAMES: [(&str, &str); 6] = [
    ("lock.backend", "LEADER_LOCK"),
    ("lock.key_prefix", "LEADER_KEY_PREFIX"),
    ("lock.lease", "LEADER_LEASE"),
    ("lock.fence_base", "LEADER_FENCE_BASE"),
    ("lock.node", "LEADER_NODE"),
    ("health.listen", "LEADER_HEALTH"),
];

/// What a layer says, unread but for its names.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// Of the process: by the first of their [`NAMES`].
    pub(super) settings: Vec<(&'static str, Placed<String>)>,
    pub(super) faults: Vec<String>,
    pub(super) jobs: JobLayer,
}

/// What it says of jobs. Which there are is known only when the runtime starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobLayer {
    pub(super) settings: Vec<JobSetting>,
    pub(super) faults: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum JobSetting {
    /// A job, by its name, and each option with its text.
    Table { job: Placed<String>, options: Vec<(String, Placed<String>)> },
    /// A variable that begins as those of jobs do. Where the name of the job ends in it, only the
    /// jobs say.
    Variable { name: String, text: String },
}

impl JobSetting {
    pub(super) fn one(job: &str, option: &str, text: &str, place: Place) -> Self {
        let job = Placed::at(place.clone(), job.to_owned());
        let option = (option.to_owned(), Placed::at(place, text.to_owned()));
        Self::Table { job, options: vec![option] }
    }
}

/// The remedy for a name that is none: the nearest of those that are, or all of them.
pub(super) fn did_you_mean<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    match nearest(word, names.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => one_of(names),
    }
}

/// So many names are listed; whoever has more of them knows where to look.
const LISTED: usize = 24;

/// What there is instead.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter().map(|name| format!("`{name}`"));
    let mut listed: Vec<String> = names.by_ref().take(LISTED).collect();
    listed.extend(names.next().map(|_| "…".to_owned()));
    match listed.as_slice() {
        [] => "there are none".into(),
        listed => format!("there are {}", listed.join(", ")),
    }
}
