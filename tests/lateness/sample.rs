//! One contender, measured in a process of its own, which is this very binary.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::contender::Contender;
use crate::record::Record;

/// The first argument of a process that is measured.
pub(crate) const ARG: &str = "sample";

/// How long a contender has to be ready.
const READY: Duration = Duration::from_secs(3);

/// Measurements of a contender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    pub(crate) half: Duration,
    pub(crate) p99: Duration,
    pub(crate) most: Duration,
    /// Processor time of all threads while runs were counted.
    pub(crate) cpu: Duration,
    /// Memory of the process in MiB, above that of the bare Tokio runtime.
    pub(crate) memory: f64,
}

impl Sample {
    /// Measures so many jobs for so many seconds.
    pub(crate) fn take(contender: Contender, jobs: usize, seconds: u64) -> Self {
        let this = env::current_exe().expect("a benchmark knows its own path");
        let args = [ARG, contender.name(), &jobs.to_string(), &seconds.to_string()];
        let child = Command::new(this).args(args).stdin(Stdio::null()).output();
        let output = child.expect("the benchmark starts itself");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [lost, twice, half, p99, most, cpu, memory] = numbers[..] else {
            panic!("{contender:?}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let span = Duration::from_secs_f64;
        Self {
            lost: lost as usize,
            twice: twice as usize,
            half: span(half),
            p99: span(p99),
            most: span(most),
            cpu: span(cpu),
            memory,
        }
    }
}

/// The main function of the process, with the arguments after [`ARG`].
pub(crate) fn run(args: &[String]) {
    let contender = Contender::named(&args[0]).expect("a contender");
    let jobs: usize = args[1].parse().expect("a number of jobs");
    let seconds: u64 = args[2].parse().expect("a number of seconds");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // so that its threads and its timer are there
        tokio::spawn(tokio::time::sleep(Duration::from_millis(50))).await.expect("it ends");
        let record = Record::begin(jobs, SystemTime::now() + READY, seconds);
        let before = resident();
        let contending = tokio::spawn(contender.run(jobs));
        until(SystemTime::now() + READY).await;
        let began = cpu();
        until(record.end()).await;
        let cpu = cpu() - began;
        let memory = resident() - before;
        contending.abort();
        let [half, p99, most] = [0.5, 0.99, 1.0].map(|part| record.quantile(part).as_secs_f64());
        let (lost, twice) = (record.lost(), record.twice());
        println!("{lost} {twice} {half} {p99} {most} {} {memory}", cpu.as_secs_f64());
    });
    // tasks that a contender leaves behind do not hold this up
    std::process::exit(0);
}

async fn until(instant: SystemTime) {
    let left = instant.duration_since(SystemTime::now()).unwrap_or_default();
    tokio::time::sleep(left).await;
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// In MiB.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(f64::NAN) / 1024.0
}
