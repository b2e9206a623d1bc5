//! The fuzz targets in short: every seed, and thousands of variations of each, the same ones each
//! time. None panics, and none takes longer than 50 ms of processor time.
//!
//! `LEADER_CASES=100000 cargo test --release -p leader-core --test fuzz` looks longer; so does
//! `cargo +nightly fuzz run cron`, and the like, in `leader-core/`.

#[path = "../fuzz/parsers.rs"]
mod parsers;

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const LIMIT: Duration = Duration::from_millis(50);

/// Numbers without a pattern, the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }
}

/// Characters of the grammars, and others.
#[rustfmt::skip]
const PIECES: [&str; 48] = [
    "0", "1", "7", "29", "31", "59", "60", "99999999999999999999", "s", "ms", "h", "d", "µs", " ",
    "  ", "\t", "\n", "=", "/", "//", ".", "..", "-", ",", "*", "*/", "#", "L", "W", "?", "@", "_",
    "H", "H(", ")", "~", "L-", "12-24", "except", "hash", "MON", "FEB", "tz", "offset", "UTC", "Europe/", "ö", "\u{0}",
];

/// The seed, cut, doubled and mixed with pieces and other seeds.
fn vary(seeds: &[&str], chance: &mut Chance) -> String {
    let mut text: Vec<char> = chance.of(seeds).chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(text.len() + 1);
        match chance.below(5) {
            0 => text.truncate(at),
            1 if at < text.len() => drop(text.remove(at)),
            2 => text.extend_from_within(at..),
            3 => drop(text.splice(at..at, chance.of(&PIECES).chars())),
            _ => drop(text.splice(at.., chance.of(seeds).chars())),
        }
    }
    text.into_iter().collect()
}

/// Processor time of this thread. Wall time would blame the parser for a busy machine.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[test]
fn no_input_makes_a_parser_panic_or_takes_longer_than_50_ms() {
    let cases = std::env::vars().find(|(name, _)| name == "LEADER_CASES");
    let cases = cases.map_or(3_000, |(_, cases)| cases.parse().expect("LEADER_CASES is a number"));
    for (name, parse) in parsers::PARSERS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/seeds/{name}.txt"));
        let seeds = std::fs::read_to_string(&path).expect("each parser has its seeds");
        let seeds: Vec<String> = seeds.lines().map(|line| line.replace("\\n", "\n")).collect();
        let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let varied = (0..cases).map(|_| vary(&seeds, &mut chance)).collect::<Vec<_>>();
        let mut slowest = (Duration::ZERO, "");
        for text in seeds.iter().copied().chain(varied.iter().map(String::as_str)) {
            let began = processor_time();
            parse(text);
            slowest = slowest.max((processor_time() - began, text));
        }
        println!("{name}: the slowest took {:?}: {:?}", slowest.0, slowest.1);
        assert!(slowest.0 < LIMIT, "{name} took {:?} for {:?}", slowest.0, slowest.1);
    }
}
