//! Every file, heading and example that a page names exists.

use std::path::Path;

use lints::{Source, root, sources};

/// Folders whose pages are written by hand.
const FOLDERS: [&str; 3] = ["guide/", "examples/", "leader-runtime/src/cron.md"];

fn pages() -> Vec<Source> {
    let mut pages = sources(&root(), &["md"]);
    pages.retain(|page| {
        !page.path.contains('/') || FOLDERS.iter().any(|f| page.path.starts_with(f))
    });
    assert!(pages.len() > 5, "{}", pages.len());
    pages
}

#[test]
fn each_link_leads_somewhere() {
    let mut broken = Vec::new();
    let pages = pages();
    for page in &pages {
        for link in links(&page.text).filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&page.path).parent().expect("a file");
            let target = if path.is_empty() {
                root().join(&page.path)
            } else {
                root().join(folder).join(path)
            };
            let has_anchor = || {
                let text = std::fs::read_to_string(&target).unwrap_or_default();
                anchor.is_empty() || headings(&text).any(|heading| heading == anchor)
            };
            if !target.exists() || !has_anchor() {
                broken.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_page_of_the_guide_is_in_its_summary() {
    let pages = sources(&root().join("guide/src"), &["md"]);
    let summary = pages.iter().find(|page| page.path == "SUMMARY.md").expect("a summary");
    let listed: Vec<&str> = links(&summary.text).collect();
    for page in pages.iter().filter(|page| page.path != "SUMMARY.md") {
        assert!(listed.contains(&page.path.as_str()), "{} is not in SUMMARY.md", page.path);
    }
}

#[test]
fn each_file_and_example_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for page in pages().iter().filter(|page| is_current(&page.path)) {
        for code in page.text.split('`').skip(1).step_by(2) {
            let is_path = code.contains('/')
                && code.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
            let is_ours = [".rs", ".md", ".sh", ".toml", "/"].iter().any(|end| code.ends_with(end));
            if is_path && is_ours && !code.starts_with('/') && !is_there(code, &page.path) {
                missing.push(format!("{}: {code}", page.path));
            }
        }
        for example in page.text.split("--example ").skip(1) {
            let name: String =
                example.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !is_there(&format!("examples/{name}.rs"), &page.path) {
                missing.push(format!("{}: --example {name}", page.path));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Whether a page is held to the tree as it is: not a list of what was, nor one of single modules.
fn is_current(path: &str) -> bool {
    !["CHANGELOG.md", "DESIGN.md", "leader-runtime/src/cron.md"].contains(&path)
}

/// Whether the file is there, from the root or from beside the page. Keys of Consul have no such names.
fn is_there(path: &str, page: &str) -> bool {
    let beside = Path::new(page).parent().expect("a file");
    root().join(path).exists() || root().join(beside).join(path).exists() || is_key(path)
}

/// Whether this is a prefix or a folder of Consul's, as pages name them.
fn is_key(path: &str) -> bool {
    ["stage/", ".leader/", "service/", "billing/"].iter().any(|key| path.starts_with(key))
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The anchors of headings, as the sites that show Markdown make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}
