//! No circle among the top-level modules of leader-runtime.

use lints::{modules, root, sources};

#[test]
fn no_top_level_module_reaches_itself() {
    let src = sources(&root().join("leader-runtime/src"), &["rs"]);
    assert!(src.len() > 100, "{}", src.len());
    let graph = modules::graph(&src);
    let circles = modules::circles(&graph);
    let edges: Vec<String> = graph
        .iter()
        .filter(|((from, to), _)| circles.iter().any(|c| c.contains(from) && c.contains(to)))
        .map(|((from, to), line)| format!("{from} -> {to}, {line}"))
        .collect();
    assert!(circles.is_empty(), "{circles:#?}\n{}", edges.join("\n"));
}
