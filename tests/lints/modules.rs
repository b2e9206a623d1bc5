//! Which top-level module of a crate names which.

use std::collections::{BTreeMap, BTreeSet};

use crate::Source;

/// Edges between top-level modules, each with the first line that makes it.
pub type Graph = BTreeMap<(String, String), String>;

/// Returns the edges among the top-level modules of a crate, from `crate::` and `super::` paths.
/// Tests, comments and the root are left out.
#[must_use]
pub fn graph(src: &[Source]) -> Graph {
    let root = src.iter().find(|source| source.path == "lib.rs").map_or("", |root| &root.text);
    let names = root_names(root);
    let mut graph = Graph::new();
    let in_tests = test_files(src);
    for source in src.iter().filter(|source| !in_tests.iter().any(|at| is_in(&source.path, at))) {
        let module: Vec<&str> = module(&source.path);
        let Some(&from) = module.first() else { continue };
        for (number, path) in paths(&code(&source.text), module.len()) {
            let to = names.get(&path).cloned().unwrap_or(path);
            if to != from && names.values().any(|module| *module == to) {
                let line = format!("{}:{number}", source.path);
                graph.entry((from.to_owned(), to)).or_insert(line);
            }
        }
    }
    graph
}

/// Returns the groups of modules in which each reaches each other one.
#[must_use]
pub fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut reach: BTreeSet<(String, String)> = graph.keys().cloned().collect();
    loop {
        let further: Vec<_> = reach
            .iter()
            .flat_map(|(a, b)| graph.keys().filter(move |(c, _)| b == c).map(move |(_, d)| (a, d)))
            .filter(|(a, d)| !reach.contains(&((*a).clone(), (*d).clone())))
            .map(|(a, d)| (a.clone(), d.clone()))
            .collect();
        if further.is_empty() {
            break;
        }
        reach.extend(further);
    }
    let mutual = |a: &String, b: &String| reach.contains(&(b.clone(), a.clone()));
    let mut circles = BTreeSet::new();
    for (a, _) in reach.iter().filter(|(a, b)| a == b) {
        let with = reach.iter().filter(|(from, to)| from == a && mutual(from, to));
        circles.insert(with.map(|(_, to)| to.clone()).collect::<Vec<_>>());
    }
    circles.into_iter().collect()
}

/// The top-level module behind each name that `crate::` may be followed by.
fn root_names(root: &str) -> BTreeMap<String, String> {
    let code = code(root);
    let mut names = BTreeMap::new();
    for line in code.lines().map(str::trim) {
        let item = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub "));
        if let Some(module) = item.unwrap_or(line).strip_prefix("mod ") {
            let module = module.trim_end_matches([';', '{', '}', ' ']);
            names.insert(module.to_owned(), module.to_owned());
        }
    }
    for used in code.split("pub use ").skip(1) {
        let used = used.split(';').next().unwrap_or_default();
        let module = used.split("::").next().unwrap_or_default().to_owned();
        for name in used.split(['{', '}', ',']).map(str::trim).filter(|name| !name.is_empty()) {
            let name = name.rsplit([':', ' ']).next().unwrap_or_default();
            if names.contains_key(&module) && !name.is_empty() {
                names.insert(name.to_owned(), module.clone());
            }
        }
    }
    names
}

/// The modules that a path lies in: `lock/gate.rs` is in `lock`, `gate`.
fn module(path: &str) -> Vec<&str> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').collect() }
}

/// The modules that only tests have, as paths without their ends.
fn test_files(src: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in src {
        let mut is_test = false;
        for line in source.text.lines().map(str::trim) {
            let declared = line.split_once("mod ").and_then(|(_, name)| name.strip_suffix(';'));
            if let (true, Some(name)) = (is_test, declared) {
                let mut path = module(&source.path);
                path.push(name);
                found.push(path.join("/"));
            }
            is_test = line.starts_with("#[cfg(test)]") || is_test && line.starts_with("#[");
        }
    }
    found
}

fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// The text without comments and without what is `#[cfg(test)]`; lines stay where they are.
fn code(text: &str) -> String {
    let mut code = String::new();
    // of an item of tests: how deep its braces are, once it has any
    let mut skipped: Option<(i32, bool)> = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        if skipped.is_none() && line.trim_start().starts_with("#[cfg(test)]") {
            skipped = Some((0, false));
        } else if let Some((depth, was_open)) = &mut skipped {
            for character in line.chars() {
                match character {
                    '{' | '(' | '[' => *depth += 1,
                    '}' | ')' | ']' => *depth -= 1,
                    _ => {}
                }
                *was_open |= character == '{';
            }
            let is_attribute = line.trim_start().starts_with("#[");
            let ends = line.trim_end().ends_with(['}', ';', ',']);
            if *depth <= 0 && !is_attribute && ends {
                skipped = None;
            }
        } else {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

/// The names at the root that the text reaches, each with its line.
fn paths(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let root = "super::".repeat(depth);
    for prefix in ["crate::", root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            // a longer word, a longer path, or `super` less often than that
            let before = &code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let number = before.lines().count().max(1);
            found.extend(firsts(&code[at + prefix.len()..]).into_iter().map(|name| (number, name)));
        }
    }
    found
}

/// The first names of what follows a path: one, or those of a list in braces.
fn firsts(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(list) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut depth, mut names, mut is_first) = (0, Vec::new(), true);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_first = true,
            _ if is_first && !character.is_whitespace() => {
                names.push(word(&list[at..]));
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let source = |(path, text): &(&str, &str)| Source {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        graph(&files.iter().map(source).collect::<Vec<_>>()).into_keys().collect()
    }

    const ROOT: (&str, &str) =
        ("lib.rs", "mod a;\nmod b;\npub mod c;\npub use c::{Thing, Other};\n");

    #[test]
    fn each_way_to_name_a_module_is_an_edge() {
        for text in [
            "use crate::b::X;",
            "use crate::{\n    b::{X, Y},\n    a::Z,\n};",
            "fn f() { crate::b::f() }",
            "use super::b;",
        ] {
            assert_eq!(graph_of(&[ROOT, ("a.rs", text)]), [("a".into(), "b".into())], "{text}");
        }
        let deep = ("a/deep.rs", "use super::super::b;\nuse super::b;");
        assert_eq!(graph_of(&[ROOT, deep]), [("a".into(), "b".into())]);
        assert_eq!(graph_of(&[ROOT, ("a.rs", "use crate::Thing;")]), [("a".into(), "c".into())]);
    }

    #[test]
    fn tests_and_comments_are_no_edges() {
        for text in [
            "// crate::b",
            "/// [`crate::b`]",
            "#[cfg(test)]\nmod tests {\n    use crate::b;\n}",
            "#[cfg(test)]\nuse crate::b;",
            "use super::b;",
        ] {
            assert_eq!(graph_of(&[ROOT, ("a/deep.rs", text)]), [], "{text}");
        }
        let files = [ROOT, ("a.rs", "#[cfg(test)]\nmod stage;"), ("a/stage.rs", "use crate::b;")];
        assert_eq!(graph_of(&files), []);
    }

    #[test]
    fn a_circle_is_found_and_what_hangs_on_it_is_not_in_it() {
        let edge = |a: &str, b: &str| ((a.to_owned(), b.to_owned()), String::new());
        let graph = Graph::from([edge("a", "b"), edge("b", "c"), edge("c", "a"), edge("c", "d")]);
        assert_eq!(circles(&graph), [["a", "b", "c"]]);
    }
}
