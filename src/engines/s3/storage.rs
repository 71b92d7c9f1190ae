//! The way to the storage. The crate `object_store` knows its protocol; every connection it wants is made here, to an address that was judged a moment
//! before, and closed after one request.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use object_store::{Error as StorageError, RetryConfig};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::place::S3Target;
use crate::engines::hosts::{Hosts, is_near};
use crate::engines::{Failure, FailureReason};

/// An answer to a request has begun within this time.
const ANSWER: Duration = Duration::from_secs(300);
/// So often is something tried again that may be well the next time, and so long.
const TRIES: usize = 4;
const TRYING: Duration = Duration::from_secs(120);

/// Makes connections of our own.
#[derive(Clone)]
struct JudgedConnector {
    hosts: Hosts,
    host: String,
    port: u16,
    /// As requests name the host.
    authority: String,
    is_encrypted: bool,
}

impl std::fmt::Debug for JudgedConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JudgedConnector").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// The storage that a target leads to.
///
/// # Errors
/// Its details are none.
pub(super) fn open(hosts: &Hosts, target: &S3Target) -> Result<AmazonS3, Failure> {
    let endpoint = &target.endpoint;
    let name = endpoint.host_str().unwrap_or_default();
    let connector = JudgedConnector {
        hosts: hosts.clone(),
        host: name.trim_matches(['[', ']']).to_owned(),
        port: endpoint.port_or_known_default().unwrap_or(443),
        authority: endpoint.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")),
        is_encrypted: endpoint.scheme() == "https",
    };
    AmazonS3Builder::new()
        .with_endpoint(endpoint.as_str().trim_end_matches('/'))
        .with_region(&target.region)
        .with_bucket_name(&target.bucket)
        .with_access_key_id(target.key_id.expose_secret())
        .with_secret_access_key(target.key.expose_secret())
        .with_allow_http(true)
        .with_retry(RetryConfig { max_retries: TRIES, retry_timeout: TRYING, ..RetryConfig::default() })
        .with_http_connector(connector)
        .build()
        .map_err(|error| failure(&error))
}

impl HttpConnector for JudgedConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for JudgedConnector {
    fn call<'service, 'answer>(
        &'service self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'answer>>
    where
        'service: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let answered = timeout(ANSWER, self.exchange(request)).await;
            answered.unwrap_or_else(|_| {
                let words = "The storage did not answer within five minutes.";
                Err(HttpError::new(HttpErrorKind::Timeout, Failure::new(FailureReason::Timeout, words)))
            })
        })
    }
}

impl JudgedConnector {
    async fn exchange(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let broken = |error: hyper::Error| HttpError::new(HttpErrorKind::Request, error);
        let refused = |failure: Failure| {
            let may_be_well = matches!(failure.reason, FailureReason::NotReachable);
            HttpError::new(if may_be_well { HttpErrorKind::Connect } else { HttpErrorKind::Unknown }, failure)
        };
        if request.uri().authority().map(|one| one.as_str()) != Some(self.authority.as_str()) {
            return Err(refused(Failure::new(FailureReason::AddressRefused, "The storage leads to another address.")));
        }
        let addresses = self.hosts.addresses(&self.host, self.port).await.map_err(refused)?;
        if !self.is_encrypted && !addresses.iter().all(|address| is_near(address.ip())) {
            return Err(refused(unencrypted(&self.host)));
        }
        let stream = self.hosts.connect(&self.host, &addresses, self.is_encrypted).await.map_err(refused)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends with the answer's body, or when nobody wants that any more.
        tokio::spawn(async move { connection.await.ok() });
        let origin = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse();
        *request.uri_mut() = origin.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let host = HeaderValue::from_str(&self.authority);
        let host = host.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        request.headers_mut().insert(HOST, host);
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)));
        Ok(HttpResponse::from_parts(head, body))
    }
}

fn unencrypted(host: &str) -> Failure {
    let words = format!(
        "Without encryption, keys and records would travel readable to {host}. Give an address that begins with https://."
    );
    Failure::new(FailureReason::NotSupported, words)
}

/// What the storage says, and what it means.
const ANSWERS: [(&str, FailureReason, &str); 8] = [
    ("NoSuchBucket", FailureReason::NoDatabase, "There is no such bucket. Check its name, and the region."),
    ("InvalidAccessKeyId", FailureReason::SignIn, "The storage does not know this access key ID."),
    ("SignatureDoesNotMatch", FailureReason::SignIn, "The secret access key does not belong to the access key ID."),
    (
        "AuthorizationHeaderMalformed",
        FailureReason::Refused,
        "The bucket is in another region than the one that was entered.",
    ),
    ("PermanentRedirect", FailureReason::Refused, "The bucket is in another region than the one that was entered."),
    ("RequestTimeTooSkewed", FailureReason::Unwell, "The storage says that the clock of this server is wrong."),
    ("SlowDown", FailureReason::RateLimited, "The storage says that it is asked too often. Try again in a while."),
    (
        "AccessDenied",
        FailureReason::Permission,
        "The access key may not do this. It needs the rights to list the bucket, and to read, write and delete in its folder.",
    ),
];

/// Why the storage did not do something.
pub(super) fn failure(error: &StorageError) -> Failure {
    let (mut causes, mut next): (Vec<String>, Option<&(dyn Error + 'static)>) = (Vec::new(), Some(error));
    while let Some(cause) = next {
        if let Some(own) = cause.downcast_ref::<Failure>() {
            return own.clone();
        }
        causes.push(cause.to_string());
        next = cause.source();
    }
    let said = causes.join(": ");
    if let Some((_, reason, words)) = ANSWERS.iter().find(|(code, ..)| said.contains(code)) {
        return Failure::new(*reason, *words).with_detail(said);
    }
    match error {
        StorageError::PermissionDenied { .. } | StorageError::Unauthenticated { .. } => {
            let words = "The storage does not let this access key in.";
            Failure::new(FailureReason::Permission, words).with_detail(said)
        }
        _ => {
            let words = "The storage did not do what it was asked. Try again in a while.";
            Failure::new(FailureReason::Unwell, words).with_detail(said)
        }
    }
}
