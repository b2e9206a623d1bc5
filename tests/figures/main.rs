//! The figures that the project promises, seen on this machine: `cargo bench -p tests`, or some of
//! them by name, `cargo bench -p tests -- scale gate`. Those that lose machines need root, or a
//! system where users may make network namespaces.
//!
//! Each is printed beside what is to be reached. None fails the run, since a machine that is busy
//! with other things is no fault; `cargo test -p tests --bench figures` plays them all once, small,
//! so that they can't rot.

mod bare;
mod consul_leader;
mod deaths;
mod gate;
mod handover;
mod late_cuts;
mod late_scale;
mod node;
mod pair;
mod report;
mod scale;
mod slow;
mod starved;

use std::env;

use report::Report;
use tests::Consul;

/// How much of everything is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    /// As the figures are meant.
    Full,
    /// Once, and small, on one version of Consul: what it shows is that it works.
    #[default]
    Short,
}

impl Length {
    fn consuls(self) -> &'static [Consul] {
        let all = Consul::all();
        match self {
            Self::Full => all,
            Self::Short => &all[all.len() - 1..],
        }
    }
}

/// A figure's name, and what plays it.
type Figure = (&'static str, fn(Length, &mut Report));

/// Those that lose machines first: they start this process once more, in namespaces of its own.
const FIGURES: [Figure; 10] = [
    ("deaths", deaths::play),
    ("cuts", deaths::play_cuts),
    ("consul-leader", consul_leader::play),
    ("handover", handover::play),
    ("gate", gate::play),
    ("scale", scale::play),
    ("slow", slow::play),
    ("late-cuts", late_cuts::play),
    ("late-scale", late_scale::play),
    ("starved", starved::play),
];

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == node::ARG) {
        return node::run(&args[1..]);
    }
    // cargo bench says so, cargo test does not
    let full = args.iter().any(|arg| arg == "--bench");
    let length = if full { Length::Full } else { Length::Short };
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    for name in &wanted {
        let names = || FIGURES.map(|(name, _)| name).join(", ");
        assert!(
            FIGURES.iter().any(|(figure, _)| figure == name),
            "no figure `{name}`; there are: {}",
            names()
        );
    }
    let mut report = Report::new(length);
    for (name, play) in FIGURES {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            play(length, &mut report);
        }
    }
    print!("{report}");
}
