//! A program that gets webhooks: a TLS server on loopback with a certificate of the tests' own authority.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the receiver answers: bytes, after a while.
pub struct Reply {
    pub after: Duration,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::with(status, &[], "")
    }

    pub fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        Self { after: Duration::ZERO, bytes: head.into_bytes() }
    }

    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

type Answer = dyn Fn(usize, &Received) -> Reply + Send + Sync;

pub struct Receiver {
    pub port: u16,
    got: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
});

/// Writes the authority's certificate, for `VESTIBULE_EXTRA_CA_FILE`.
pub fn authority_file(dir: &Path) -> PathBuf {
    let path = dir.join("authority.pem");
    std::fs::write(&path, AUTHORITY.pem()).unwrap();
    path
}

/// Writes a certificate for loopback, signed by the authority, and its key.
pub fn certificate_files(dir: &Path) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1", "localhost"].map(str::to_owned)).unwrap();
    let (cert_path, key_path) = (dir.join("certificate.pem"), dir.join("key.pem"));
    std::fs::write(&cert_path, params.signed_by(&key, &AUTHORITY).unwrap().pem()).unwrap();
    std::fs::write(&key_path, key.serialize_pem()).unwrap();
    (cert_path, key_path)
}

fn acceptor() -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1", "::1", "localhost", "hooks.example"].map(str::to_owned)).unwrap();
    let certificate = params.signed_by(&key, &AUTHORITY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap()))
}

impl Receiver {
    /// A receiver that answers the `n`th request (from 0) as the function says.
    pub fn start(answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (got, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let state = (Arc::clone(&got), Arc::clone(&connections));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, acceptor(), state, Arc::new(answer)) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, got, connections, stop: Some(stop), thread: Some(thread) }
    }

    /// A receiver that always answers the same status.
    pub fn always(status: u16) -> Self {
        Self::start(move |_, _| Reply::status(status))
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    pub fn got(&self) -> Vec<Received> {
        self.got.lock().unwrap().clone()
    }

    /// How often somebody connected, whatever became of it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    (got, connections): (Arc<Mutex<Vec<Received>>>, Arc<AtomicUsize>),
    answer: Arc<Answer>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        let (tls, got, answer) = (tls.clone(), Arc::clone(&got), Arc::clone(&answer));
        tokio::spawn(async move {
            let Ok(mut stream) = tls.accept(stream).await else { return };
            let Some(request) = read(&mut stream).await else { return };
            let count = {
                let mut got = got.lock().unwrap();
                got.push(request.clone());
                got.len() - 1
            };
            let reply = answer(count, &request);
            tokio::time::sleep(reply.after).await;
            // The client may hang up before it has read everything.
            let _ = stream.write_all(&reply.bytes).await;
            let _ = stream.shutdown().await;
        });
    }
}

async fn read(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ').map(str::to_owned);
            let (method, path) = (first.next()?, first.next()?);
            let pairs = lines.filter_map(|line| line.split_once(": "));
            let headers: Vec<(String, String)> =
                pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let length: usize = headers
                .iter()
                .find(|(name, _)| name == "content-length")
                .map_or(0, |(_, value)| value.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap();
                return Some(Received { method, path, headers, body });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
