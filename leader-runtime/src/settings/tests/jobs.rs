//! Options of jobs that settings change.

use super::*;

const ATTRIBUTE: &str = "every 3s";

fn variable(option: &str, value: &str) -> (String, String) {
    (format!("LEADER_JOB_CALL_TIME_{}", option.to_uppercase()), value.to_owned())
}

/// Each option, and its values in four layers.
const OPTIONS: [(&str, [&str; 4]); 19] = [
    ("every", ["1s", "2s", "4s", "5s"]),
    ("offset", ["1ms", "2ms", "3ms", "4ms"]),
    ("jitter", ["1s", "2s", "1ms", "2ms"]),
    ("on_elected", ["true", "false", "true", "false"]),
    ("timeout", ["1s", "2s", "3s", "4s"]),
    ("overlap", ["skip", "queue", "replace", "allow"]),
    ("missed", ["skip", "once", "all", "skip"]),
    ("missed_within", ["1h", "2h", "3h", "4h"]),
    ("interrupted", ["skip", "rerun", "skip", "rerun"]),
    ("retries", ["1", "2", "3", "4"]),
    ("on_loss", ["cancel", "grace", "cancel", "grace"]),
    ("drain", ["1s", "2s", "3s", "4s"]),
    ("step_down_after", ["1", "2", "3", "4"]),
    ("enabled", ["true", "false", "true", "true"]),
    ("after", ["1s", "2s", "3s", "4s"]),
    ("cron", ["@daily", "@hourly", "0 9 * * *", "*/5 * * * * *"]),
    ("tz", ["Europe/Oslo", "UTC", "Asia/Tokyo", "America/Lima"]),
    ("except", ["12-25", "12-24..12-26", "2026-12-24..2027-01-02, 12-25", "none"]),
    ("backoff", ["1s..1m", "2s..1m", "3s..1m", "4s..1m"]),
];

#[test]
fn every_option_is_taken_from_the_highest_layer_that_says_it() {
    for (option, [file, profile, environment, code]) in OPTIONS {
        let table = |value| format!("[jobs.call_time]\n{option} = \"{value}\"\n");
        let files = [("leader.toml", table(file)), ("leader.stage.toml", table(profile))];
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        let stage = ("LEADER_PROFILE", "stage");
        let (name, value) = variable(option, environment);
        let variable = (name.as_str(), value.as_str());
        let says = |settings: &Settings| {
            let overrides = settings.overrides(&all());
            let mut changed: Vec<_> = overrides.effective().map(|setting| setting.value).collect();
            assert_eq!(changed.len(), 1, "{option}: {changed:?}");
            changed.remove(0)
        };
        assert_eq!(says(&read(&files, &[])), file, "{option}");
        assert_eq!(says(&read(&files, &[stage])), profile, "{option}");
        let settings = read(&files, &[stage, variable]);
        assert_eq!(says(&settings), environment, "{option}");
        assert_eq!(says(&settings.job("call_time", option, code)), code, "{option}");
    }
}

#[test]
fn a_job_runs_as_its_settings_say() {
    let text = "jobs.call_time = { every = \"10s\", offset = \"1s\", retries = 3, on_elected = true }\n\
                [jobs.nightly]\nenabled = false\n";
    let settings = read(&[("leader.toml", text)], &[("LEADER_JOB_CALL_TIME_TIMEOUT", "2s")]);
    let (overrides, jobs) = (settings.overrides(&all()), all());
    let made = register(&jobs, "", &overrides, &Arc::default()).unwrap();
    let names: Vec<_> = made.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["call_time", "consume"]);
    let policies = &made[0].policies;
    assert_eq!(made[0].schedule.to_string(), "every 10s offset 1s");
    assert_eq!((policies.retries, policies.on_elected), (3, true));
    assert_eq!(policies.timeout, Some(std::time::Duration::from_secs(2)));
}

#[test]
fn a_schedule_replaces_one_of_any_kind_with_what_goes_with_that_alone() {
    for (job, options, schedule) in [
        ("call_time", &[("every", "10s")][..], "every 10s"),
        ("call_time", &[("cron", "@daily"), ("tz", "Europe/Oslo")], "cron @daily tz Europe/Oslo"),
        ("call_time", &[("after", "1m")], "after 1m"),
        ("call_time", &[("while_leading", "true")], "while_leading"),
        ("nightly", &[("every", "10s")], "every 10s"),
        ("nightly", &[("cron", "0 4 * * *")], "cron 0 4 * * * tz Europe/Oslo"),
        ("nightly", &[("tz", "UTC")], "cron 0 3 * * *"),
        (
            "nightly",
            &[("except", "12-24..12-26, 2027-01-01")],
            "cron 0 3 * * * tz Europe/Oslo except 12-24..12-26, 2027-01-01",
        ),
        ("consume", &[("every", "10s")], "every 10s"),
        ("consume", &[("backoff", "2s..1m")], "while_leading"),
    ] {
        let of_code =
            options.iter().fold(Settings::new(), |it, (name, value)| it.job(job, name, value));
        assert_eq!(made(&of_code, job).0, schedule, "{job} {options:?}");
    }
}

