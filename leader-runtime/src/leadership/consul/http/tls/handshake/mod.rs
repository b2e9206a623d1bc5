//! The reason of a failed TLS handshake in words, with the remedy if there is one.

use std::io::{self, ErrorKind};
use std::iter::successors;
use std::time::{Duration, SystemTime};

use leader_core::Due;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError, Error, OtherError, PeerIncompatible};

use super::super::variable::Variable;
use crate::text::Excerpt;

type Cause = dyn std::error::Error + 'static;

/// Returns the reason and its remedy; `None` if the fault is none of TLS. `is_direct`: no proxy is in
/// between, which could have closed the connection, too.
pub(in crate::leadership::consul::http) fn remedy(
    fault: &reqwest::Error,
    is_direct: bool,
) -> Option<String> {
    let causes = || successors(Some(fault as &Cause), |cause| beneath(*cause));
    if let Some(fault) = causes().find_map(|cause| cause.downcast_ref::<Error>()) {
        return Some(reason(fault));
    }
    // a connection that was opened, and closed before it could be used
    let is_closed = |cause: &Cause| {
        use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        cause.downcast_ref::<io::Error>().is_some_and(|fault| {
            [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&fault.kind())
        })
    };
    (is_direct && fault.is_connect() && causes().any(is_closed)).then(|| {
        format!(
            "closes the connection before TLS is agreed on; look into its own log for the reason, and \
             whether the port of {} is one of https",
            Variable::Addr
        )
    })
}

/// The cause of a cause. The source of an I/O error skips the error inside it.
fn beneath(cause: &Cause) -> Option<&Cause> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => cause.source(),
    }
}

fn reason(fault: &Error) -> String {
    match fault {
        Error::InvalidCertificate(reason) => certificate(reason),
        Error::AlertReceived(alert) => alerted(*alert),
        Error::InvalidMessage(_) => format!(
            "does not speak TLS ({fault}); set {} to its https port, or use http://",
            Variable::Addr
        ),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => OLD.into(),
        Error::PeerIncompatible(why) => {
            format!("has too little of TLS in common with this program ({why:?})")
        }
        Error::NoCertificatesPresented => "shows no certificate; give the agent one".into(),
        fault => format!("no TLS with it ({})", Excerpt::line(&fault.to_string())),
    }
}

const OLD: &str = "speaks neither TLS 1.2 nor 1.3, and older versions are not safe; have it speak one of \
                   these";

/// The remedy for a certificate that is faulty by itself.
const ANOTHER: &str = "give the agent another one, as `consul tls cert create -server` makes it";

/// Accepted signatures.
const SAFE: &str =
    "ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 bits and more with SHA-256 and longer";

/// Describes why the agent's certificate is refused.
fn certificate(reason: &CertificateError) -> String {
    use CertificateError as Why;

    match reason {
        Why::NotValidYet => "its certificate is not valid yet; is this machine's clock behind?".into(),
        Why::NotValidYetContext { time, not_before } => format!(
            "its certificate, or one that signed it, is valid from {} on, and this machine's clock \
             shows {}; set the clock where it is behind, or wait",
            instant(*not_before),
            instant(*time)
        ),
        Why::Expired => "its certificate has expired, or ends before it begins; renew it".into(),
        Why::ExpiredContext { time, not_after } => format!(
            "its certificate, or one that signed it, has expired: it was valid until {}, and this \
             machine's clock shows {}; renew it, or set the clock where it is ahead",
            instant(*not_after),
            instant(*time)
        ),
        Why::NotValidForName => format!(
            "its certificate is for another name; set {} to one that it is for",
            Variable::TlsServerName
        ),
        Why::NotValidForNameContext { expected, presented } => {
            another_name(&expected.to_str(), presented)
        }
        Why::UnknownIssuer => format!(
            "its certificate is signed by no authority that is trusted here; set {} to the CA that \
             signed it, and where that is an intermediate one have the agent show that too",
            Variable::CaCert
        ),
        Why::BadSignature => format!(
            "a signature of its certificate is wrong: an authority of the same name and another key \
             is trusted here, a key of RSA is shorter than 2048 bits, or the certificate is \
             damaged; set {} to the very CA that signed it, or {ANOTHER}",
            Variable::CaCert
        ),
        Why::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => format!(
            "its certificate is signed in a way that does not go with the key of the authority which \
             is trusted here under that name; set {} to the very CA that signed it, or {ANOTHER}, \
             signed with {SAFE}",
            Variable::CaCert
        ),
        Why::UnsupportedSignatureAlgorithmContext { .. } => algorithm(),
        #[expect(deprecated, reason = "an older verifier still says so")]
        Why::UnsupportedSignatureAlgorithm => algorithm(),
        Why::InvalidPurpose => purpose(""),
        Why::InvalidPurposeContext { presented, .. } => {
            let allowed: Vec<String> = presented.iter().map(ToString::to_string).collect();
            purpose(&format!(" but for {}", Excerpt::line(&allowed.join(", "))))
        }
        Why::Revoked => format!("its certificate has been revoked; {ANOTHER}"),
        Why::UnknownRevocationStatus
        | Why::ExpiredRevocationList
        | Why::ExpiredRevocationListContext { .. } => {
            "this system cannot find out whether its certificate has been revoked: the list of those \
             that have been is missing or too old"
                .into()
        }
        Why::BadEncoding => format!("its certificate is damaged, or none of X.509; {ANOTHER}"),
        Why::UnhandledCriticalExtension => extension(),
        Why::Other(OtherError(other)) => other_reason(&format!("{other:?}")),
        reason => format!("its certificate is not to be trusted ({reason})"),
    }
}

