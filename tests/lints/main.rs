//! Prints the figures of this repository's text, or of the one in the folder that is named.

use std::path::PathBuf;

use lints::prose::{SEARCHED, docs, is_riddle, pronouns, riddles};
use lints::{Source, modules, root, sources};

/// Maximum number of lines of a source file.
const LINES: usize = 400;

fn main() {
    let root = std::env::args().nth(1).map_or_else(root, PathBuf::from);
    let rust = sources(&root, &["rs"]);
    let (shipped, ours): (Vec<&Source>, Vec<&Source>) =
        rust.iter().partition(|source| is_shipped(&source.path));
    println!(
        "{} Rust files: {} shipped, {} of tests and examples",
        rust.len(),
        shipped.len(),
        ours.len()
    );

    let lines = rust.iter().flat_map(|source| docs(&source.text)).flatten();
    let (mut all, mut what) = (0, 0);
    for (_, line) in lines {
        all += 1;
        what += usize::from(is_riddle(line));
    }
    println!("doc lines that begin with What & co.: {what} of {all}");
    let opening = riddles(&rust);
    let of_shipped = opening.iter().filter(|place| is_shipped(place)).count();
    println!("doc comments that open so: {}, {of_shipped} of them shipped", opening.len());

    let shipped_sources = sources(&root, &["rs"]).into_iter().filter(|s| is_shipped(&s.path));
    for (name, sources) in [("shipped", shipped_sources.collect::<Vec<_>>()), ("all", rust)] {
        let (words, found) = pronouns(&sources);
        let share = 100.0 * found as f64 / words.max(1) as f64;
        println!(
            "relative pronouns per 100 words of rustdoc, {name}: {share:.1} ({found} of {words})"
        );
        let long: Vec<String> = sources
            .iter()
            .map(|source| (source.text.lines().count(), &source.path))
            .filter(|(lines, _)| *lines > LINES)
            .map(|(lines, path)| format!("{path} {lines}"))
            .collect();
        println!("files over {LINES} lines, {name}: {} {long:?}", long.len());
    }

    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let front = ["README.md", "leader-runtime/src/lib.rs", "leader-runtime/Cargo.toml"].map(read);
    for term in SEARCHED {
        let counts = front.each_ref().map(|text| text.to_lowercase().matches(term).count());
        println!("{term:?} in README, lib.rs, Cargo.toml: {counts:?}");
    }

    let graph = modules::graph(&sources(&root.join("leader-runtime/src"), &["rs"]));
    println!("edges among top-level modules: {}", graph.len());
    for circle in modules::circles(&graph) {
        println!("circle: {circle:?}");
        for ((from, to), line) in &graph {
            if circle.contains(from) && circle.contains(to) {
                println!("    {from} -> {to}, {line}");
            }
        }
    }
}

fn is_shipped(path: &str) -> bool {
    ["leader-core/src/", "leader-macros/src/", "leader-runtime/src/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        && !path.contains("/tests/")
        && !path.ends_with("/tests.rs")
}
