//! The rules of Consul's ACL that a lock needs, for the message to whoever lacks one.

/// The rule that a request for this path needs.
pub(super) fn path_rule(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    path.strip_prefix("kv/").map_or_else(|| "session_prefix \"\"".into(), key_rule)
}

/// The rule that a write of this key needs. Beats have theirs for all of `.leader/`.
pub(super) fn key_rule(key: &str) -> String {
    let folder = match key.split_once('/') {
        Some((first @ ".leader", _)) => format!("{first}/"),
        _ => key.rfind('/').map_or(key, |slash| &key[..=slash]).into(),
    };
    format!("key_prefix \"{folder}\"")
}

pub(super) fn lacks_right(rule: &str, text: &str) -> String {
    format!("the token lacks a right ({text}); give its policy {rule} {{ policy = \"write\" }}")
}
