//! What the clock says: `It is <local time>` where it leads, `Not the leader` where it does not; and
//! on stderr, when that begins and ends.

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
    line.text.contains(" leads key=")
}

/// Whether the line, on stderr, says that the node leads from now on, in a new term or in an old one
/// again.
pub fn begins_to_lead(line: &Line) -> bool {
    took_the_lead(line) || line.text.contains(" leads again, in the same term key=")
}

/// Whether the line, on stderr, says that the node leads no longer.
pub fn lost_the_lead(line: &Line) -> bool {
    line.text.contains(" leads no longer")
}
