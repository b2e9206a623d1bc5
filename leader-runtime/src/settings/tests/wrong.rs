//! Faults of settings, each with its source, its value and its remedy.

use super::*;

/// In a file, and what is said to it. `^` stands for the file's name.
const FILES: [(&str, &str); 34] = [
    // no TOML
    (
        "lock.lease = 6s",
        "^:1:14: `6s`: string values must be quoted, expected literal string; text stands in quo",
    ),
    ("[lock]\nlease = \"6s", "^:2:12: `lease = \"6s`: invalid basic string, expected `\"`"),
    ("[lock\nlease = \"6s\"", "^:1:6: `[lock`: unclosed table, expected `]`"),
    ("lease: 6s", "^:1:8: `lease: 6s`: key with no value, expected `=`"),
    ("{\"lock\": {}}", "^:1:1: `{\"lock\": {}}`: invalid key-value pair"),
    ("lock.lease = \"6s\"\nlock.lease = \"7s\"", "^:2:6: `lease`: duplicate key"),
    ("[lock]\n[lock]", "^:2:2: `lock`: duplicate key"),
    (
        "[jobs.nightly]\nenabled = no",
        "^:2:11: `no`: invalid float, expected `nan`; text stands in quotes, numbers, `true` and",
    ),
    // names that are none
    ("[lok]", "^:1:2: lok is unknown; did you mean `lock`?"),
    ("lease = \"6s\"", "^:1:1: lease stands in the table `lock`; write `[lock]` above it"),
    ("[lock]\nleese = \"6s\"", "^:2:1: lock.leese is unknown; did you mean `lease`?"),
    (
        "[lock]\ntoken = \"s3cret\"",
        "^:2:1: lock.token is unknown; there are `backend`, `key_prefix`, `",
    ),
    ("[consul]", "^:1:2: consul is unknown; Consul is found by CONSUL_HTTP_ADDR and its like"),
    (
        "profile = \"stage\"",
        "^:1:1: profile is unknown; the profile chooses the file: set LEADER_PRO",
    ),
    (
        "[jobs.call_tim]",
        "^:1:7: jobs.call_tim is no job of this process; did you mean `call_time`?",
    ),
    (
        "jobs.x = {}",
        "^:1:6: jobs.x is no job of this process; there are `call_time`, `consume`, `ni",
    ),
    ("jobs.nightly.corn = \"\"", "^:1:21: jobs.nightly.corn is unknown; did you mean `cron`?"),
    (
        "jobs.nightly.key = \"a\"",
        "^:1:20: jobs.nightly.key is not changed by settings: nodes that dif",
    ),
    ("jobs.nightly.standby = \"f\"", "`enabled` switches the whole job off"),
    // values that are none
    ("lock = 5", "^:1:8: lock=`5`: write `[lock]` above its settings"),
    ("[[jobs]]", "^:1:1: jobs=`[[jobs]]`: write `[jobs.NAME]` above its options"),
    (
        "jobs.nightly = true",
        "^:1:16: jobs.nightly=`true`: write `[jobs.nightly]` above the options",
    ),
    (
        "lock.lease = 6",
        "^:1:14: lock.lease=`6`: duration `6` has no unit after `6`; write `6s` for",
    ),
    ("lock.lease = [\"6s\"]", "^:1:14: lock.lease=`[\"6s\"]`: write one value, in quotes"),
    ("lock.lease = \"2m\"", "^:1:14: lock.lease=`2m`: lease 2m is too long; use 1s to 60s"),
    ("lock.lease = \"\"", "^:1:14: lock.lease=``: the duration is empty; write one such as `3s`"),
    ("lock.node = \"\"", "^:1:13: lock.node=``: is no name; use one such as `web-1`"),
    (
        "lock.backend = \"local:\"",
        "^:1:16: lock.backend=`local:`: use `consul`, `local` or `local:D",
    ),
    (
        "lock.fence_base = -1",
        "^:1:19: lock.fence_base=`-1`: is none; use a whole number from 0 to 1",
    ),
    (
        "health.listen = \":80\"",
        "^:1:17: health.listen=`:80`: is no address; use a port of 127.0.0.1",
    ),
    ("jobs.nightly.cron = \"0 3\"", "^:1:21: jobs.nightly.cron=`0 3`: cron `0 3`: has 2 fields"),
    (
        "jobs.nightly.tz = \"Oslo\"",
        "^:1:19: jobs.nightly.tz=`Oslo`: time zone `Oslo` is unknown; did you",
    ),
    (
        "jobs.nightly.retries = 1.5",
        "^:1:24: jobs.nightly.retries=`1.5`: retries `1.5` cannot be; us",
    ),
    ("jobs.consume.while_leading = false", "is no schedule; use `true`, or give the job another"),
];

