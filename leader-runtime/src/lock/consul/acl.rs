//! The rules of Consul's ACL that a lock needs: as a policy, and for the message to whoever lacks
//! one.

use std::collections::BTreeSet;
use std::fmt;

use leader_core::election::{Answer, Failure, Layout, Scope};

use super::keyspace::Keyspace;
use crate::lock::{Place, Reply};

/// One rule of a policy. Prints as the HCL that grants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    /// This key is read and written.
    Key(String),
    /// So is every key that begins with this.
    Folder(String),
    /// The keys that begin with this are listed: a right of its own where the servers have
    /// `enable_key_list_policy`.
    List(String),
    /// Sessions are made, renewed and destroyed, on the node of whatever agent is asked.
    Sessions,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, name, policy) = match self {
            Self::Key(key) => ("key", key.as_str(), "write"),
            Self::Folder(folder) => ("key_prefix", folder.as_str(), "write"),
            Self::List(folder) => ("key_prefix", folder.as_str(), "list"),
            Self::Sessions => ("session_prefix", "", "write"),
        };
        write!(f, "{resource} \"{name}\" {{ policy = \"{policy}\" }}")
    }
}

impl Rule {
    /// What is told where the token does not permit it.
    pub(crate) fn lacking(&self) -> String {
        format!("{LACKS}; add to its policy: {self}")
    }
}

/// What a token must permit for these locks, and for the records of the jobs that keep one.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    keyspace: Keyspace,
    locks: BTreeSet<Rule>,
    records: BTreeSet<Rule>,
    beats: Rule,
    /// The folders that are read as a whole.
    lists: BTreeSet<String>,
}

impl Policy {
    /// Of the locks of this layout, and of these records.
    pub(crate) fn new(
        keyspace: Keyspace,
        layout: &Layout,
        records: impl IntoIterator<Item = Place>,
    ) -> Self {
        let lists = layout.folders().iter().filter_map(|scope| match scope {
            Scope::Prefix(folder) => Some(folder.clone()),
            Scope::Key(_) => None,
        });
        Self {
            locks: layout.keys().map(|(_, key)| Rule::Key(key.into())).collect(),
            records: records.into_iter().map(|place| Rule::Key(keyspace.record(&place))).collect(),
            beats: Rule::Folder(keyspace.beats().into()),
            lists: lists.collect(),
            keyspace,
        }
    }

    /// The rules for keys that are written, each with a key for which it is.
    pub(super) fn writes(&self) -> impl Iterator<Item = (&Rule, String)> {
        self.locks.iter().chain(&self.records).chain([&self.beats]).map(|rule| match rule {
            Rule::Key(key) => (rule, key.clone()),
            _ => (rule, format!("{}-", self.keyspace.beats())),
        })
    }

    /// The folders that are listed.
    pub(super) fn lists(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(String::as_str)
    }
}

/// As a file that Consul takes.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# What a node's token must permit, and no more; what jobs write through `Kv`"
        )?;
        writeln!(f, "# is added by whoever writes them. Consul takes it from")?;
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

const LACKS: &str = "the token lacks a right";

/// What is told where Consul has refused something with this text.
pub(super) fn lacks_right(rule: &Rule, text: &str) -> String {
    format!("{LACKS} ({text}); add to its policy: {rule}")
}

/// Whether this is what [`lacks_right`] tells.
pub(super) fn is_lacking(reply: &Reply) -> bool {
    reply.answer == Answer::Failed(Failure::Configuration)
        && reply.fault.as_ref().is_some_and(|fault| fault.starts_with(LACKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_each_key_and_folder_once_and_nothing_else() {
        let layout = ["stage/service/clock", "stage/service/other", "stage/lone/key"];
        let layout = Layout::new(layout.map(str::to_owned));
        let record = Place { lock: "stage/service/clock".into(), job: "nightly".into() };
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
