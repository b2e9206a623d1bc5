//! The options of jobs that settings change, each from the highest layer that has it.

use std::collections::BTreeMap;

use leader_core::{Options, nearest, span};

use super::effective::EffectiveSetting;
use super::layer::{JobLayer, JobSetting, did_you_mean, one_of};
use super::source::{Located, Source};
use super::variable;
use crate::job::Jobs;
use crate::job::private::Entry;
use crate::text::too_long;

/// Every option of a job that is written somewhere, as text with its source.
type Said = BTreeMap<&'static str, Located<String>>;

/// The options of the jobs that settings change.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    of: BTreeMap<String, Said>,
    faults: Vec<String>,
}

/// One option in one layer.
struct Change {
    layer: usize,
    option: &'static str,
    text: Located<String>,
}

/// Words of the attribute that settings cannot change, and why.
const FIXED: [(&str, &str); 4] = [
    (
        "key",
        "nodes that differ in it would each have a leader; a `key_prefix` goes before all keys",
    ),
    ("name", "it is what settings know the job by"),
    ("standby", "it is a function of the program; `enabled` switches the whole job off"),
    ("crate", "it is a part of the program"),
];

impl Overrides {
    /// Merges the layers, the lowest first, for these jobs.
    pub(super) fn new<'a>(layers: impl IntoIterator<Item = &'a JobLayer>, jobs: &Jobs) -> Self {
        let layers: Vec<&JobLayer> = layers.into_iter().collect();
        let is_said = layers.iter().any(|layer| !layer.settings.is_empty());
        let known = jobs.listed().filter(|_| is_said);
        let entries: BTreeMap<_, _> = known.map(|listed| (listed.name(), listed.entry)).collect();
        let mut changes = Changes { entries: &entries, of: BTreeMap::new(), faults: Vec::new() };
        for (layer, said) in layers.into_iter().enumerate() {
            changes.faults.extend_from_slice(&said.faults);
            said.settings.iter().for_each(|setting| changes.add(layer, setting));
        }
        let Changes { of, faults, .. } = changes;
        let merged = of.into_iter().map(|(job, changes)| {
            let said = merged(of_attribute(entries[&job]), changes);
            (job, said)
        });
        Self { of: merged.collect(), faults }
    }

    /// The faults, without conflicts.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The options of this job, and the faults in its attribute and the conflicts between options.
    pub(crate) fn options(&self, job: &str, entry: &Entry) -> (Options, Vec<String>) {
        let attribute;
        let said = match self.of.get(job) {
            Some(said) => said,
            None => {
                attribute = of_attribute(entry);
                &attribute
            }
        };
        let (mut options, mut faults) = (Options::default(), Vec::new());
        for (option, Located { value, source }) in said {
            if *option == "standby" {
                options.give(option);
            } else if let Err(fault) = options.set(option, value)
                && matches!(source, Source::Attribute(_))
            {
                faults.push(fault.to_string());
            }
        }
        for conflict in options.conflicts(Some(entry.seed())) {
            let of = [conflict.option, conflict.other].into_iter().flatten();
            let of = of.filter_map(|option| Some((option, &said.get(option)?.source)));
            faults.push(format!("{}{}", conflict.text, sources(&of.collect::<Vec<_>>())));
        }
        (options, faults)
    }

    /// The options in force that differ from the attribute.
    pub(super) fn effective(&self) -> impl Iterator<Item = EffectiveSetting> {
        self.of.iter().flat_map(|(job, said)| {
            said.iter().filter(|(_, text)| !matches!(text.source, Source::Attribute(_))).map(
                move |(option, Located { value, source })| EffectiveSetting {
                    name: format!("jobs.{job}.{option}"),
                    value: value.clone(),
                    source: source.clone(),
                },
            )
        })
    }
}

/// Changes as they are collected.
struct Changes<'a> {
    entries: &'a BTreeMap<String, &'static Entry>,
    of: BTreeMap<String, Vec<Change>>,
    faults: Vec<String>,
}