const VARIABLES: [(&str, &str, &str); 19] = [
    ("LEADER_LOCK", "etcd", "LEADER_LOCK=`etcd`: use `consul`, `local` or `local:DIR`"),
    ("LEADER_KEY_PREFIX", "/stage", "LEADER_KEY_PREFIX=`/stage`: as a folder: key `/stage`"),
    (
        "LEADER_KEY_PREFIX",
        "stage",
        "LEADER_KEY_PREFIX=`stage`: a prefix ends with a `/`; write `stage/`",
    ),
    ("LEADER_LEASE", "500ms", "LEADER_LEASE=`500ms`: lease 500ms is too short; use 1s to 60s"),
    (
        "LEADER_FENCE_BASE",
        "1e6",
        "LEADER_FENCE_BASE=`1e6`: is none; use a whole number from 0 to 1",
    ),
    ("LEADER_HEALTH", "localhost:80", "LEADER_HEALTH=`localhost:80`: is no address; use a port"),
    ("LEADER_HEALTH", "65536", "LEADER_HEALTH=`65536`: is no address; use a port"),
    ("LEADER_NODE", "a\nb", "LEADER_NODE=`a\\nb`: is no name; use one such as `web-1`"),
    ("LEADER_LEESE", "5s", "LEADER_LEESE is unknown; did you mean `LEADER_LEASE`?"),
    (
        "LEADER_PROFILE",
        "Stage",
        "LEADER_PROFILE=`Stage`: a profile has no upper case; write `stage`",
    ),
    ("LEADER_PROFILE", "../etc", "LEADER_PROFILE=`../etc`: a profile has no '.' in it; use `a` to"),
    ("LEADER_JOB_CALL_TIME_EVERY", "5", "LEADER_JOB_CALL_TIME_EVERY=`5`: duration `5` has no unit"),
    (
        "LEADER_JOB_CALL_TIME_EVRY",
        "5s",
        "LEADER_JOB_CALL_TIME_EVRY is unknown; did you mean `LEADER_JOB_CALL_TIME_EVERY`?",
    ),
    ("LEADER_JOB_CAL_TIME_EVERY", "5s", "is unknown; did you mean `LEADER_JOB_CALL_TIME_EVERY`?"),
    (
        "LEADER_JOB_SWEEP_DRAIN",
        "5s",
        "LEADER_JOB_SWEEP_DRAIN is of no job of this process; there are `call_time`, ",
    ),
    (
        "LEADER_JOB_NIGHTLY_NAME",
        "x",
        "is not changed by settings: it is what settings know the job by",
    ),
    (
        "LEADER_JOB_nightly_TZ",
        "UTC",
        "LEADER_JOB_nightly_TZ is unknown; did you mean `LEADER_JOB_NIGHTLY_TZ`?",
    ),
    ("CONSUL_HTTP_SSL", "maybe", "CONSUL_HTTP_SSL=`maybe`: "),
    ("CONSUL_HTTP_TOKEN_FILE", "/no/such/file", "CONSUL_HTTP_TOKEN_FILE=`/no/such/file`"),
];

