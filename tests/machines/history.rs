//! Who believed when, read from what the nodes said: no two at once, and rising fences.

use std::time::Instant;

use tests::{Line, Node, clock};

use crate::ticks::spoken;

/// The time in which one node believed that it leads, in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Belief {
    pub(crate) node: String,
    pub(crate) fence: u64,
    pub(crate) from: Instant,
    /// Nothing while it still does.
    pub(crate) until: Option<Instant>,
}

/// Whether the node says that it leads from now on.
pub(crate) fn begins(line: &Line) -> bool {
    clock::took_the_lead(line) || line.text.contains(" leads again, in the same term key=")
}

/// The beliefs of one node, of which an unended one ended with the node, if that `died`.
pub(crate) fn beliefs(node: &str, lines: &[Line], died: Option<Instant>) -> Vec<Belief> {
    let mut beliefs: Vec<Belief> = Vec::new();
    for line in lines {
        if begins(line) {
            let fence = line.text.rsplit_once("fence=").and_then(|(_, fence)| fence.parse().ok());
            beliefs.push(Belief {
                node: node.to_owned(),
                fence: fence.unwrap_or_else(|| panic!("{node}: no fence in `{}`", line.text)),
                from: line.at,
                until: None,
            });
        } else if clock::lost_the_lead(line) {
            let last = beliefs.last_mut().filter(|belief| belief.until.is_none());
            last.unwrap_or_else(|| panic!("{node} leads nothing: `{}`", line.text)).until =
                Some(line.at);
        }
    }
    if let Some(last) = beliefs.last_mut() {
        last.until = last.until.or(died);
    }
    beliefs
}

/// What is wrong with a history of one key, if anything is.
pub(crate) fn fault(mut beliefs: Vec<Belief>) -> Option<String> {
    beliefs.sort_by_key(|belief| belief.from);
    beliefs.windows(2).find_map(|pair| {
        let [before, after] = pair else { unreachable!("windows of two") };
        if before.until.is_none_or(|until| until > after.from) {
            return Some(format!("two believe at once: {before:?} and {after:?}"));
        }
        let resumed = before.node == after.node && before.fence == after.fence;
        if before.fence >= after.fence && !resumed {
            return Some(format!("the fence does not rise: {before:?} and {after:?}"));
        }
        None
    })
}

/// No two of these nodes, each with the moment of its death if it died, ever led at once: not by
/// their logs, and not by what they did.
#[track_caller]
pub(crate) fn assert_one_leader_at_a_time(nodes: [(&Node, Option<Instant>); 2]) {
    let beliefs = nodes.iter().flat_map(|(node, died)| beliefs(node.name(), &node.errors(), *died));
    assert_eq!(fault(beliefs.collect()), None);
    let ticks = spoken(&nodes.map(|(node, _)| node));
    assert!(ticks.values().all(|spoken| spoken.leading <= 1), "{ticks:?}");
}

#[cfg(test)]
mod planted {
    use std::time::Duration;

    use super::*;

    /// Lines such as `0 leads key=k fence=7`, each at its second.
    fn said(since: Instant, lines: &[&str]) -> Vec<Line> {
        let line = |line: &&str| {
            let (second, text) = line.split_once(' ').expect("a second and a text");
            let at = since + Duration::from_secs(second.parse().expect("a second"));
            Line { text: format!(" INFO {text}"), at }
        };
        lines.iter().map(line).collect()
    }

    fn fault_of(one: &[&str], other: &[&str], other_died: Option<u64>) -> Option<String> {
        let start = Instant::now();
        let died = other_died.map(|second| start + Duration::from_secs(second));
        let mut all = beliefs("one", &said(start, one), None);
        all.extend(beliefs("other", &said(start, other), died));
        fault(all)
    }

    #[test]
    fn a_planted_overlap_is_found_and_an_orderly_history_is_not() {
        let (led, stopped) = ("0 leads key=k fence=7", "3 leads no longer: … key=k fence=7");
        let again = "5 leads again, in the same term key=k fence=7";
        assert_eq!(fault_of(&[led, stopped, again], &[], None), None);
        assert_eq!(fault_of(&[led, stopped], &["4 leads key=k fence=9"], None), None);
        assert_eq!(fault_of(&["4 leads key=k fence=9"], &[led], Some(3)), None);
        for (one, other) in [
            (vec![led, stopped], "2 leads key=k fence=9"),
            (vec![led], "4 leads key=k fence=9"),
            (vec![led, stopped, again], "4 leads key=k fence=9"),
        ] {
            let found = fault_of(&one, &[other], None).expect("an overlap");
            assert!(found.contains("two believe at once"), "{found}");
        }
        let found = fault_of(&[led, stopped], &["4 leads key=k fence=7"], None).expect("a fence");
        assert!(found.contains("does not rise"), "{found}");
    }
}
