//! The texts that nodes of different versions exchange through the lock service: the value of a lock,
//! and the value of a beat.
//!
//! Both are JSON objects whose field `format` is the number of the format, 1 today; texts without it
//! were written before there was a number, and are read as format 1. A reader ignores fields that it
//! does not know, and needs no field but those listed here as read:
//!
//! | text | fields | read |
//! |---|---|---|
//! | value of a lock | `format`, `node`, `pid`, `service`, `version`, `profile`, `since`, `attempt` | for people alone: the holder is the lock's session |
//! | value of a beat | `format`, `lease`, `node`, `pid`, `attempt` | `lease`, by which a standby counts the silence of the holder |
//!
//! `attempt` makes every write one that was never written before. `version` and `profile` are left out
//! where there is none. A lock file has the fields of a lock's value, and before them `fence`.
//!
//! A new field needs no new number. A change of a field's meaning does, and a node of the version before
//! must still be able to read `lease`, or it takes a holder that beats for one without a beat.

use std::time::{Duration, SystemTime};

use leader_core::Lease;
use leader_core::election::Attempt;
use serde::{Deserialize, Serialize};

use crate::model::{Identity, Leader};
use crate::text::json;

/// Number of the format of both texts.
const FORMAT: u32 = 1;

/// The value of a lock: written with the acquisition, and never again.
#[derive(Serialize)]
struct LockValue {
    format: u32,
    #[serde(flatten)]
    leader: Leader,
    attempt: u64,
}

/// The value of a beat.
#[derive(Serialize)]
struct Beat<'a> {
    format: u32,
    lease: String,
    node: &'a str,
    pid: u32,
    attempt: u64,
}

/// The part of a beat that is read.
#[derive(Deserialize)]
struct BeatLease {
    lease: String,
}

/// The value of a lock that this process acquires by this attempt.
pub(super) fn lock_value(identity: &Identity, attempt: Attempt) -> Vec<u8> {
    let leader = Leader {
        node: identity.node.clone(),
        pid: std::process::id(),
        service: identity.service.clone(),
        version: identity.version.clone(),
        profile: identity.profile.clone(),
        since: Some(SystemTime::now()),
    };
    json(&LockValue { format: FORMAT, leader, attempt: attempt.number() })
}

/// The holder that a lock's value names. The value of another tool names no holder.
pub(super) fn leader(lock_value: &[u8]) -> Leader {
    serde_json::from_slice(lock_value).unwrap_or_else(|_| Leader {
        node: "unknown".into(),
        pid: 0,
        service: "another tool".into(),
        version: None,
        profile: None,
        since: None,
    })
}

/// The value of a beat of this process.
pub(super) fn beat(lease: Lease, node: &str, attempt: Attempt) -> Vec<u8> {
    let (pid, attempt) = (std::process::id(), attempt.number());
    json(&Beat { format: FORMAT, lease: lease.to_string(), node, pid, attempt })
}

/// The lease within which the holder of a beat beats; `None` if the value has none.
pub(super) fn lease(beat: &[u8]) -> Option<Duration> {
    let BeatLease { lease } = serde_json::from_slice(beat).ok()?;
    Some(lease.parse::<Lease>().ok()?.length())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Texts that nodes wrote before there was a `format`.
    const OLD_LOCK: &str = r#"{"node":"one","pid":7,"service":"shop","version":"1.2","profile":"stage","since":"2026-11-27T16:06:00Z","attempt":41}"#;
    const OLD_BEAT: &str = r#"{"lease":"6s","node":"one","pid":7,"attempt":42}"#;

    fn identity() -> Identity {
        let (version, profile) = (Some("1.2".into()), Some("stage".into()));
        Identity { node: "one".into(), service: "shop".into(), version, profile }
    }

    #[test]
    fn texts_of_nodes_before_the_format_had_a_number_are_read() {
        let expected = Leader {
            node: "one".into(),
            pid: 7,
            service: "shop".into(),
            version: Some("1.2".into()),
            profile: Some("stage".into()),
            since: Some("2026-11-27T16:06:00Z".parse::<leader_core::Due>().unwrap().timestamp()),
        };
        assert_eq!(leader(OLD_LOCK.as_bytes()), expected);
        assert_eq!(lease(OLD_BEAT.as_bytes()), Some(Duration::from_secs(6)));
        let of_file = format!("{{\"fence\":3,{}\n\n", &OLD_LOCK[1..]);
        assert_eq!(leader(of_file.as_bytes()), expected);
    }

    #[test]
    fn nodes_before_the_format_had_a_number_read_our_texts() {
        /// A beat as those nodes read it.
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "each was needed")]
        struct Before {
            lease: String,
            node: String,
            pid: u32,
            attempt: u64,
        }

        let fields = |old: &str, new: &[u8]| {
            let old: Value = serde_json::from_str(old).unwrap();
            let mut new: Value = serde_json::from_slice(new).unwrap();
            assert_eq!(new["format"], 1);
            let new = new.as_object_mut().unwrap();
            new.remove("format");
            for (name, value) in old.as_object().unwrap() {
                let of_kind = |value: &Value| (value.is_string(), value.is_u64());
                assert_eq!(of_kind(&new[name]), of_kind(value), "{name}");
            }
            assert_eq!(new.len(), old.as_object().unwrap().len());
        };
        let ours = beat(Lease::default(), "one", Attempt(42));
        fields(OLD_BEAT, &ours);
        assert_eq!(serde_json::from_slice::<Before>(&ours).unwrap().lease, "6s");
        let ours = lock_value(&identity(), Attempt(41));
        fields(OLD_LOCK, &ours);
        // a lock's value is read as a `Leader`, now as then
        assert_eq!(leader(&ours).service, "shop");
    }

    #[test]
    fn texts_of_a_later_format_are_read_as_far_as_they_are_known() {
        let later = OLD_LOCK.replace("{", r#"{"format":2,"region":{"name":"north"},"#);
        assert_eq!(leader(later.as_bytes()).node, "one");
        let later = br#"{"format":2,"lease":"9s","region":["north"]}"#;
        assert_eq!(lease(later), Some(Duration::from_secs(9)));
    }

    #[test]
    fn the_value_of_another_tool_names_no_holder_and_no_lease() {
        assert_eq!(leader(b"me").service, "another tool");
        assert_eq!(leader(b"").service, "another tool");
        assert_eq!([lease(b"me"), lease(br#"{"lease":"soon"}"#)], [None, None]);
    }
}
