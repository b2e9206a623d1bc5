//! The environment belongs to many: what is not read is not judged, and what is read and cannot be
//! is told.

use leader_core::Options;

use super::*;

/// Every variable that is read, with whether TLS has to be spoken for that.
fn read_ones() -> Vec<(String, bool)> {
    let fixed = ["key", "name", "standby"];
    let options = Options::NAMES.into_iter().filter(|option| !fixed.contains(option));
    let jobs = options.map(|option| variable::name("call_time", option));
    let ours = setting::ALL.into_iter().map(|setting| setting.variable.to_owned());
    let ours = ours.chain(["LEADER_CONFIG".to_owned(), "LEADER_PROFILE".to_owned()]).chain(jobs);
    let consul = CONSUL.map(|name| (name.to_owned(), OF_TLS.contains(&name)));
    ours.map(|name| (name, false)).chain(consul).collect()
}

const CONSUL: [&str; 13] = [
    "CONSUL_HTTP_ADDR",
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_HTTP_AUTH",
    "CONSUL_HTTP_SSL",
    "CONSUL_HTTP_SSL_VERIFY",
    "CONSUL_CACERT",
    "CONSUL_CAPATH",
    "CONSUL_CLIENT_CERT",
    "CONSUL_CLIENT_KEY",
    "CONSUL_TLS_SERVER_NAME",
    "CONSUL_NAMESPACE",
    "CONSUL_PARTITION",
];

const OF_TLS: [&str; 5] = [
    "CONSUL_CACERT",
    "CONSUL_CAPATH",
    "CONSUL_CLIENT_CERT",
    "CONSUL_CLIENT_KEY",
    "CONSUL_TLS_SERVER_NAME",
];

fn told(name: &str, value: impl Into<OsString>, is_tls: bool) -> Vec<String> {
    let mut scene = Scene::new(&[], &[]);
    scene.variables.push((name.into(), value.into()));
    if is_tls {
        scene.variables.push(("CONSUL_HTTP_ADDR".into(), "https://here".into()));
    }
    scene.faults(&all())
}

/// A fault of this variable, in a line that a person can read; and none of anything else, but that
/// it does not go with what the job says.
fn assert_told(name: &str, what: &str, told: &[String]) {
    let is_clear = |fault: &String| fault.contains(name) && fault.len() < 800;
    let is_first = told.first().is_some_and(|fault| fault.starts_with(name));
    let conflicts = told.iter().skip(1).all(|fault| fault.starts_with("job `call_time` at "));
    assert!(is_first && conflicts && told.iter().all(is_clear), "{name}, {what}: {told:#?}");
}

#[test]
fn every_variable_that_is_read_and_cannot_be_is_told() {
    for (name, is_tls) in read_ones() {
        assert_eq!(told(&name, "", is_tls), [""; 0], "{name}");
        assert_told(&name, "spaces", &told(&name, "   ", is_tls));
        assert_told(&name, "1 MB", &told(&name, "1".repeat(1_000_000), is_tls));
    }
}

#[cfg(unix)]
#[test]
fn every_variable_that_is_read_and_is_not_utf_8_is_told() {
    for (name, is_tls) in read_ones() {
        assert_told(&name, "not UTF-8", &told(&name, strange(), is_tls));
    }
}

#[cfg(unix)]
fn strange() -> OsString {
    use std::os::unix::ffi::OsStringExt as _;

    OsString::from_vec(b"\xff".to_vec())
}

#[cfg(unix)]
#[test]
fn what_is_not_read_is_not_judged() {
    for name in ["CONSUL_ANYTHING", "CONSUL_GRPC_ADDR", "CONSUL_HTTP_PORT", "HTTP_ADDR", "LEADER"] {
        assert_eq!(told(name, strange(), false), [""; 0], "{name}");
    }
    // without TLS, nothing of it
    for name in OF_TLS {
        assert_eq!(told(name, strange(), false), [""; 0], "{name}");
    }
    // on lock files, nothing of Consul
    for name in CONSUL {
        let mut scene = Scene::new(&[], &[("LEADER_LOCK", "local")]);
        scene.variables.push((name.into(), strange()));
        assert_eq!(scene.faults(&all()), [""; 0], "{name}");
    }
    // what code says is not looked up
    let mut scene = Scene::new(&[], &[]);
    scene.variables.push(("CONSUL_HTTP_ADDR".into(), strange()));
    scene.variables.push(("CONSUL_HTTP_TOKEN".into(), strange()));
    let settings = scene.read().unwrap().consul("here:80").token("t");
    assert_eq!(settings.faults(), [""; 0]);
}

