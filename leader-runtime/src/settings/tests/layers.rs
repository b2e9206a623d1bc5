//! Each layer wins over those below it, and every value knows where it is written.

use leader_core::Lease;

use super::*;

const FILE: &str = r#"
[lock]
backend = "local:file"
key_prefix = "file/"
lease = "1s"
fence_base = 1
node = "file"

[health]
listen = 1
"#;

const PROFILE: &str = r#"
lock = { backend = "local:profile", key_prefix = "profile/", lease = "2s", fence_base = 2, node = "profile" }
health.listen = "127.0.0.1:2"
"#;

const VARIABLES: [(&str, &str); 6] = [
    ("LEADER_LOCK", "local:variable"),
    ("LEADER_KEY_PREFIX", "variable/"),
    ("LEADER_LEASE", "3s"),
    ("LEADER_FENCE_BASE", "3"),
    ("LEADER_NODE", "variable"),
    ("LEADER_HEALTH", "3"),
];

/// Every setting of the process, as text.
fn texts(settings: &Settings) -> [String; 6] {
    assert_eq!(settings.faults(), [""; 0]);
    let effective = settings.effective(&Overrides::default());
    setting::ALL.map(|setting| {
        effective
            .iter()
            .find(|shown| shown.name == setting.name)
            .expect("each has one")
            .value
            .clone()
    })
}

fn of(name: &str, number: u8) -> [String; 6] {
    [
        format!("local:{name}"),
        format!("{name}/"),
        format!("{number}s"),
        number.to_string(),
        name.into(),
        format!("127.0.0.1:{number}"),
    ]
}

#[test]
fn every_setting_is_taken_from_the_highest_layer_that_says_it() {
    let files = [("leader.toml", FILE), ("leader.stage.toml", PROFILE)];
    let profile = ("LEADER_PROFILE", "stage");
    assert_eq!(texts(&read(&files, &[])), of("file", 1));
    assert_eq!(texts(&read(&files, &[profile])), of("profile", 2));
    let variables: Vec<_> = VARIABLES.into_iter().chain([profile]).collect();
    let settings = read(&files, &variables);
    assert_eq!(texts(&settings), of("variable", 3));
    let settings = settings.local("code").key_prefix("code/").lease("4s").node("code");
    assert_eq!(texts(&settings.fence_base(4).health("127.0.0.1:4")), of("code", 4));
}

#[test]
fn one_setting_of_a_higher_layer_leaves_the_others_as_they_are() {
    for (number, setting) in setting::ALL.into_iter().enumerate() {
        let mut expected = of("file", 1);
        expected[number].clone_from(&of("variable", 3)[number]);
        let settings = read(&[("leader.toml", FILE)], &VARIABLES[number..=number]);
        assert_eq!(texts(&settings), expected, "{}", setting.name);
    }
}

#[test]
fn every_value_knows_where_it_is_written() {
    let files = [("leader.toml", FILE), ("leader.stage.toml", "lock.lease = \"2s\"")];
    let scene = Scene::new(&files, &[("LEADER_PROFILE", "stage"), ("LEADER_NODE", "one")]);
    let settings = scene.read().unwrap().service("clock", "1").job("call_time", "every", "1s");
    let overrides = settings.overrides(&all());
    let directory = format!("{}/", scene.directory.path().display());
    let told: Vec<String> = settings
        .effective(&overrides)
        .into_iter()
        .map(|EffectiveSetting { name, value, source }| format!("{name} {value} {source}"))
        .map(|line| line.replace(&directory, ""))
        .collect();
    assert_eq!(
        told,
        [
            "lock.backend local:file leader.toml:3:11",
            "lock.key_prefix file/ leader.toml:4:14",
            "lock.lease 2s leader.stage.toml:1:14",
            "lock.fence_base 1 leader.toml:6:14",
            "lock.node one LEADER_NODE",
            "health.listen 127.0.0.1:1 leader.toml:10:10",
            "service clock Settings::service",
            "jobs.call_time.every 1s Settings::job",
        ]
    );
}