/// Describes a reason that rustls has no variant for, by the name that its verifiers use.
fn other_reason(reason: &str) -> String {
    match reason {
        "CaUsedAsEndEntity" => format!(
            "its certificate is that of an authority (`CA:TRUE`), which is not taken for a server's; \
             {ANOTHER}, signed by that authority"
        ),
        "EndEntityUsedAsCa" | "PathLenConstraintViolated" => format!(
            "its certificate is signed by one that may sign none, which is no CA or one too many in \
             the chain; {ANOTHER}, signed by the CA itself"
        ),
        "NameConstraintViolation" => format!(
            "its certificate has a name that the CA may not sign for (`-name-constraint`); {ANOTHER} \
             for names that it may"
        ),
        "UnsupportedCertVersion" => format!(
            "its certificate is of an old form, X.509 version 1 or 2, which has no place for names (as \
             `openssl x509 -req` makes it without `-extfile`); {ANOTHER}"
        ),
        "UnsupportedCriticalExtension" => extension(),
        "EkuError" => purpose(""),
        reason => format!("its certificate is not to be trusted ({})", Excerpt::line(reason)),
    }
}

/// Describes a certificate for other names. `presented`: its names, as the verifier prints them.
fn another_name(expected: &str, presented: &[String]) -> String {
    let expected = Excerpt::name(expected);
    if presented.is_empty() {
        return format!(
            "its certificate has no names (`subjectAltName`; a common name is not looked at), so it \
             is not for `{expected}` either; {ANOTHER}"
        );
    }
    let bare = |name: &String| {
        let (_, name) = name.split_once('(')?;
        Some(name.strip_suffix(')')?.trim_matches('"').to_owned())
    };
    let names: Vec<String> =
        presented.iter().map(|name| bare(name).unwrap_or_else(|| name.clone())).collect();
    let has_host_names = presented.iter().any(|name| name.starts_with("DnsName"));
    let (variable, other) = if has_host_names {
        (Variable::TlsServerName, "a name")
    } else {
        (Variable::Addr, "an address")
    };
    format!(
        "its certificate is for {} and not for `{expected}`; set {variable} to {other} that it is for",
        Excerpt::line(&names.join(", "))
    )
}

fn algorithm() -> String {
    format!(
        "its certificate is signed in a way that is not safe, or not known here; {ANOTHER}, signed with \
         {SAFE}"
    )
}

fn purpose(other: &str) -> String {
    format!(
        "its certificate is not for servers{other} (extended key usage without `serverAuth`); \
         {ANOTHER}"
    )
}

fn extension() -> String {
    format!("its certificate has a critical extension that is not known here; {ANOTHER}")
}

/// Describes the alert that the other side sent before it closed the connection.
fn alerted(alert: Alert) -> String {
    let own = format!("{} and {}", Variable::ClientCert, Variable::ClientKey);
    match alert {
        Alert::CertificateRequired => {
            format!("wants a client certificate; set {own} to one that its CA signed")
        }
        // of TLS 1.2, where none was shown, too
        Alert::BadCertificate | Alert::CertificateUnknown => format!(
            "does not take our client certificate, or wants one ({alert:?}); set {own} to one that \
             its CA signed"
        ),
        Alert::UnknownCA => format!(
            "does not know the CA of our client certificate; set {own} to one that its CA signed"
        ),
        Alert::CertificateExpired => format!(
            "our client certificate has expired by its clock; renew {}, or set the clock that is \
             wrong",
            Variable::ClientCert
        ),
        Alert::CertificateRevoked => {
            format!("our client certificate has been revoked; set {own} to another one")
        }
        Alert::UnsupportedCertificate => format!(
            "our client certificate is of a kind that it does not take: one for servers alone, \
             perhaps; set {own} to one as `consul tls cert create -client` makes it"
        ),
        Alert::AccessDenied => {
            "takes our client certificate, and permits its bearer nothing".into()
        }
        Alert::ProtocolVersion => OLD.into(),
        // of TLS 1.2, where no certificate was shown, too
        Alert::HandshakeFailure => format!(
            "finds nothing of TLS that both sides speak, which here is 1.3, and 1.2 with ECDHE, by keys \
             of P-256, P-384, Ed25519 or RSA; or it wants a client certificate, for which there are {own}"
        ),
        Alert::InsufficientSecurity => {
            "wants stronger ciphers than there are here: those of TLS 1.3, and of 1.2 with ECDHE"
                .into()
        }
        Alert::UnrecognisedName => format!(
            "serves nobody of this name; set {} to one that it serves",
            Variable::TlsServerName
        ),
        alert => format!("breaks off the TLS handshake ({alert:?}); its own log may say why"),
    }
}

fn instant(time: UnixTime) -> String {
    let since_the_epoch = Duration::from_secs(time.as_secs());
    let instant = SystemTime::UNIX_EPOCH.checked_add(since_the_epoch);
    instant.map_or_else(|| "an instant beyond all calendars".into(), |at| Due::new(at).to_string())
}

#[cfg(test)]
mod tests;
