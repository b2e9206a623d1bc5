//! The policy that a token needs for the locks and records of a service.

use std::collections::BTreeSet;
use std::fmt;

use leader_core::election::{Layout, Scope};

use super::super::keyspace::Keyspace;
use super::rule::Rule;
use crate::leadership::RecordKey;

/// The rules that a token needs for the locks of a service, and for the records of its jobs.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    keyspace: Keyspace,
    locks: BTreeSet<Rule>,
    records: BTreeSet<Rule>,
    beats: Rule,
    /// The folders that are read recursively.
    lists: BTreeSet<String>,
}

impl Policy {
    /// The policy for the locks of this layout, and for these records.
    pub(crate) fn new(
        keyspace: Keyspace,
        layout: &Layout,
        records: impl IntoIterator<Item = RecordKey>,
    ) -> Self {
        let lists = layout.folders().iter().filter_map(|scope| match scope {
            Scope::Prefix(folder) => Some(folder.clone()),
            Scope::Key(_) => None,
        });
        Self {
            locks: layout.keys().map(|(_, key)| Rule::Key(key.into())).collect(),
            records: records.into_iter().map(|key| Rule::Key(keyspace.record(&key))).collect(),
            beats: Rule::Folder(keyspace.beats().into()),
            lists: lists.collect(),
            keyspace,
        }
    }

    /// Write rules, each with a sample key to test it with.
    pub(in crate::leadership::consul) fn writes(&self) -> impl Iterator<Item = (&Rule, String)> {
        self.locks.iter().chain(&self.records).chain([&self.beats]).map(|rule| match rule {
            Rule::Key(key) => (rule, key.clone()),
            _ => (rule, format!("{}-", self.keyspace.beats())),
        })
    }

    /// The folders that a token must be able to list.
    pub(in crate::leadership::consul) fn lists(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(String::as_str)
    }
}

/// The policy as a file that Consul reads.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# The rights that a node's token needs, and no others. Add rights for keys that jobs"
        )?;
        writeln!(f, "# write through `Kv`. Create the policy with")?;
        writeln!(f, "#   consul acl policy create -name NAME -rules @FILE")?;
        rules(f, "the locks", &self.locks)?;
        rules(f, "the records of the jobs that have `missed` or `interrupted`", &self.records)?;
        rules(f, "the beats, by which nodes show that they live", [&self.beats])?;
        rules(
            f,
            "a session on the agent that is asked; `session \"NODE\"` for each of them is narrower",
            [&Rule::Sessions],
        )?;
        if !self.lists.is_empty() {
            writeln!(
                f,
                "\n# where the servers have `enable_key_list_policy = true`, these as well"
            )?;
            let lists = self.lists.iter().cloned().map(Rule::List);
            lists.into_iter().try_for_each(|rule| writeln!(f, "# {rule}"))?;
        }
        Ok(())
    }
}

fn rules<'a>(
    f: &mut fmt::Formatter<'_>,
    why: &str,
    rules: impl IntoIterator<Item = &'a Rule>,
) -> fmt::Result {
    let mut rules = rules.into_iter().peekable();
    if rules.peek().is_some() {
        writeln!(f, "\n# {why}")?;
    }
    rules.try_for_each(|rule| writeln!(f, "{rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_each_key_and_folder_once_and_nothing_else() {
        let layout = ["stage/service/clock", "stage/service/other", "stage/lone/key"];
        let layout = Layout::new(layout.map(str::to_owned));
        let record = RecordKey { lock: "stage/service/clock".into(), job: "nightly".into() };
        let policy = Policy::new(Keyspace::new("stage/"), &layout, [record]).to_string();
        let rules: Vec<&str> = policy.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "",
            "key \"stage/lone/key\" { policy = \"write\" }",
            "key \"stage/service/clock\" { policy = \"write\" }",
            "key \"stage/service/other\" { policy = \"write\" }",
            "",
            "key \".leader/stage/runs/service/clock/nightly\" { policy = \"write\" }",
            "",
            "key_prefix \".leader/stage/beats/\" { policy = \"write\" }",
            "",
            "session_prefix \"\" { policy = \"write\" }",
            "",
        ];
        assert_eq!(rules, expected);
        assert!(policy.ends_with("\n# key_prefix \"stage/service/\" { policy = \"list\" }\n"));
    }
}
