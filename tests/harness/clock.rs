//! The output of the clock: `It is <local time>` on the leader, `Not the leader` elsewhere; and on
//! stderr, when leadership begins and ends.

use crate::output::Line;

/// Whether the line is a leader's.
pub fn leads(line: &Line) -> bool {
    line.text.strip_prefix("It is ").is_some_and(|time| !time.trim().is_empty())
}

/// Whether the line is a standby's.
pub fn stands_by(line: &Line) -> bool {
    line.text == "Not the leader"
}

/// Whether the line, on stderr, says that the node leads from now on, in a new term.
pub fn took_the_lead(line: &Line) -> bool {
    line.text.contains(" leadership acquired key=")
}

/// Whether the line, on stderr, says that the node leads from now on, in a new term or in an old one
/// again.
pub fn begins_to_lead(line: &Line) -> bool {
    took_the_lead(line) || line.text.contains(" leadership resumed in the same term key=")
}

/// Whether the line, on stderr, says that the node no longer leads.
pub fn lost_the_lead(line: &Line) -> bool {
    [" leadership released ", " leadership lost: "].iter().any(|part| line.text.contains(part))
}
