//! TLS with rustls: trusted authorities, and the client certificate.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::super::variable::Variable;
use super::TlsOptions;
use crate::text::Excerpt;

pub(in crate::leadership::consul::http) type Config = ClientConfig;

impl TlsOptions<'_> {
    /// Builds the configuration of a client.
    ///
    /// # Errors
    ///
    /// All faults, each in words with its variable.
    pub(in crate::leadership::consul::http) fn config(&self) -> Result<Config, Vec<String>> {
        let provider = Arc::new(ring::default_provider());
        if !self.is_wanted {
            // reqwest wants a configuration also for plain HTTP
            return TlsOptions { is_wanted: true, is_unverified: true, ..Self::default() }.config();
        }
        let verifier = self.verifier(&provider);
        let identity = self.identity();
        let (verifier, identity) = match (verifier, identity) {
            (Ok(verifier), Ok(identity)) => (verifier, identity),
            (verifier, identity) => {
                return Err(verifier.err().into_iter().chain(identity.err()).collect());
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|fault| vec![format!("TLS: {fault}")])?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        match identity {
            None => Ok(config.with_no_client_auth()),
            Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|fault| {
                let key = self.key.unwrap_or_default();
                vec![wrong(
                    Variable::ClientKey,
                    key,
                    &format!(
                        "does not go with {}, or one of them cannot be used ({fault})",
                        Variable::ClientCert
                    ),
                )]
            }),
        }
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        if self.is_unverified {
            return Ok(Arc::new(Unverified(Arc::clone(provider))));
        }
        let roots = match (self.ca_file, self.ca_directory) {
            (Some(file), _) => authorities(file)?,
            (None, Some(directory)) => authorities_in(directory)?,
            (None, None) => {
                let verifier = Verifier::new(Arc::clone(provider));
                let verifier = verifier.map_err(|fault| {
                    format!(
                        "this system has no authorities to trust{} ({fault}); set {} to the CA of \
                         Consul",
                        elsewhere(),
                        Variable::CaCert
                    )
                })?;
                return Ok(Arc::new(verifier));
            }
        };
        let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(provider),
        );
        let verifier = builder.build().map_err(|fault| format!("TLS: {fault}"))?;
        Ok(verifier)
    }

    fn identity(
        &self,
    ) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, String> {
        let (certificate, key) = match (self.certificate, self.key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(alone(Variable::ClientCert, Variable::ClientKey)),
            (None, Some(_)) => return Err(alone(Variable::ClientKey, Variable::ClientCert)),
        };
        let chain = certificates(Variable::ClientCert, certificate)?;
        let refuse = |why: &str| wrong(Variable::ClientKey, key, why);
        let pem = fs::read(key).map_err(|cause| refuse(&unreadable(&cause)))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            refuse(
                "holds no private key in PEM; use one in PKCS #8, SEC 1 (`EC PRIVATE KEY`) or \
                 PKCS #1 (`RSA PRIVATE KEY`) that is not encrypted",
            )
        })?;
        Ok(Some((chain, key)))
    }
}

/// The variables of OpenSSL that are set, and move the search for the system's authorities.
fn elsewhere() -> String {
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(|name| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty())?;
        Some(format!("{name}=`{}`", Excerpt::line(&path.to_string_lossy())))
    });
    let set: Vec<String> = set.collect();
    if set.is_empty() { String::new() } else { format!(" where {} says", set.join(" or ")) }
}

fn authorities(file: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(Variable::CaCert, file)? {
        roots.add(certificate).map_err(|fault| {
            wrong(Variable::CaCert, file, &format!("has a certificate that is none ({fault})"))
        })?;
    }
    Ok(roots)
}

/// Reads the authorities of all files in a directory. Skips files without any.
fn authorities_in(directory: &str) -> Result<RootCertStore, String> {
    let refuse = |why: &str| wrong(Variable::CaPath, directory, why);
    let entries = fs::read_dir(directory).map_err(|cause| refuse(&unreadable(&cause)))?;
    let mut roots = RootCertStore::empty();
    for entry in entries.flatten() {
        let pem = fs::read(entry.path()).unwrap_or_default();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    }
    if roots.is_empty() {
        return Err(refuse("no file there holds a certificate in PEM"));
    }
    Ok(roots)
}

fn certificates(variable: Variable, file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let refuse = |why: &str| wrong(variable, file, why);
    let pem = fs::read(Path::new(file)).map_err(|cause| refuse(&unreadable(&cause)))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(refuse(
            "holds no certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`",
        )),
        Err(fault) => Err(refuse(&format!("is no PEM ({fault})"))),
    }
}

fn wrong(variable: Variable, path: &str, why: &str) -> String {
    format!("{variable}=`{path}`: {why}")
}

fn unreadable(cause: &std::io::Error) -> String {
    format!("cannot be read ({cause})")
}

fn alone(one: Variable, other: Variable) -> String {
    format!("{one} is set and {other} is not; set both, or none")
}

/// A verifier that accepts any certificate, for `CONSUL_HTTP_SSL_VERIFY=false`.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Adds the configuration to a client, for https.
pub(in crate::leadership::consul::http) fn client(
    builder: ClientBuilder,
    config: &Config,
) -> ClientBuilder {
    builder.tls_backend_preconfigured(config.clone())
}
