//! How late runs begin, and what that costs: the runtime beside a bare loop of the same shape and
//! beside other schedulers, in one run, medians of five.
//!
//! `cargo bench --manifest-path tests/lateness/Cargo.toml` takes half an hour, and `… -- 10000` or
//! `… -- 1 100` are parts of it, by the number of jobs that are due together.
//! `cargo test --manifest-path tests/lateness/Cargo.toml --bench lateness` plays it once, small, so
//! that it can't rot. As with the other figures, nothing fails the run.

mod contender;
mod record;
#[path = "../figures/report.rs"]
mod report;
mod sample;

use std::env;
use std::time::Duration;

use contender::Contender;
use report::{Report, quantile, spread};
use sample::Sample;

/// How much of everything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// As the figures are meant.
    Full,
    /// Once, and small: what it shows is that it works.
    Short,
}

impl Length {
    /// Numbers of jobs, rounds, and the seconds of each.
    const fn of(self) -> (&'static [usize], usize, u64) {
        match self {
            Self::Full => (&[1, 100, 1_000, 10_000], 5, 5),
            Self::Short => (&[1, 100], 1, 1),
        }
    }
}

/// More than this beyond the bare loop is a fault of ours.
const BEYOND_BARE: f64 = 1.3;

/// For 20 s of 10,000 jobs.
const CPU: Duration = Duration::from_millis(100);

/// In MiB, of 10,000 jobs, beyond a runtime that has one.
const MEMORY: f64 = 3.0;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == sample::ARG) {
        return sample::run(&args[1..]);
    }
    // cargo bench says so, cargo test does not
    let full = args.iter().any(|arg| arg == "--bench");
    let length = if full { Length::Full } else { Length::Short };
    let (numbers, rounds, seconds) = length.of();
    let wanted: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let mut report = Report::new(length);
    for &jobs in numbers.iter().filter(|jobs| wanted.is_empty() || wanted.contains(jobs)) {
        // each round has them all, so that a bad minute of the machine is everybody's
        let contenders = Contender::of(jobs);
        let round = || contenders.iter().map(|one| Sample::take(*one, jobs, seconds)).collect();
        let idle = (0..rounds).map(|_| Sample::take(Contender::Runtime, 1, 1).memory);
        let idle = median(idle.collect());
        let rounds: Vec<Vec<Sample>> = (0..rounds).map(|_| round()).collect();
        add(&mut report, jobs, seconds, &contenders, &rounds, idle);
    }
    print!("{report}");
}

fn add(
    report: &mut Report,
    jobs: usize,
    seconds: u64,
    contenders: &[Contender],
    rounds: &[Vec<Sample>],
    idle: f64,
) {
    let of = |place: usize| rounds.iter().map(move |round| round[place]);
    let p99 = |place| quantile(&of(place).map(|sample| sample.p99).collect::<Vec<_>>(), 0.5);
    let cpu = |place| {
        let cpu: Vec<_> = of(place).map(|sample| sample.cpu * 20 / seconds as u32).collect();
        quantile(&cpu, 0.5)
    };
    let [ours, bare] = [p99(0), p99(1)];
    let most = Duration::from_micros(if jobs > 1_000 { 8_000 } else { 2_500 });
    for (place, &contender) in contenders.iter().enumerate() {
        let (lost, twice): (usize, usize) =
            of(place).fold((0, 0), |(lost, twice), one| (lost + one.lost, twice + one.twice));
        let half = quantile(&of(place).map(|sample| sample.half).collect::<Vec<_>>(), 0.5);
        let worst = spread(&of(place).map(|sample| sample.most).collect::<Vec<_>>());
        let memory = median(of(place).map(|sample| sample.memory).collect());
        let (late, ratio) = (p99(place), p99(place).as_secs_f64() / ours.as_secs_f64());
        let is_ours = contender == Contender::Runtime;
        let mut reach = "as seen".to_owned();
        let mut reached = true;
        if is_ours {
            reach = format!("p99 {most:?}, {BEYOND_BARE} × bare, none lost, none twice");
            let beyond = ours.as_secs_f64() / bare.as_secs_f64();
            reached = late <= most && beyond <= BEYOND_BARE && lost + twice == 0;
        }
        if is_ours && jobs == 10_000 {
            reach += &format!(", {CPU:?} CPU, {MEMORY} MiB beyond one job's {idle:.1}");
            reached &= cpu(place) <= CPU && memory - idle <= MEMORY;
        }
        report.add(
            format!("{jobs} due together: {}", contender.name()),
            reach,
            format!(
                "p50 {half:.2?}, p99 {late:.2?} ({ratio:.2} × ours, ours {:.2} × this), worst of a \
                 round {worst}; {lost} lost, {twice} twice; {:.2?} CPU in 20 s, {memory:.1} MiB",
                1.0 / ratio,
                cpu(place),
            ),
            reached,
        );
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
