//! Certificates of every kind: what rcgen makes, and what no sound tool makes any more.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints, PublicKeyData as _, SanType,
    SigningKey as _,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A chain of certificates, and the key of the first.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

pub(super) struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// Faults of tools that are old.
#[derive(Clone, Copy, Debug)]
pub(super) enum Odd {
    /// No extensions, and so no names.
    Version1,
    /// Signed over a digest that can be forged.
    Sha1,
    /// Signed in a way of RSA by a key that is none.
    AnotherKind,
    /// The authority's key is one of RSA with 1024 bits.
    ShortKey,
}

/// A certificate for servers on 127.0.0.1, as it is when all is well.
pub(super) fn leaf() -> CertificateParams {
    let mut params = called("an agent");
    params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn called(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

impl Pair {
    fn of(chain: &[&rcgen::Certificate], key: KeyPair) -> Self {
        Self { chain: chain.iter().map(|it| it.der().clone()).collect(), key }
    }

    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = key();
        Self::of(&[&params.self_signed(&key).unwrap()], key)
    }

    pub(super) fn certificate_pem(&self) -> String {
        pem(&self.chain[0])
    }

    pub(super) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(super) fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    pub(super) fn truncated(self) -> Self {
        let half = self.chain[0][..self.chain[0].len() / 2].to_vec();
        Self { chain: vec![half.into()], ..self }
    }

    /// Its signature is of something else.
    pub(super) fn tampered(self) -> Self {
        let mut der = self.chain[0].to_vec();
        *der.last_mut().unwrap() ^= 1;
        Self { chain: vec![der.into()], ..self }
    }
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        Self::of(Self::params(name))
    }

    /// It may sign for names in this domain alone.
    pub(super) fn of_names_in(name: &str, domain: &str) -> Self {
        let permitted_subtrees = vec![GeneralSubtree::DnsName(domain.into())];
        let mut params = Self::params(name);
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        Self::of(params)
    }

    pub(super) fn params(name: &str) -> CertificateParams {
        let mut params = called(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.subject_alt_names = leaf().subject_alt_names;
        params
    }

    fn of(params: CertificateParams) -> Self {
        let key = key();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub(super) fn sign(&self, params: &CertificateParams) -> Pair {
        let key = key();
        Pair::of(&[&params.signed_by(&key, &self.issuer).unwrap()], key)
    }

    /// By a certificate that this authority has signed, and that is no authority.
    pub(super) fn sign_by_another(&self, params: &CertificateParams) -> Pair {
        let (own, others) = (key(), key());
        let between = called("no CA").signed_by(&others, &self.issuer).unwrap();
        let issuer = Issuer::new(called("no CA"), others);
        Pair::of(&[&params.signed_by(&own, &issuer).unwrap(), &between], own)
    }
}

fn pem(der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// A certificate with this fault, and what is trusted.
pub(super) fn odd(odd: Odd) -> (Pair, String) {
    let authority = Authority::new("CA");
    let signs = |bytes: &[u8]| authority.issuer.key().sign(bytes).unwrap();
    let own = key();
    let key = own.subject_public_key_info();
    let written = |algorithm| certificate("an agent", &key, algorithm, true, forges);
    let (der, trusted) = match odd {
        Odd::Version1 => {
            (certificate("an agent", &key, ECDSA_SHA256, false, signs), authority.pem())
        }
        Odd::Sha1 => (written(RSA_SHA1), pem(&short())),
        Odd::AnotherKind => (written(RSA_SHA256), authority.pem()),
        Odd::ShortKey => (written(RSA_SHA256), pem(&short())),
    };
    (Pair { chain: vec![der.into()], key: own }, trusted)
}

/// No key is there to sign so: what is wrong is found before the signature is looked at.
fn forges(_: &[u8]) -> Vec<u8> {
    vec![0x5a; 128]
}

/// An authority with a key of RSA that has 1024 bits.
fn short() -> Vec<u8> {
    let mut modulus = vec![0xc5; 128];
    modulus.insert(0, 0);
    let numbers = der(0x30, &[&der(2, &[&modulus]), &der(2, &[&[1, 0, 1]])]);
    let algorithm = der(0x30, &[&der(6, &[RSA]), &der(5, &[])]);
    let key = der(0x30, &[&algorithm, &der(3, &[&[0], &numbers])]);
    certificate("CA", &key, RSA_SHA256, false, forges)
}

/// A certificate of this key, signed in this way by `CA`; of version 3, where it has names.
fn certificate(
    subject: &str,
    key: &[u8],
    algorithm: &[u8],
    has_names: bool,
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let is_rsa = algorithm != ECDSA_SHA256;
    let null = if is_rsa { der(5, &[]) } else { Vec::new() };
    let algorithm = der(0x30, &[&der(6, &[algorithm]), &null]);
    let name = |text: &str| {
        let attribute = der(0x30, &[&der(6, &[COMMON_NAME]), &der(0x0c, &[text.as_bytes()])]);
        der(0x30, &[&der(0x31, &[&attribute])])
    };
    let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"490101000000Z"])]);
    let (mut version, mut extensions) = (Vec::new(), Vec::new());
    if has_names {
        version = der(0xa0, &[&der(2, &[&[2]])]);
        let names = der(4, &[&der(0x30, &[&der(0x87, &[&[127, 0, 0, 1]])])]);
        let names = der(0x30, &[&der(6, &[NAMES]), &names]);
        extensions = der(0xa3, &[&der(0x30, &[&names])]);
    }
    let (serial, issuer, subject) = (der(2, &[&[7]]), name("CA"), name(subject));
    let fields: [&[u8]; 8] =
        [&version, &serial, &algorithm, &issuer, &validity, &subject, key, &extensions];
    let signed = der(0x30, &fields);
    let signature = der(3, &[&[0], &sign(&signed)]);
    der(0x30, &[&signed, &algorithm, &signature])
}

/// A value of ASN.1, with its length in the shortest form, which is the only one.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut value = vec![tag];
    match content.len() {
        ..0x80 => value.push(low),
        0x80..0x100 => value.extend([0x81, low]),
        _ => value.extend([0x82, high, low]),
    }
    value.extend(content);
    value
}
