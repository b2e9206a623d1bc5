//! The settings of the process, one entry each: the field, the reader, the names, and the row of
//! the docs' table.

use leader_core::{Key, Lease};

use super::backend::Backend;
use super::health::Health;
use super::source::{Located, Source};
use crate::model::Identity;

/// One setting of the process.
#[derive(Debug)]
pub(super) struct Setting {
    /// The name in files and in logs, `table.name`.
    pub(super) name: &'static str,
    pub(super) variable: &'static str,
    read: fn(&mut Values, &str, &Source) -> Result<(), String>,
    show: fn(&Values) -> (String, &Source),
}

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $constant:ident: $name:literal, $variable:literal,
        $field:ident: $type:ty = $default:expr, $shown:literal, read by $read:expr;
    )+) => {
        /// The value of each setting, and where it is written.
        #[derive(Clone, Debug)]
        pub(super) struct Values {
            $($(#[doc = $doc])+ pub(super) $field: Located<$type>,)+
        }

        impl Default for Values {
            fn default() -> Self {
                Self { $($field: Located::by_default($default)),+ }
            }
        }

        $(
            pub(super) const $constant: &Setting = &Setting {
                name: $name,
                variable: $variable,
                read: |values, text, source| values.$field.take(source, $read(text)),
                show: |values| (values.$field.value.to_string(), &values.$field.source),
            };
        )+

        /// All of them, in the order of the docs.
        pub(super) const ALL: [&Setting; [$($name),+].len()] = [$($constant),+];

        /// The rows of the table in the docs of [`Settings`](super::Settings).
        macro_rules! rows {
            () => {
                concat!($("| `", $name, "` | `", $variable, "` | ", $shown, " |", $($doc,)+ " |\n"),+)
            };
        }
    };
}

settings! {
    /// `consul`, `local` or `local:DIR`: where locks are kept
    BACKEND: "lock.backend", "LEADER_LOCK",
        backend: Backend = Backend::Consul, "`consul`", read by backend;

    /// a folder that is put before every key: `stage/`. Empty is a value, too
    KEY_PREFIX: "lock.key_prefix", "LEADER_KEY_PREFIX",
        key_prefix: String = String::new(), "the profile and a `/`, or empty", read by folder;

    /// `1s` to `60s`: another node leads within this of any death
    LEASE: "lock.lease", "LEADER_LEASE",
        lease: Lease = Lease::default(), "`6s`", read by lease;

    /// 0 to 10¹⁸: is added to every [`Fence`](crate::Fence), where a Consul was built anew
    FENCE_BASE: "lock.fence_base", "LEADER_FENCE_BASE",
        fence_base: u64 = 0, "0", read by fence_base;

    /// the name of this node in a lock's value
    NODE: "lock.node", "LEADER_NODE",
        node: String = Identity::of_process().node, "the machine's name", read by node;

    /// the address for health: `8080` on 127.0.0.1, `0.0.0.0:8080`, or `off`
    HEALTH: "health.listen", "LEADER_HEALTH",
        health: Health = Health::OFF, "`off`", read by str::parse;
}

impl Setting {
    /// Reads a value, over those of lower layers.
    pub(super) fn read(
        &self,
        values: &mut Values,
        text: &str,
        source: &Source,
    ) -> Result<(), String> {
        (self.read)(values, text, source)
    }

    /// The value in force, as text, and where it is written.
    pub(super) fn show<'v>(&self, values: &'v Values) -> (String, &'v Source) {
        (self.show)(values)
    }

    /// The table of a file that has this setting, and its name there.
    pub(super) fn in_table(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }
}

/// Maximum that is added to a Raft index: the sum stays below 2^63, since no cluster lives to see
/// an index that high.
const MAX_FENCE_BASE: u64 = 1_000_000_000_000_000_000;

fn backend(text: &str) -> Result<Backend, String> {
    text.parse().map_err(str::to_owned)
}

/// Reads a prefix of keys.
fn folder(prefix: &str) -> Result<String, String> {
    let folder = prefix.strip_suffix('/').unwrap_or(prefix);
    match folder.parse::<Key>() {
        _ if prefix.is_empty() => Ok(String::new()),
        // without the `/`, `stage` would make `stageservice/clock`
        Ok(_) if folder == prefix => Err(format!("a prefix ends with a `/`; write `{prefix}/`")),
        Ok(_) => Ok(prefix.into()),
        Err(fault) => Err(format!("as a folder: {fault}")),
    }
}

fn lease(text: &str) -> Result<Lease, String> {
    text.parse().map_err(|fault: leader_core::Error| fault.to_string())
}

fn fence_base(text: &str) -> Result<u64, String> {
    let base = text.parse().ok().filter(|base| *base <= MAX_FENCE_BASE);
    base.ok_or_else(|| format!("is none; use a whole number from 0 to {MAX_FENCE_BASE}"))
}

fn node(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err("is no name; use one such as `web-1`".into());
    }
    Ok(text.into())
}
