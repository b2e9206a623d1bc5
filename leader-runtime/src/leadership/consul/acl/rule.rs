//! A rule of Consul's ACL, and the message for a token that lacks it.

use std::fmt;

use leader_core::election::{Answer, Failure};

use super::super::keyspace::Keyspace;
use crate::leadership::Reply;
use crate::text::Excerpt;

/// A rule of a policy. Prints as the HCL that grants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    /// Read and write this key.
    Key(String),
    /// Read and write every key that begins with this.
    Folder(String),
    /// List the keys that begin with this: a right of its own where the servers have
    /// `enable_key_list_policy`.
    List(String),
    /// Create, renew and destroy sessions, on the node of any agent.
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
    /// The rule that lets a token read and write this key. All beats share one rule, since the names of
    /// sessions are not known beforehand.
    pub(in crate::leadership::consul) fn for_key(keyspace: &Keyspace, key: &str) -> Self {
        match key.starts_with(keyspace.beats()) {
            true => Self::Folder(keyspace.beats().into()),
            false => Self::Key(key.into()),
        }
    }

    /// The message for a token that lacks this rule.
    pub(crate) fn lacking(&self) -> String {
        format!("{LACKS}; add to its policy: {self}")
    }
}

const LACKS: &str = "the token lacks a right";

/// The message for a refusal of Consul's with this text.
pub(in crate::leadership::consul) fn lacks_right(rule: &Rule, text: &str) -> String {
    format!("{LACKS} ({}); add to its policy: {rule}", Excerpt::line(text))
}

/// Whether the reply has the message of [`lacks_right`].
pub(in crate::leadership::consul) fn is_lacking(reply: &Reply) -> bool {
    reply.answer == Answer::Failed(Failure::Configuration)
        && reply.fault.as_ref().is_some_and(|fault| fault.starts_with(LACKS))
}
