//! Servers of TLS, right and wrong, each for one connection.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    ALL_VERSIONS, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

use super::authority::{Authority, Pair};

pub(super) struct Server {
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

/// Shows this certificate, whatever is wrong with it.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Server {
    pub(super) fn shows(shown: Pair) -> Self {
        Self::of_tls(shown, None, ALL_VERSIONS)
    }

    /// Wants a client certificate of this authority, in this version of TLS.
    pub(super) fn wants(
        shown: Pair,
        authority: &Authority,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        Self::of_tls(shown, Some(authority), &[version])
    }

    fn of_tls(
        shown: Pair,
        clients: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_protocol_versions(versions).unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = ring::sign::any_supported_type(&shown.key_der()).unwrap();
        let shown = Shows(Arc::new(CertifiedKey::new(shown.chain, key)));
        let config = Arc::new(config.with_cert_resolver(Arc::new(shown)));
        Self::start(move |mut stream| {
            let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // of a request, the first part is enough
            let _ = tls.read(&mut [0; 4096])?;
            tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\"\"")?;
            tls.flush()
        })
    }

    /// Says this to whatever it is told first, and closes.
    pub(super) fn says(text: Vec<u8>) -> Self {
        Self::start(move |mut stream| {
            let _ = stream.read(&mut [0; 4096])?;
            stream.write_all(&text)
        })
    }

    fn start(serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            // what goes wrong is for the client to tell
            let _ = serve(stream);
        });
        Self { address, thread: Some(thread) }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // where the client never came, this lets the thread go on
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A fatal alert, as it is sent before anything was agreed on.
pub(super) fn alert(number: u8) -> Vec<u8> {
    vec![0x15, 3, 3, 0, 2, 2, number]
}

/// A hello that chooses TLS 1.1, as servers send it that know nothing later and do not look at what
/// was offered.
pub(super) fn hello_of_tls_1_1() -> Vec<u8> {
    let random = [7; 32];
    // no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    let hello = [&[3, 2][..], &random, &[0, 0, 0x2f, 0]].concat();
    let message = [&[2, 0, 0, hello.len() as u8][..], &hello].concat();
    [&[0x16, 3, 2, 0, message.len() as u8][..], &message].concat()
}
