//! One request over one connection to an address that was judged: TCP, TLS, HTTP/1.1, and the connection is closed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full};
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, IpAddr as TlsAddress, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::{Call, HttpFailure, HttpsUrl, KEPT, LARGEST, MOST_READ, Response, ResponseSummary};

/// One address may take this long to answer before the next one is tried.
const CONNECT: Duration = Duration::from_secs(5);
const AGENT: &str = concat!("Vestibule/", env!("CARGO_PKG_VERSION"));

/// TLS with the usual authorities, and those of a file.
pub(super) fn tls(extra_ca_file: Option<&Path>) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra_ca_file {
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.context("VESTIBULE_EXTRA_CA_FILE")?).context("VESTIBULE_EXTRA_CA_FILE")?;
            found += 1;
        }
        anyhow::ensure!(found > 0, "VESTIBULE_EXTRA_CA_FILE holds no certificate: {}", path.display());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

pub(super) async fn post(
    tls: &TlsConnector,
    url: &HttpsUrl,
    addresses: &[SocketAddr],
    headers: &[(String, Zeroizing<String>)],
    body: String,
    deadline: Instant,
) -> Result<ResponseSummary, HttpFailure> {
    let request = request(url, Method::POST, headers, body.into_bytes().into())?;
    exchange(tls, url, addresses, request, async |answer: hyper::Response<Incoming>| {
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let beginning = read_beginning(answer.into_body(), deadline).await;
        Ok(ResponseSummary { status, retry_after, text: as_text(&beginning) })
    })
    .await
}

pub(super) async fn call(
    tls: &TlsConnector,
    url: &HttpsUrl,
    addresses: &[SocketAddr],
    call: Call,
) -> Result<Response, HttpFailure> {
    let most = call.most.min(LARGEST);
    let request = request(url, call.method, &call.headers, call.body)?;
    exchange(tls, url, addresses, request, async |answer: hyper::Response<Incoming>| {
        let status = answer.status().as_u16();
        let lines = answer.headers().iter();
        let readable =
            lines.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let headers = readable.collect();
        Ok(Response { status, headers, body: read_whole(answer.into_body(), most).await? })
    })
    .await
}

/// Sends a request over a connection of its own; `read` makes of the answer what is wanted.
async fn exchange<T>(
    tls: &TlsConnector,
    url: &HttpsUrl,
    addresses: &[SocketAddr],
    request: hyper::Request<Full<Bytes>>,
    read: impl AsyncFnOnce(hyper::Response<Incoming>) -> Result<T, HttpFailure>,
) -> Result<T, HttpFailure> {
    let stream = secure(tls, url, addresses).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MOST_READ)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| HttpFailure::Broken)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|_| HttpFailure::Broken)?;
        read(answer).await
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // The connection may end before the answer is picked up; the answer is in its buffer then.
        _ = &mut connection => exchange.await,
    }
}

/// A connection to an address, encrypted or not.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection to one of these addresses; with TLS when there is a name that the other side has to prove.
pub(super) async fn open(
    tls: Option<(&TlsConnector, ServerName<'static>)>,
    addresses: &[SocketAddr],
) -> Result<Box<dyn Duplex>, HttpFailure> {
    let stream = plain(addresses).await?;
    match tls {
        Some((tls, name)) => Ok(Box::new(tls.connect(name, stream).await.map_err(|_| HttpFailure::Tls)?)),
        None => Ok(Box::new(stream)),
    }
}

/// The name that a server has to prove.
pub(super) fn proven_name(host: &str) -> Result<ServerName<'static>, HttpFailure> {
    ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|_| HttpFailure::Tls)
}

async fn plain(addresses: &[SocketAddr]) -> Result<TcpStream, HttpFailure> {
    let mut stream = None;
    for address in addresses {
        if let Ok(Ok(open)) = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            stream = Some(open);
            break;
        }
    }
    let stream = stream.ok_or(HttpFailure::Connect)?;
    // The request leaves in one piece; a lost hint only costs time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn secure(
    tls: &TlsConnector,
    url: &HttpsUrl,
    addresses: &[SocketAddr],
) -> Result<TlsStream<TcpStream>, HttpFailure> {
    let stream = plain(addresses).await?;
    let name = match url.literal() {
        Some(address) => ServerName::IpAddress(TlsAddress::from(address)),
        None => proven_name(&url.host())?,
    };
    tls.connect(name, stream).await.map_err(|_| HttpFailure::Tls)
}

fn request(
    url: &HttpsUrl,
    method: Method,
    headers: &[(String, Zeroizing<String>)],
    body: Zeroizing<Vec<u8>>,
) -> Result<hyper::Request<Full<Bytes>>, HttpFailure> {
    let mut request = hyper::Request::builder().method(method).uri(url.target());
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| HttpFailure::Broken)?;
        value.set_sensitive(true);
        request = request.header(name.as_str(), value);
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(ACCEPT.as_str())) {
        request = request.header(ACCEPT, "*/*");
    }
    request
        .header(HOST, url.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from_owner(body)))
        .map_err(|_| HttpFailure::Broken)
}

/// A body that came to its end and is not too large.
async fn read_whole(mut body: Incoming, most: usize) -> Result<Zeroizing<Vec<u8>>, HttpFailure> {
    let mut whole = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| HttpFailure::Broken)?;
        let data = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
        if whole.len() + data.len() > most {
            return Err(HttpFailure::TooLarge);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

/// The first bytes of a body. The status has come already and counts, so a body that ends badly or never is only cut short.
async fn read_beginning(mut body: Incoming, deadline: Instant) -> Vec<u8> {
    let (mut kept, mut read) = (Vec::new(), 0);
    // Time is left to come back with what was read.
    let until = deadline.checked_sub(Duration::from_millis(200)).unwrap_or(deadline);
    while let Ok(Some(Ok(frame))) = tokio::time::timeout_at(until, body.frame()).await {
        let Some(data) = frame.data_ref() else { continue };
        read += data.len();
        let room = KEPT.saturating_sub(kept.len()).min(data.len());
        kept.extend_from_slice(data.get(..room).unwrap_or_default());
        if read >= MOST_READ {
            break;
        }
    }
    kept
}

fn as_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
