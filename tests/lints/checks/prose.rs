//! Doc comments begin with a noun or a verb, as CONTRIBUTING says.

use lints::{prose, root, sources};

#[test]
fn a_doc_comment_begins_with_a_noun_or_a_verb() {
    let found = prose::riddles(&sources(&root(), &["rs"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
