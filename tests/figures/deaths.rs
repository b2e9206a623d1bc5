//! The leading process killed, its machine dead, its machine cut off: when another leads.

use std::time::Duration;

use tests::Lan;

use crate::Length;
use crate::pair::{Death, Pair, Takeover};
use crate::report::{Report, spread};

/// How much later than the lease another may lead.
const GRACE: Duration = Duration::from_millis(50);

pub(crate) fn play(length: Length, report: &mut Report) {
    let (leases, runs): (&[u64], usize) = match length {
        Length::Full => (&[6, 3, 1], 20),
        Length::Short => (&[1], 1),
    };
    for consul in length.consuls() {
        let lan = Lan::start(consul);
        for lease in leases.iter().copied().map(Duration::from_secs) {
            let mut pair = Pair::start(&lan, lease, 7);
            for (what, death) in [
                ("leading process killed (SIGKILL)", Death::Killed),
                ("its machine dead", Death::Machine),
                ("its machine cut off", Death::CutOff),
            ] {
                let takeovers: Vec<Takeover> = (0..runs).map(|_| pair.play(death)).collect();
                let led: Vec<Duration> = takeovers.iter().map(|takeover| takeover.led).collect();
                let in_time = led.iter().filter(|led| **led <= lease + GRACE).count();
                report.add(
                    format!("Consul {}, lease {lease:?}: {what}, other leads", consul.version()),
                    format!("{runs} of {runs} within {:?}", lease + GRACE),
                    format!("{in_time} of {runs}; {}", spread(&led)),
                    in_time == runs,
                );
            }
        }
    }
}

/// Cuts at random moments, and both lead for how long?
pub(crate) fn play_cuts(length: Length, report: &mut Report) {
    let cuts = if length == Length::Full { 100 } else { 2 };
    for consul in length.consuls() {
        let lan = Lan::start(consul);
        let mut pair = Pair::start(&lan, Duration::from_secs(1), 11);
        let both: Vec<Duration> = (0..cuts).map(|_| pair.play(Death::CutOff).both).collect();
        let sum: Duration = both.iter().sum();
        report.add(
            format!("Consul {}, lease 1s: two leaders, in {cuts} cuts", consul.version()),
            "0 s".into(),
            format!("{sum:?}"),
            sum.is_zero(),
        );
    }
}