#[test]
fn whatever_is_wrong_in_a_file_is_told_once_with_its_line_and_its_remedy() {
    for (text, told) in FILES {
        let faults = Scene::new(&[("leader.toml", text)], &[]).faults(&all());
        let told = told.replace('^', "leader.toml");
        assert!(faults.len() == 1 && faults[0].contains(&told), "{text}: {faults:#?}\n{told}");
        assert!(!faults[0].contains("s3cret"), "{faults:?}");
    }
}

#[test]
fn whatever_is_wrong_in_the_environment_is_told_once_with_its_variable_and_its_remedy() {
    for (name, value, told) in VARIABLES {
        let faults = Scene::new(&[], &[(name, value)]).faults(&all());
        assert!(faults.len() == 1 && faults[0].contains(told), "{name}: {faults:#?}\n{told}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_layers() {
    let file = "lock.leese = 1\n[health]\nlisten = 6s\n[jobs.nightly]\ncorn = 1\ntz = \"Oslo\"\n";
    let profile = "[lock]\nlease = 6\n";
    let files = [("leader.toml", file), ("leader.stage.toml", profile)];
    let variables = VARIABLES.map(|(name, value, _)| (name, value));
    let variables = variables.iter().copied().filter(|(name, _)| *name != "LEADER_PROFILE");
    let variables: Vec<_> = variables.chain([("LEADER_PROFILE", "stage")]).collect();
    let faults = Scene::new(&files, &variables).faults(&all());
    assert!(faults[0].starts_with("leader.toml:3:10: `6s`"), "{faults:#?}");
    assert!(faults[1].starts_with("leader.toml:1:6: lock.leese"), "{faults:#?}");
    assert!(faults[2].starts_with("leader.stage.toml:2:9: lock.lease=`6`"), "{faults:#?}");
    for (name, _) in variables.iter().filter(|(name, _)| *name != "LEADER_PROFILE") {
        assert!(faults.iter().any(|fault| fault.starts_with(name)), "{name}: {faults:#?}");
    }
    assert!(faults.iter().any(|fault| fault.contains("jobs.nightly.corn")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("jobs.nightly.tz=`Oslo`")), "{faults:#?}");
}

#[test]
fn what_does_not_go_together_is_told_with_both_places() {
    for (job, file, (name, value), told) in [
        (
            "call_time",
            "every = \"10s\"",
            ("LEADER_JOB_CALL_TIME_OFFSET", "10s"),
            "use less than 10s (`offset`: LEADER_JOB_CALL_TIME_OFFSET, `every`: leader.toml:2:9)",
        ),
        (
            "call_time",
            "cron = \"@daily\"\nevery = \"1s\"",
            ("LEADER_LEASE", "6s"),
            "keep one (`cron`: leader.toml:2:8, `every`: leader.toml:3:9)",
        ),
        (
            "nightly",
            "overlap = \"allow\"",
            ("LEADER_JOB_NIGHTLY_MISSED", "all"),
            "(`missed`: LEADER_JOB_NIGHTLY_MISSED, `overlap`: leader.toml:2:11)",
        ),
        (
            "nightly",
            "missed_within = \"2d\"",
            ("LEADER_JOB_NIGHTLY_EVERY", "10s"),
            "remove it (`missed_within`: leader.toml:2:17, `every`: LEADER_JOB_NIGHTLY_EVERY)",
        ),
        (
            "call_time",
            "",
            ("LEADER_JOB_CALL_TIME_TZ", "Europe/Oslo"),
            "remove it (`tz`: LEADER_JOB_CALL_TIME_TZ, `every`: leader-runtime/src/settings/tests/mod.rs:",
        ),
        (
            "call_time",
            "backoff = \"1s..1m\"",
            ("LEADER_LEASE", "6s"),
            "or remove it (`backoff`: leader.toml:2:11)",
        ),
    ] {
        let file = format!("[jobs.{job}]\n{file}\n");
        let faults = Scene::new(&[("leader.toml", &file)], &[(name, value)]).faults(&all());
        assert!(faults.len() == 1 && faults[0].contains(told), "{faults:#?}\n{told}");
        assert!(faults[0].starts_with(&format!("job `{job}` at ")), "{faults:#?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_the_start_at_once() {
    let scene = Scene::new(&[], &[("LEADER_CONFIG", "/nowhere/leader.toml")]);
    let told = scene.faults(&all());
    assert!(
        told[0].starts_with("LEADER_CONFIG=`/nowhere/leader.toml`: cannot be read: "),
        "{told:?}"
    );
    assert!(scene.read().unwrap_err().is_configuration());

    let scene = Scene::new(&[], &[]);
    fs::create_dir(scene.path("leader.toml")).unwrap();
    assert_eq!(scene.faults(&all()), ["leader.toml: cannot be read: it is no file"]);

    let scene = Scene::new(&[("leader.toml", &"#".repeat(1 << 21))], &[]);
    assert_eq!(scene.faults(&all()), ["leader.toml: cannot be read: it is longer than 1 MiB"]);
}

#[test]
fn a_profile_without_its_file_ends_the_start_with_the_one_that_was_meant() {
    let told = Scene::new(&[("leader.toml", "")], &[("LEADER_PROFILE", "prod")]).faults(&all());
    assert!(
        told[0].starts_with("LEADER_PROFILE=`prod`: leader.prod.toml cannot be read"),
        "{told:?}"
    );
    assert!(
        told[0].ends_with("make it, an empty one will do, or unset LEADER_PROFILE"),
        "{told:?}"
    );
    let files = [("leader.stage.toml", ""), ("leader.prod.toml", "")];
    let told = Scene::new(&files, &[("LEADER_PROFILE", "prd")]).faults(&all());
    assert!(told[0].ends_with("; did you mean `prod`?"), "{told:?}");
}

#[test]
fn what_is_not_utf_8_is_told_with_its_place() {
    let scene = Scene::new(&[], &[]);
    fs::write(scene.path("leader.toml"), b"[lock]\nnode = \"\xf8\"\n").unwrap();
    let told = "leader.toml:2:9: is not UTF-8 from here on; save it as UTF-8";
    assert_eq!(scene.faults(&all()), [told]);
    fs::write(scene.path("leader.toml"), b"\xff\xfe[\0l\0").unwrap();
    assert!(scene.faults(&all())[0].starts_with("leader.toml:1:1: is not UTF-8"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_told_by_its_name() {
    use std::os::unix::ffi::OsStringExt as _;

    let mut scene = Scene::new(&[], &[]);
    let strange = || OsString::from_vec(b"LEADER_\xf8".to_vec());
    scene.variables = vec![("LEADER_LEASE".into(), strange()), (strange(), "1".into())];
    let told = scene.faults(&all());
    assert_eq!(told[0], "LEADER_LEASE: its value is not UTF-8");
    assert!(told[1].starts_with("LEADER_\u{fffd} is unknown"), "{told:?}");
}

#[test]
fn a_file_that_is_no_toml_at_all_is_told_in_ten_lines() {
    let text = "once upon a time\n".repeat(1000);
    let faults = Scene::new(&[("leader.toml", &text)], &[]).faults(&all());
    assert_eq!(faults.len(), 11, "{faults:#?}");
    assert!(faults[10].ends_with("is wrong in more lines; is it TOML?"), "{faults:#?}");
}

#[test]
fn a_setter_is_a_place_too() {
    let settings = Settings::new().key_prefix("stage").lease("0s").node("").health("x");
    let settings = settings.job("call_time", "every", "0s").job("nope", "every", "1s");
    let faults = faults(&settings, &all());
    for (fault, told) in faults.iter().zip([
        "Settings::key_prefix=`stage`: a prefix ends with a `/`; write `stage/`",
        "Settings::lease=`0s`: lease 0s is too short; use 1s to 60s",
        "Settings::node=``: is no name",
        "Settings::health=`x`: is no address",
        "Settings::job: jobs.call_time.every=`0s`: ",
        "Settings::job: jobs.nope is no job of this process; ",
    ]) {
        assert!(fault.starts_with(told), "{fault}\n{told}");
    }
    assert_eq!(faults.len(), 6);
}