impl Changes<'_> {
    fn add(&mut self, layer: usize, setting: &JobSetting) {
        match setting {
            JobSetting::Table { job, options } => {
                let name = format!("jobs.{}", job.value);
                if !self.entries.contains_key(&job.value) {
                    let meant = did_you_mean(&job.value, self.names());
                    let why = format!("is no job of this process; {meant}");
                    return self.faults.push(job.source.refuse(&name, why));
                }
                for (word, text) in options {
                    match option(word) {
                        Ok(option) => self.change(layer, &job.value, option, text.clone()),
                        Err(why) => {
                            self.faults.push(text.source.refuse(&format!("{name}.{word}"), why));
                        }
                    }
                }
            }
            JobSetting::Variable { name, text } => {
                let source = Source::Variable(name.as_str().into());
                match self.resolve(name) {
                    Ok((job, option)) => {
                        self.change(layer, &job, option, Located::at(source, text.clone()));
                    }
                    Err(why) => self.faults.push(source.refuse(name, why)),
                }
            }
        }
    }

    fn change(&mut self, layer: usize, job: &str, option: &'static str, text: Located<String>) {
        // reported even if a higher layer overrides it
        let wrong = too_long(&text.value).or_else(|| {
            Options::default().set(option, &text.value).err().map(|why| why.to_string())
        });
        if let Some(why) = wrong {
            let name = format!("jobs.{job}.{option}");
            self.faults.push(text.source.fault(&name, &text.value, why));
        }
        let changes = self.of.entry(job.to_owned()).or_default();
        changes.push(Change { layer, option, text });
    }

    /// Splits a variable into job and option.
    fn resolve(&self, name: &str) -> Result<(String, &'static str), String> {
        let fixed = FIXED.map(|(option, _)| option);
        let options = || Options::NAMES.into_iter().chain(fixed);
        let meant = |option: &'static str| {
            let job = name.strip_prefix(variable::JOB)?;
            let job = job.strip_suffix(&option.to_uppercase())?.strip_suffix('_')?;
            let is_upper = !job.contains(|c: char| c.is_ascii_lowercase());
            let job = job.to_lowercase();
            (is_upper && self.entries.contains_key(&job)).then_some((job, option))
        };
        match options().filter_map(meant).collect::<Vec<_>>().as_slice() {
            [(job, word)] => Ok((job.clone(), option(word)?)),
            [(one, first), (two, second), ..] => Err(format!(
                "is `{first}` of the job `{one}` and `{second}` of the job `{two}`; write it in a \
                 file"
            )),
            [] => Err(self.meant(name)),
        }
    }

    /// The remedy for a variable without a known job or option.
    fn meant(&self, name: &str) -> String {
        let rest = name.strip_prefix(variable::JOB).unwrap_or_default().to_lowercase();
        let of = |job: &str, option: &str| {
            format!("is unknown; did you mean `{}`?", variable::name(job, option))
        };
        let before = |option| Some((rest.strip_suffix(option)?.strip_suffix('_')?, option));
        let options = Options::NAMES.into_iter().filter_map(before);
        if let Some((job, option)) = options.min_by_key(|(job, _)| job.len())
            && let Some(job) = nearest(job, self.names())
        {
            return of(job, option);
        }
        let after = |job| Some((job, rest.strip_prefix(job)?.strip_prefix('_')?));
        let jobs = self.names().filter_map(after);
        match jobs.max_by_key(|(job, _)| job.len()) {
            Some((job, word)) => match nearest(word, Options::NAMES) {
                Some(option) => of(job, option),
                None => format!("is no option of the job `{job}`; {}", one_of(Options::NAMES)),
            },
            None => format!("is of no job of this process; {}", one_of(self.names())),
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.keys().map(String::as_str)
    }
}

/// The option of this name, if settings may change it.
fn option(word: &str) -> Result<&'static str, String> {
    if let Some((_, why)) = FIXED.iter().find(|(fixed, _)| *fixed == word) {
        return Err(format!("is not changed by settings: {why}"));
    }
    Options::NAMES
        .into_iter()
        .find(|option| *option == word)
        .ok_or_else(|| format!("is unknown; {}", did_you_mean(word, Options::NAMES)))
}

fn of_attribute(entry: &Entry) -> Said {
    let at = |text: String| Located::at(Source::Attribute(entry.place), text);
    let mut said: Said =
        entry.options.iter().map(|(option, text)| (*option, at((*text).to_owned()))).collect();
    said.extend(entry.every.map(|every| ("every", at(span::print(every)))));
    said.extend(entry.standby.map(|_| ("standby", at(String::new()))));
    said
}

/// Applies the changes. A layer with a schedule replaces the schedule below.
fn merged(mut said: Said, changes: Vec<Change>) -> Said {
    let kind = |option: &str| Options::SCHEDULES.into_iter().find(|kind| *kind == option);
    for layer in changes.chunk_by(|one, next| one.layer == next.layer) {
        let old = said.keys().find_map(|option| kind(option));
        if let Some(new) = layer.iter().find_map(|change| kind(change.option)) {
            let old = old.unwrap_or(new);
            said.retain(|option, text| Options::outlives((option, &text.value), old, new));
        }
        said.extend(layer.iter().map(|change| (change.option, change.text.clone())));
    }
    said
}

/// The sources of options, if at least one of them is not the attribute.
fn sources(of: &[(&str, &Source)]) -> String {
    if of.iter().all(|(_, source)| matches!(source, Source::Attribute(_))) {
        return String::new();
    }
    let of: Vec<_> = of.iter().map(|(option, source)| format!("`{option}`: {source}")).collect();
    format!(" ({})", of.join(", "))
}
