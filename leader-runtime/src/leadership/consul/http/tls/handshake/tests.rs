//! Each reason, by a handshake that fails for it; a sentence names a variable where that can help,
//! and no other.

mod authority;
mod server;

use std::collections::BTreeSet;
use std::fs;

use rcgen::{ExtendedKeyUsagePurpose, IsCa, SanType, date_time_ymd};
use rustls::version::{TLS12, TLS13};

use self::authority::{Authority, Odd, Pair, leaf};
use self::server::{Server, alert};
use super::*;
use crate::leadership::Keyspace;
use crate::leadership::consul::http::Access;
use crate::leadership::consul::http::Http;

/// The sentence that a client is told when it asks this server; `None` where it was answered.
async fn told(server: Server, trusted: &str, own: Option<&Pair>) -> Option<String> {
    ask("https", server, trusted, own).await
}

async fn ask(scheme: &str, server: Server, trusted: &str, own: Option<&Pair>) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut access = Access::default();
    let mut set = |name: &str, text: &str| {
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        access.set(name, file.as_os_str());
    };
    set("CONSUL_CACERT", trusted);
    if let Some(own) = own {
        set("CONSUL_CLIENT_CERT", &own.certificate_pem());
        set("CONSUL_CLIENT_KEY", &own.key_pem());
    }
    access.set_address(&format!("{scheme}://{}", server.address()));
    let [http, ..] = Http::of(&access, &Keyspace::new("")).unwrap();
    let asked = http.get("status/leader").await;
    drop(http);
    drop(server);
    asked.err().map(|reply| reply.fault.expect("it says why"))
}

/// The variables that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    words.filter(|word| word.starts_with("CONSUL_")).collect()
}

/// The sentence has all of these parts, and names these variables and no others.
#[track_caller]
fn assert_told(what: &str, told: Option<String>, parts: &[&str], variables: &[&str]) {
    let told = told.unwrap_or_else(|| panic!("{what}: nothing was wrong"));
    println!("{what}: {told}");
    for part in parts {
        assert!(told.contains(part), "{what}: `{part}` is not in: {told}");
    }
    assert_eq!(named(&told), variables.iter().copied().collect(), "{what}: {told}");
}

const CACERT: &str = "CONSUL_CACERT";
const NAME: &str = "CONSUL_TLS_SERVER_NAME";
const ADDR: &str = "CONSUL_HTTP_ADDR";
const CERT: &str = "CONSUL_CLIENT_CERT";
const KEY: &str = "CONSUL_CLIENT_KEY";

#[tokio::test]
async fn a_certificate_that_is_right_is_taken_also_where_it_has_signed_itself() {
    let authority = Authority::new("CA");
    let server = Server::shows(authority.sign(&leaf()));
    assert_eq!(told(server, &authority.pem(), None).await, None);
    let own = Pair::self_signed(&leaf());
    let trusted = own.certificate_pem();
    assert_eq!(told(Server::shows(own), &trusted, None).await, None);
}

