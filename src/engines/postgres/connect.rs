//! One session with the server.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error};

use super::options::{Options, Tls};
use super::{refusals, tls};
use crate::engines::hosts::Hosts;
use crate::engines::run::EventSink;
use crate::engines::{Failure, FailureReason, Level};

/// One address may take this long to answer before the next one is tried.
const CONNECT: Duration = Duration::from_secs(10);
/// The sign-in, the secure connection included.
const SIGN_IN: Duration = Duration::from_secs(30);
/// What makes texts of values the same everywhere.
const SESSION: &str = "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'; \
     SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1; \
     SET standard_conforming_strings = on; SET statement_timeout = 0; SET search_path = pg_catalog";

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionPurpose {
    /// It can change nothing.
    Read,
    /// It fills tables, and does not wait for ever for somebody who holds one.
    Write,
}

impl SessionPurpose {
    const fn settings(self) -> &'static str {
        match self {
            Self::Read => "SET default_transaction_read_only = on",
            Self::Write => "SET lock_timeout = '60s'; SET client_min_messages = error",
        }
    }
}

/// An open session; closed when it is dropped.
pub(super) struct Session {
    pub(super) client: Client,
    connection: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Connects and signs in to read, and says so.
pub(super) async fn connect(hosts: &Hosts, options: &Options, sink: &EventSink) -> Result<Session, Failure> {
    sink.progress("Connecting to the server").await?;
    let session = open(hosts, options, SessionPurpose::Read).await?;
    sink.log(Level::Info, &format!("Signed in as {}.", options.user)).await?;
    Ok(session)
}

/// Connects and signs in.
pub(super) async fn open(hosts: &Hosts, options: &Options, purpose: SessionPurpose) -> Result<Session, Failure> {
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
        match timeout(SIGN_IN, sign_in(stream, (*mode, purpose), options)).await {
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
    Err(if refused {
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
    })
}

fn silent(options: &Options) -> Failure {
    Failure::new(
        FailureReason::NotReachable,
        format!(
            "{} accepted the connection on port {} and then said nothing. Is it a PostgreSQL server?",
            options.host, options.port
        ),
    )
}

async fn sign_in(
    stream: TcpStream,
    (mode, purpose): (SslMode, SessionPurpose),
    options: &Options,
) -> Result<Session, Failure> {
    let mut config = Config::new();
    config
        .user(&options.user)
        .password(&options.password)
        .dbname(&options.database)
        .application_name("vestibule")
        .ssl_mode(mode);
    let mut maker = tls::connector(&options.tls)?;
    let secure = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, &options.host)
        .map_err(|_| Failure::new(FailureReason::Tls, "A secure connection cannot be made to a host of that name."))?;
    let words = |error: &Error| refusals::of_sign_in(error, options);
    let (client, connection) = config.connect_raw(stream, secure).await.map_err(|error| words(&error))?;
    let connection = tokio::spawn(async move {
        // What ends the connection is told to whoever waits for an answer.
        let _ = connection.await;
    });
    let session = Session { client, connection };
    session.client.batch_execute(SESSION).await.map_err(|error| words(&error))?;
    session.client.batch_execute(purpose.settings()).await.map_err(|error| words(&error))?;
    Ok(session)
}
