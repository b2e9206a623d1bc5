//! Everything that one operating system has and another has not is in one place.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn only_one_module_asks_which_system_it_runs_on() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut asking, mut files) = (Vec::new(), 0);
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is a folder").map_while(Result::ok) {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                let is_exempt = path == src.join("system") || path.ends_with("tests");
                folders.extend(Some(path).filter(|_| !is_exempt));
                continue;
            }
            let text = fs::read_to_string(&path).expect("it is a text");
            // a unit test may need what only one system lets it do
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            files += 1;
            for (number, line) in text.lines().enumerate().filter(|(_, line)| is_asking(line)) {
                asking.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(files > 100, "{files}");
    assert_eq!(asking, [""; 0]);
}

fn is_asking(line: &str) -> bool {
    const SYSTEMS: [&str; 6] =
        ["unix", "windows", "target_os", "target_vendor", "target_family", "target_env"];
    let of_cfg = line.split_once("cfg").map_or("", |(_, of_cfg)| of_cfg);
    SYSTEMS
        .iter()
        .any(|system| of_cfg.contains(system) || line.contains(&format!("std::os::{system}")))
}