#[tokio::test]
async fn each_thing_that_is_wrong_with_a_certificate_has_its_own_sentence() {
    let authority = Authority::new("CA");
    let with = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = leaf();
        change(&mut params);
        authority.sign(&params)
    };
    let years = |from, until| {
        with(&move |it| {
            it.not_before = date_time_ymd(from, 1, 1);
            it.not_after = date_time_ymd(until, 1, 1);
        })
    };
    let name = |name: &str| vec![SanType::DnsName(name.try_into().unwrap())];
    let cases: [(&str, Pair, &[&str], &[&str]); 12] = [
        (
            "this clock is behind",
            years(2150, 2160),
            &["is valid from 2150-01-01T00:00:00Z on", "clock shows 2", "set the clock"],
            &[],
        ),
        (
            "expired, or this clock is ahead",
            years(2001, 2002),
            &["it was valid until 2002-01-01T00:00:00Z", "clock shows 2", "renew it"],
            &[],
        ),
        (
            "for clients alone",
            with(&|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
            &["not for servers but for client authentication", "without `serverAuth`", "-server"],
            &[],
        ),
        (
            "a common name alone",
            with(&|it| it.subject_alt_names.clear()),
            &["has no names (`subjectAltName`;", "not for `127.0.0.1` either", "-server"],
            &[],
        ),
        (
            "for another name",
            with(&|it| it.subject_alt_names = name("server.dc1.consul")),
            &["for server.dc1.consul and not for `127.0.0.1`", "to a name that it is for"],
            &[NAME],
        ),
        (
            "for another address",
            with(&|it| it.subject_alt_names = vec![SanType::IpAddress([10, 0, 0, 1].into())]),
            &["for 10.0.0.1 and not for `127.0.0.1`"],
            &[ADDR],
        ),
        (
            "a thousand names",
            with(&|it| it.subject_alt_names = vec![name("server.dc1.consul").remove(0); 1_000]),
            &["server.dc1.consul, server.dc1.consul", "… and not for `127.0.0.1`"],
            &[NAME],
        ),
        (
            "an extension that nobody knows",
            with(&|it| {
                let mut extension =
                    rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                extension.set_criticality(true);
                it.custom_extensions = vec![extension];
            }),
            &["a critical extension that is not known here"],
            &[],
        ),
        (
            "an authority's",
            with(&|it| it.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
            &["that of an authority (`CA:TRUE`)", "-server"],
            &[],
        ),
        ("damaged", authority.sign(&leaf()).truncated(), &["is damaged, or none of X.509"], &[]),
        (
            "tampered with",
            authority.sign(&leaf()).tampered(),
            &["a signature of its certificate is wrong", "damaged"],
            &[CACERT],
        ),
        (
            "signed by one that may not sign",
            authority.sign_by_another(&leaf()),
            &["signed by one that may sign none"],
            &[],
        ),
    ];
    for (what, shown, parts, variables) in cases {
        let told = told(Server::shows(shown), &authority.pem(), None).await;
        assert_told(what, told, parts, variables);
    }
}

#[tokio::test]
async fn each_thing_that_is_wrong_with_an_authority_has_its_own_sentence() {
    let authority = Authority::new("CA");
    let others = Authority::new("another CA");
    let told_of =
        |shown, trusted: String| async move { told(Server::shows(shown), &trusted, None).await };
    assert_told(
        "another authority",
        told_of(authority.sign(&leaf()), others.pem()).await,
        &["signed by no authority that is trusted here", "have the agent show that too"],
        &[CACERT],
    );
    assert_told(
        "an authority made anew under its old name",
        told_of(authority.sign(&leaf()), Authority::new("CA").pem()).await,
        &["an authority of the same name and another key"],
        &[CACERT],
    );
    let narrow = Authority::of_names_in("CA", "dc1.consul");
    let mut elsewhere = leaf();
    elsewhere.subject_alt_names.push(SanType::DnsName("consul.example".try_into().unwrap()));
    assert_told(
        "names that the authority may not sign for",
        told_of(narrow.sign(&elsewhere), narrow.pem()).await,
        &["a name that the CA may not sign for", "-name-constraint"],
        &[],
    );
    let own = Pair::self_signed(&Authority::params("CA"));
    let trusted = own.certificate_pem();
    assert_told(
        "an authority that is its own server",
        told_of(own, trusted).await,
        &["that of an authority (`CA:TRUE`)"],
        &[],
    );
    for (odd, part, variables) in [
        (Odd::Version1, "of an old form, X.509 version 1", &[] as &[_]),
        (Odd::Sha1, "signed in a way that is not safe", &[]),
        (Odd::AnotherKind, "does not go with the key of the authority", &[CACERT]),
        (Odd::ShortKey, "a key of RSA is shorter than 2048 bits", &[CACERT]),
    ] {
        let (shown, trusted) = authority::odd(odd);
        assert_told(&format!("{odd:?}"), told_of(shown, trusted).await, &[part], variables);
    }
}

#[tokio::test]
async fn a_client_certificate_that_is_wanted_and_is_not_right_is_told_by_what_is_wrong_with_it() {
    let authority = Authority::new("CA");
    let client = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = leaf();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        params
    };
    let right = authority.sign(&client(&|_| {}));
    let of_others = Authority::new("another CA").sign(&client(&|_| {}));
    let expired = authority.sign(&client(&|it| it.not_after = date_time_ymd(2001, 1, 1)));
    for version in [&TLS12, &TLS13] {
        let ask = |own| {
            let server = Server::wants(authority.sign(&leaf()), &authority, version);
            let trusted = authority.pem();
            async move { told(server, &trusted, own).await }
        };
        assert_eq!(ask(Some(&right)).await, None);
        let what = format!("none shown, {:?}", version.version);
        assert_told(&what, ask(None).await, &["wants a client certificate"], &[CERT, KEY]);
        assert_told(
            "one of another CA",
            ask(Some(&of_others)).await,
            &["does not know the CA of our client certificate"],
            &[CERT, KEY],
        );
        assert_told(
            "an expired one",
            ask(Some(&expired)).await,
            &["our client certificate has expired by its clock"],
            &[CERT],
        );
    }
}