/// The variables that Kubernetes makes of a Service with a port for http and one for syslog, and what Docker
/// makes of a link; all of them, but for the name.
const OF_A_SERVICE: [(&str, &str); 22] = [
    ("SERVICE_HOST", "10.0.0.7"),
    ("SERVICE_PORT", "80"),
    ("SERVICE_PORT_HTTP", "80"),
    ("SERVICE_PORT_HTTP_METRICS", "9090"),
    ("PORT", "tcp://10.0.0.7:80"),
    ("PORT_80_TCP", "tcp://10.0.0.7:80"),
    ("PORT_80_TCP_PROTO", "tcp"),
    ("PORT_80_TCP_PORT", "80"),
    ("PORT_80_TCP_ADDR", "10.0.0.7"),
    ("PORT_514_UDP", "udp://[fd00::7]:514"),
    ("PORT_514_UDP_PROTO", "udp"),
    ("PORT_514_UDP_PORT", "514"),
    ("PORT_514_UDP_ADDR", "fd00::7"),
    ("PORT_38412_SCTP", "sctp://10.0.0.7:38412"),
    ("NAME", "/clock/leader"),
    ("ENV_PATH", "/usr/bin:/bin"),
    ("ENV_LEASE", "whatever it has"),
    ("PORT_8000_TCP_START", "tcp://172.17.0.5:8000"),
    ("PORT_8000_TCP_END", "tcp://172.17.0.5:8002"),
    ("PORT_8000_TCP_PORT_START", "8000"),
    ("PORT_8000_TCP_PORT_END", "8002"),
    ("SERVICE_HOST", "fd00::7"),
];

#[test]
fn what_is_injected_for_a_service_never_stops_a_start() {
    for service in
        ["LEADER", "LEADER_JOB", "LEADER_JOB_CALL_TIME", "LEADER_LEASE", "CONSUL", "CONSUL_HTTP"]
    {
        let variables: Vec<_> =
            OF_A_SERVICE.iter().map(|(of, value)| (format!("{service}_{of}"), *value)).collect();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, *value)).collect();
        let scene = Scene::new(&[], &variables);
        assert_eq!(scene.faults(&all()), [""; 0], "{service}");
        assert_eq!(scene.read().unwrap().links.len(), variables.len());
        // each by itself, but for Docker's that have any shape, and ports with names, which come with
        // a host
        for (name, value) in variables.iter().filter(|(name, _)| !name.contains("_ENV_")) {
            let host = (variables[0].0, if name.contains("_SERVICE_PORT_") { "::1" } else { "" });
            let scene = Scene::new(&[], &[host, (name, value)]);
            let of_the_host = told(host.0, "", false);
            let faults = scene.faults(&all());
            assert!(faults.is_empty() || faults == of_the_host, "{name}: {faults:?}");
        }
    }
}

#[test]
fn what_only_looks_like_a_service_is_still_told() {
    for (name, value) in [
        ("LEADER_PORT", "8080"),
        ("LEADER_PORT", "http://10.0.0.7:80"),
        ("LEADER_PORT", "tcp://leader:80"),
        ("LEADER_SERVICE", "10.0.0.7"),
        ("LEADER_SERVICE_HOST", "leader.default.svc"),
        ("LEADER_SERVICE_PORT", "off"),
        ("LEADER_HOST", "10.0.0.7"),
        ("LEADER_PORT_80_TCP_LEASE", "80"),
        ("LEADER_NAME", "web-1"),
        ("LEADER_ENV_PATH", "/bin"),
        ("LEADER_LEASE_PORT", "6s"),
        ("LEADER_JOB_CALL_TIME_PORT", "80"),
        ("LEADER_SERVICE_PORT_HTTP", "80"),
    ] {
        assert_told(name, value, &told(name, value, false));
    }
    // and none is told what it only begins like
    let told_of_port = told("LEADER_PORT", "8080", false);
    assert!(told_of_port[0].contains("there are `LEADER_LOCK`, "), "{told_of_port:?}");
    // a service has no say in what is ours
    assert_told("LEADER_LEASE", "a service", &told("LEADER_LEASE", "tcp://10.0.0.7:80", false));
}

#[test]
fn no_variable_that_is_read_has_a_name_that_is_injected() {
    for (name, _) in read_ones() {
        for (_, value) in OF_A_SERVICE.iter().filter(|(_, value)| !value.starts_with('/')) {
            let told = told(&name, *value, false);
            let is_value = Scene::new(&[], &[(&name, value)]);
            let is_passed = is_value.read().is_ok_and(|settings| !settings.links.is_empty());
            assert!(!is_passed, "{name}={value}: {told:?}");
        }
    }
}
