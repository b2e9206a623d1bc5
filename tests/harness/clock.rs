//! What the clock says: `It is <local time>` where it leads, `Not the leader` where it does not.

use crate::output::Line;

/// Whether the line is a leader's.
pub fn leads(line: &Line) -> bool {
    line.text.strip_prefix("It is ").is_some_and(|time| !time.trim().is_empty())
}

/// Whether the line is a standby's.
pub fn stands_by(line: &Line) -> bool {
    line.text == "Not the leader"
}
