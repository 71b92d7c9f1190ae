//! The way to the server, and signing in.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, Error};

use super::options::{Options, Tls};
use super::session::Session;
use super::{refusals, tls};
use crate::engines::hosts::Hosts;
use crate::engines::reach::{Unreached, reach};
use crate::engines::run::{EngineRun, EventSink};
use crate::engines::tunnel::{Tunnel, TunnelOptions};
use crate::engines::{ConnectorEvent, Failure, FailureReason, HostKey, Level, Turn};

/// The sign-in, the secure connection included.
const SIGN_IN: Duration = Duration::from_secs(30);

/// Connects and signs in to read, and says so.
pub(super) async fn connect(hosts: &Hosts, options: &Options, run: &EngineRun<'_>) -> Result<Session, Failure> {
    let sink = &run.sink;
    let session = match &options.tunnel {
        None => {
            sink.progress("Connecting to the server").await?;
            directly(hosts, options).await?
        }
        Some(jump) => {
            let tunnel = dig(hosts, jump, run.host_key, sink).await?;
            let key = Some(&tunnel.host_key).filter(|key| run.host_key != Some(*key)).cloned();
            sink.progress("Connecting to the server behind the jump server").await?;
            let session = through(tunnel, options).await?;
            if let Some(key) = key {
                sink.send(ConnectorEvent::HostKey(key)).await?;
            }
            session
        }
    };
    sink.log(Level::Info, &format!("Signed in as {}.", options.user)).await?;
    Ok(session)
}

/// Opens the way to the jump server, and says which key it has shown.
async fn dig(
    hosts: &Hosts,
    jump: &TunnelOptions,
    known: Option<&HostKey>,
    sink: &EventSink,
) -> Result<Tunnel, Failure> {
    sink.progress("Connecting to the jump server").await?;
    let tunnel = Tunnel::open(hosts, jump, known, sink).await?;
    let HostKey { host, algorithm, fingerprint, .. } = &tunnel.host_key;
    let is_known = if known == Some(&tunnel.host_key) { ", the same as before" } else { "" };
    let words = format!("Signed in at the jump server {host}. Its host key is {algorithm} {fingerprint}{is_known}.");
    sink.log(Level::Info, &words).await?;
    Ok(tunnel)
}

/// Connects and signs in where nobody listens meanwhile, through the jump server when there is one.
pub(super) async fn open(hosts: &Hosts, options: &Options) -> Result<Session, Failure> {
    let Some(jump) = &options.tunnel else { return directly(hosts, options).await };
    let tunnel = Tunnel::open_unheard(hosts, jump, &options.contact).await?;
    let key = tunnel.host_key.clone();
    let session = through(tunnel, options).await?;
    options.contact.note(&key);
    Ok(session)
}

/// Connects to the server itself and signs in.
async fn directly(hosts: &Hosts, options: &Options) -> Result<Session, Failure> {
    let addresses = hosts.database(&options.host, options.port, &options.database).await?;
    let mut failure = None;
    for mode in modes(options) {
        let stream = reach(&addresses).await.map_err(|unreached| of_way(unreached, options))?;
        match timeout(SIGN_IN, sign_in(stream, *mode, options)).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => return Err(silent(options)),
        }
    }
    Err(failure.unwrap_or_else(|| silent(options)))
}

/// The same behind a jump server. Certificates are judged by the server's own name all the same.
async fn through(tunnel: Tunnel, options: &Options) -> Result<Session, Failure> {
    let mut failure = None;
    for mode in modes(options) {
        let stream = tunnel.stream(&options.host, options.port).await?;
        match timeout(SIGN_IN, sign_in(stream, *mode, options)).await {
            Ok(Ok(session)) => return Ok(session.through(tunnel)),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => return Err(silent(options)),
        }
    }
    Err(failure.unwrap_or_else(|| silent(options)))
}

/// How the connection is protected, one after the other.
const fn modes(options: &Options) -> &'static [SslMode] {
    match options.tls {
        Tls::Disable => &[SslMode::Disable],
        // Plain first; encrypted when the server does not let anybody in who is not.
        Tls::Allow => &[SslMode::Disable, SslMode::Require],
        Tls::Prefer => &[SslMode::Prefer],
        Tls::Require | Tls::Verify { .. } => &[SslMode::Require],
    }
}

fn of_way(unreached: Unreached, options: &Options) -> Failure {
    let place = format!("{} on port {}", options.host, options.port);
    let words = match unreached {
        Unreached::Refused => format!(
            "{place} refused the connection: no server listens there, or a firewall turns it away. Check the port."
        ),
        Unreached::Silent => format!(
            "{place} did not answer. A firewall may be in between: allow the addresses Vestibule connects from."
        ),
    };
    // Host and port were entered, and the firewall is on their side.
    Failure::new(FailureReason::NotReachable, words).on(Turn::Giver)
}

fn silent(options: &Options) -> Failure {
    Failure::new(
        FailureReason::NotReachable,
        format!(
            "{} accepted the connection on port {} and then said nothing. Is it a PostgreSQL server?",
            options.host, options.port
        ),
    )
    .on(Turn::Giver)
}

/// No setting is sent along: a pooler keeps those it knows and refuses those it does not.
async fn sign_in<S>(stream: S, mode: SslMode, options: &Options) -> Result<Session, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut config = Config::new();
    config.user(&options.user).password(options.password.expose_secret()).dbname(&options.database).ssl_mode(mode);
    let mut maker = tls::connector(&options.tls)?;
    let secure = MakeTlsConnect::<S>::make_tls_connect(&mut maker, &options.host)
        .map_err(|_| Failure::new(FailureReason::Tls, "A secure connection cannot be made to a host of that name."))?;
    let words = |error: &Error| refusals::of_sign_in(error, options);
    let (client, connection) = config.connect_raw(stream, secure).await.map_err(|error| words(&error))?;
    Ok(Session::new(client, connection))
}