#[test]
fn a_prefix_follows_from_the_profile_unless_one_is_written() {
    let profile = ("LEADER_PROFILE", "stage-2");
    let file = |text| [("leader.toml", text), ("leader.stage-2.toml", "")];
    let settings = read(&file(""), &[profile]);
    assert_eq!(settings.prefix(), "stage-2/");
    assert_eq!(settings.values.key_prefix.source.to_string(), "LEADER_PROFILE=`stage-2`");
    assert_eq!(read(&file("lock.key_prefix = \"a/\""), &[profile]).prefix(), "a/");
    assert_eq!(read(&file("lock.key_prefix = \"\""), &[profile]).prefix(), "");
    assert_eq!(read(&file(""), &[profile, ("LEADER_KEY_PREFIX", "")]).prefix(), "");
    assert_eq!(read(&file(""), &[profile]).key_prefix("").prefix(), "");
    assert_eq!(read(&file(""), &[("LEADER_PROFILE", "")]).prefix(), "");
}

#[test]
fn the_default_file_may_be_missing_and_the_start_says_so() {
    let scene = Scene::new(&[], &[("LEADER_LEASE", ""), ("HOME", "/home"), ("CONSUL_CACERT", "")]);
    let settings = scene.read().unwrap();
    assert_eq!(settings.faults(), [""; 0]);
    assert_eq!(settings.values.lease, Located::by_default(Lease::default()));
    let said = settings.files.unwrap().to_string();
    assert!(said.starts_with("no ") && said.ends_with("leader.toml, the environment"), "{said}");
}

#[test]
fn another_file_is_read_where_it_is_named_and_its_profile_lies_beside_it() {
    let files = [("clock.toml", "lock.node = \"a\""), ("clock.stage.toml", "lock.lease = \"1s\"")];
    let mut scene = Scene::new(&files, &[("LEADER_PROFILE", "stage")]);
    scene.variables.push(("LEADER_CONFIG".into(), scene.path("clock.toml")));
    let settings = scene.read().unwrap();
    assert_eq!((settings.node_name(), settings.values.lease.value), ("a", Lease::MIN));
    let said = settings.files.unwrap().to_string();
    assert!(said.starts_with("profile `stage`, ") && said.contains("clock.stage.toml, "), "{said}");
}

#[test]
fn what_a_windows_editor_writes_is_read_and_counted_as_people_count() {
    let text = "\u{feff}lock.node = \"ø\"\r\n[health]\r\nlisten = \"x\"\r\n";
    let settings = read(&[("leader.toml", text)], &[]);
    assert_eq!(settings.node_name(), "ø");
    assert!(
        settings.values.node.source.to_string().ends_with("leader.toml:1:13"),
        "{}",
        settings.values.node.source
    );
    assert!(settings.faults()[0].contains("leader.toml:3:10: health.listen=`x`"));
}

#[test]
fn consul_is_found_by_its_own_variables() {
    let settings = read(
        &[],
        &[
            ("CONSUL_HTTP_ADDR", "10.0.0.1:8080"),
            ("CONSUL_HTTP_TOKEN", "secret"),
            ("CONSUL_HTTP_SSL", "false"),
        ],
    );
    assert_eq!(settings.faults(), [""; 0]);
    assert!(format!("{settings:?}").contains("http://10.0.0.1:8080"));
}

#[test]
fn the_proxy_that_consul_is_asked_through_is_shown_without_its_password() {
    let proxy = ("HTTP_PROXY", "http://me:s3cret@proxy:3128");
    let shown = |address| {
        let settings = read(&[], &[("CONSUL_HTTP_ADDR", address), proxy]);
        assert!(!format!("{settings:?}").contains("s3cret"));
        let effective = settings.effective(&Overrides::default());
        let setting = effective.into_iter().find(|setting| setting.name == "HTTP_PROXY");
        setting.map(|setting| (setting.value, setting.source.to_string()))
    };
    let expected = ("http://proxy:3128".to_owned(), "HTTP_PROXY".to_owned());
    assert_eq!(shown("consul:8500"), Some(expected));
    assert_eq!(shown("127.0.0.1:8500"), None);
}

#[test]
fn a_token_is_never_printed() {
    let settings = Settings::new().token("secret");
    assert!(!format!("{settings:?}").contains("secret"));
    assert!(!format!("{:?}", settings.effective(&Overrides::default())).contains("secret"));
}