#[leader_job(key = "a", name = "call_time", every = "10s", jitter = "hash", crate = crate)]
async fn in_its_place() {}

/// It is the one that its documentation shows, from what its attribute says.
#[test]
fn a_time_of_the_jobs_own_is_moved_by_no_prefix() {
    let variables = [("LEADER_JOB_CALL_TIME_CRON", "H 3 * * *"), ("LEADER_KEY_PREFIX", "stage/")];
    for settings in [read(&[], &variables[..1]), read(&[], &variables)] {
        assert_eq!(made(&settings, "call_time").0, "cron 58 3 * * *");
    }
    let schedule = |jobs: Jobs, variables: &[(&str, &str)]| {
        let settings = read(&[], variables);
        let overrides = settings.overrides(&jobs);
        let made = register(&jobs, settings.prefix(), &overrides, &Arc::default()).unwrap();
        made[0].schedule.to_string()
    };
    let place = "every 10s offset 7s 304ms";
    assert_eq!(schedule(jobs![in_its_place], &[]), place);
    assert_eq!(schedule(jobs![in_its_place].prefix("billing_"), &variables[1..]), place);
    // a place in the interval goes with that alone
    let cron = schedule(jobs![in_its_place], &[("LEADER_JOB_CALL_TIME_CRON", "@daily")]);
    assert_eq!(cron, "cron @daily");
}

#[test]
fn what_leaves_nothing_of_a_schedule_stops_the_start() {
    let text = "[jobs.nightly]\ncron = \"0 3 24 12 *\"\nexcept = \"12-20..01-02\"\n";
    let told = faults(&read(&[("leader.toml", text)], &[]), &all());
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["leaves nothing of cron `0 3 24 12 *`", "`except`: ", "leader.toml:3", "`cron`: "]
    {
        assert!(told[0].contains(part), "{told:?}");
    }
}

#[test]
fn what_one_file_says_of_a_schedule_goes_with_it_when_the_next_one_replaces_it() {
    let file = "[jobs.call_time]\ncron = \"@daily\"\ntz = \"Europe/Oslo\"\nmissed = \"all\"\ndrain = \"1m\"\n";
    let profile = "[jobs.call_time]\nafter = \"10s\"\n";
    let files = [("leader.toml", file), ("leader.stage.toml", profile)];
    let (schedule, options) = made(&read(&files, &[("LEADER_PROFILE", "stage")]), "call_time");
    assert_eq!(schedule, "after 10s");
    let options: Vec<_> = options.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(options, [("after", "10s"), ("drain", "1m")]);
}

#[test]
fn a_job_whose_settings_say_nothing_is_what_its_attribute_says() {
    assert_eq!(made(&Settings::new(), "call_time"), (ATTRIBUTE.into(), Vec::new()));
}

#[leader_job(key = "a", every = "3s", crate = crate)]
async fn x() {}

#[leader_job(key = "a", after = "3s", crate = crate)]
async fn x_step_down() {}

#[test]
fn a_variable_is_of_the_job_that_there_is() {
    let settings = read(&[], &[("LEADER_JOB_X_STEP_DOWN_AFTER", "5")]);
    assert_eq!(faults(&settings, &jobs![x]), [""; 0]);
    let settings = read(&[], &[("LEADER_JOB_X_STEP_DOWN_AFTER", "5s")]);
    assert_eq!(faults(&settings, &jobs![x_step_down]), [""; 0]);
    // only where such a variable is set
    let both = jobs![x, x_step_down];
    assert_eq!(faults(&settings, &both).len(), 1);
    let told = &faults(&settings, &both)[0];
    for part in
        ["LEADER_JOB_X_STEP_DOWN_AFTER is ", "`step_down_after` of the job `x`", "in a file"]
    {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(faults(&Settings::new(), &both), [""; 0]);
}

#[test]
fn a_library_s_jobs_are_known_by_the_prefix_that_the_binary_gives_them() {
    let jobs = jobs![x].prefix("billing_");
    assert_eq!(faults(&read(&[], &[("LEADER_JOB_BILLING_X_EVERY", "5s")]), &jobs), [""; 0]);
    let told = faults(&read(&[], &[("LEADER_JOB_X_EVERY", "5s")]), &jobs);
    assert_eq!(told, ["LEADER_JOB_X_EVERY is of no job of this process; there are `billing_x`"]);
}