#[tokio::test]
async fn each_alert_says_what_it_means() {
    let trusted = Authority::new("CA").pem();
    let own: &[&str] = &[CERT, KEY];
    for (number, part, variables) in [
        (0x0a, "breaks off the TLS handshake (UnexpectedMessage)", &[] as &[&str]),
        (0x28, "nothing of TLS that both sides speak", own),
        (0x2a, "does not take our client certificate, or wants one (BadCertificate)", own),
        (0x2b, "one for servers alone, perhaps", own),
        (0x2c, "has been revoked", own),
        (0x2d, "has expired by its clock", &[CERT]),
        (0x2e, "does not take our client certificate, or wants one (CertificateUnknown)", own),
        (0x30, "does not know the CA of our client certificate", own),
        (0x31, "permits its bearer nothing", &[]),
        (0x46, "speaks neither TLS 1.2 nor 1.3", &[]),
        (0x47, "wants stronger ciphers", &[]),
        (0x50, "breaks off the TLS handshake (InternalError)", &[]),
        (0x70, "serves nobody of this name", &[NAME]),
        (0x74, "wants a client certificate", own),
        (0x78, "breaks off the TLS handshake (NoApplicationProtocol)", &[]),
        (0xfe, "breaks off the TLS handshake (", &[]),
    ] {
        let told = told(Server::says(alert(number)), &trusted, None).await;
        assert_told(&format!("alert {number:#x}"), told, &[part], variables);
    }
}

#[tokio::test]
async fn a_server_that_speaks_something_else_or_nothing_is_told_apart() {
    let trusted = Authority::new("CA").pem();
    let http = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let cases: [(&str, Server, &str, &[&str]); 4] = [
        (
            "TLS 1.1",
            Server::says(server::hello_of_tls_1_1()),
            "speaks neither TLS 1.2 nor 1.3",
            &[],
        ),
        ("http", Server::says(http.as_bytes().to_vec()), "does not speak TLS", &[ADDR]),
        (
            "closed",
            Server::says(Vec::new()),
            "closes the connection before TLS is agreed on",
            &[ADDR],
        ),
        (
            "something else",
            Server::says(b"220 mail.example ESMTP\r\n".to_vec()),
            "does not speak TLS",
            &[ADDR],
        ),
    ];
    for (what, server, part, variables) in cases {
        assert_told(what, told(server, &trusted, None).await, &[part], variables);
    }
    let authority = Authority::new("CA");
    let server = Server::shows(authority.sign(&leaf()));
    let told = ask("http", server, &authority.pem(), None).await;
    assert_told("TLS behind http://", told, &["write https:// before"], &[ADDR, "CONSUL_HTTP_SSL"]);
}

/// With the system's authorities, the verifier is another, and has another word for it.
#[test]
fn a_certificate_for_clients_is_told_so_by_the_systems_verifier_too() {
    use std::sync::Arc;

    use rustls::client::danger::ServerCertVerifier as _;

    let authority = Authority::new("CA");
    let mut params = leaf();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let shown = authority.sign(&params);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots([authority.der()], provider)
            .unwrap();
    let host = "127.0.0.1".try_into().unwrap();
    let refused =
        verifier.verify_server_cert(&shown.chain[0], &[], &host, &[], UnixTime::now()).unwrap_err();
    assert_told("for clients", Some(reason(&refused)), &["not for servers (extended key"], &[]);
}

/// Those that no handshake leads to on this system, where no list of revoked certificates is
/// configured; other systems' own verifiers may say them.
#[test]
fn reasons_of_other_systems_verifiers_have_sentences_too() {
    for (reason, part) in [
        (CertificateError::Revoked, "has been revoked"),
        (CertificateError::UnknownRevocationStatus, "cannot find out whether"),
        (CertificateError::ExpiredRevocationList, "cannot find out whether"),
        (CertificateError::Expired, "has expired"),
        (CertificateError::NotValidYet, "is not valid yet"),
        (CertificateError::InvalidPurpose, "not for servers (extended key usage"),
        (CertificateError::UnhandledCriticalExtension, "a critical extension"),
        (CertificateError::ApplicationVerificationFailure, "is not to be trusted"),
    ] {
        assert_told(&format!("{reason:?}"), Some(certificate(&reason)), &[part], &[]);
    }
    let told = certificate(&CertificateError::NotValidForName);
    assert_told("another name", Some(told), &["for another name"], &[NAME]);
    assert_told("no certificate", Some(reason(&Error::NoCertificatesPresented)), &[], &[]);
}
