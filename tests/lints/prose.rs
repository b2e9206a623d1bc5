//! The rules of CONTRIBUTING about prose, counted.

use crate::Source;

/// Openings of a doc comment that are a riddle in place of a noun.
pub const RIDDLES: [&str; 12] = [
    "What",
    "Whoever",
    "Whom",
    "Whose",
    "Who",
    "So many",
    "So long",
    "So much",
    "Of",
    "The same",
    "One that",
    "One of which",
];

/// Words of the field that somebody looks for.
pub const SEARCHED: [&str; 6] = [
    "leader election",
    "distributed lock",
    "failover",
    "fencing token",
    "heartbeat",
    "graceful shutdown",
];

const PRONOUNS: [&str; 7] = ["that", "which", "who", "whom", "whose", "what", "whoever"];

/// The doc comments of a file: the number of each line and its text, a block after the other.
#[must_use]
pub fn docs(text: &str) -> Vec<Vec<(usize, &str)>> {
    let (mut blocks, mut block) = (Vec::new(), Vec::new());
    let mut is_example = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match doc.map(str::trim) {
            Some(doc) if doc.starts_with("```") => is_example = !is_example,
            Some(doc) if !is_example => block.push((number + 1, doc)),
            Some(_) => {}
            None if block.is_empty() => {}
            None => {
                is_example = false;
                blocks.push(std::mem::take(&mut block));
            }
        }
    }
    blocks.extend((!block.is_empty()).then_some(block));
    blocks
}

/// The doc comments that open with a riddle, as `path:line: text`.
#[must_use]
pub fn riddles(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for block in docs(&source.text) {
            let Some((number, first)) = block.into_iter().find(|(_, text)| !text.is_empty()) else {
                continue;
            };
            if is_riddle(first) {
                found.push(format!("{}:{number}: {first}", source.path));
            }
        }
    }
    found
}

/// Whether a line begins with a riddle.
#[must_use]
pub fn is_riddle(line: &str) -> bool {
    RIDDLES.iter().any(|riddle| {
        line.strip_prefix(riddle).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// The words of all doc comments, and how many of them are relative pronouns.
#[must_use]
pub fn pronouns(sources: &[Source]) -> (usize, usize) {
    let (mut words, mut pronouns) = (0, 0);
    for source in sources {
        for (_, line) in docs(&source.text).into_iter().flatten() {
            for word in line.split(|c: char| !c.is_alphanumeric() && c != '\'') {
                words += usize::from(!word.is_empty());
                pronouns += usize::from(PRONOUNS.contains(&word.to_lowercase().as_str()));
            }
        }
    }
    (words, pronouns)
}
