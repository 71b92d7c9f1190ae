//! The way to the server, and signing in.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, Error};

use super::options::{Options, Tls};
use super::session::Session;
use super::{refusals, tls};
use crate::engines::hosts::Hosts;
use crate::engines::run::EventSink;
use crate::engines::{Failure, FailureReason, Level, Turn};

/// One address may take this long to answer before the next one is tried.
const CONNECT: Duration = Duration::from_secs(10);
/// The sign-in, the secure connection included.
const SIGN_IN: Duration = Duration::from_secs(30);
/// Connects and signs in to read, and says so.
pub(super) async fn connect(hosts: &Hosts, options: &Options, sink: &EventSink) -> Result<Session, Failure> {
    sink.progress("Connecting to the server").await?;
    let session = open(hosts, options).await?;
    sink.log(Level::Info, &format!("Signed in as {}.", options.user)).await?;
    Ok(session)
}

pub(super) async fn open(hosts: &Hosts, options: &Options) -> Result<Session, Failure> {
    let addresses = hosts.database(&options.host, options.port, &options.database).await?;
    let modes: &[SslMode] = match options.tls {
        Tls::Disable => &[SslMode::Disable],
        // Plain first; encrypted when the server does not let anybody in who is not.
        Tls::Allow => &[SslMode::Disable, SslMode::Require],
        Tls::Prefer => &[SslMode::Prefer],
        Tls::Require | Tls::Verify { .. } => &[SslMode::Require],
    };
    let mut failure = None;
    for mode in modes {
        let stream = reach(&addresses, options).await?;
        match timeout(SIGN_IN, sign_in(stream, *mode, options)).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => return Err(silent(options)),
        }
    }
    Err(failure.unwrap_or_else(|| silent(options)))
}

async fn reach(addresses: &[SocketAddr], options: &Options) -> Result<TcpStream, Failure> {
    let place = format!("{} on port {}", options.host, options.port);
    let mut refused = false;
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A lost hint only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => refused |= error.kind() == std::io::ErrorKind::ConnectionRefused,
            Err(_) => {}
        }
    }
    // Host and port were entered, and the firewall is on their side.
    let failure = if refused {
        Failure::new(
            FailureReason::NotReachable,
            format!(
                "{place} refused the connection: no server listens there, or a firewall turns it away. Check the port."
            ),
        )
    } else {
        Failure::new(
            FailureReason::NotReachable,
            format!(
                "{place} did not answer. A firewall may be in between: allow the addresses Vestibule connects from."
            ),
        )
    };
    Err(failure.on(Turn::Giver))
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
async fn sign_in(stream: TcpStream, mode: SslMode, options: &Options) -> Result<Session, Failure> {
    let mut config = Config::new();
    config.user(&options.user).password(options.password.expose_secret()).dbname(&options.database).ssl_mode(mode);
    let mut maker = tls::connector(&options.tls)?;
    let secure = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, &options.host)
        .map_err(|_| Failure::new(FailureReason::Tls, "A secure connection cannot be made to a host of that name."))?;
    let words = |error: &Error| refusals::of_sign_in(error, options);
    let (client, connection) = config.connect_raw(stream, secure).await.map_err(|error| words(&error))?;
    Ok(Session::new(client, connection))
}
