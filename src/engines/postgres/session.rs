//! What may be said to somebody else's server: transactions, and nothing that outlives them.
//!
//! Between this program and the server may be a pooler that gives its connections to others after every transaction. Whatever a session
//! keeps would be found by them: settings, prepared statements, temporary tables. So settings are `SET LOCAL`, statements have no name, and
//! [`Session::step`] ends what it begins.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Connection, CopyInSink, Error, Row, SimpleQueryStream};

use super::refusals;
use crate::engines::Failure;
use crate::engines::tunnel::Tunnel;

/// What makes texts of values the same everywhere, and lets a transaction take its time.
const SETTINGS: &str = "SET LOCAL application_name = 'vestibule'; SET LOCAL TIME ZONE 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; \
     SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; \
     SET LOCAL standard_conforming_strings = on; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = pg_catalog";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepPurpose {
    /// It can change nothing, and sees the database as it is at one moment.
    Read,
    /// It fills tables, and does not wait for ever for somebody who holds one.
    Write,
}

impl StepPurpose {
    /// The words that begin it.
    fn begin(self) -> String {
        let (begin, settings) = match self {
            Self::Read => ("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", ""),
            Self::Write => (
                "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE",
                "; SET LOCAL lock_timeout = '60s'; SET LOCAL client_min_messages = error",
            ),
        };
        format!("{begin}; {SETTINGS}{settings}")
    }
}

/// A value for a statement, and what it is there.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// An open session; closed when it is dropped.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    /// The way to the server, when it is not a direct one.
    tunnel: Option<Tunnel>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Session {
    pub(super) fn new<S, T>(client: Client, connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = tokio::spawn(async move {
            // What ends the connection is told to whoever waits for an answer.
            let _ = connection.await;
        });
        Self { client, connection, tunnel: None }
    }

    /// The same, with the way it was reached through: both end together.
    pub(super) fn through(self, tunnel: Tunnel) -> Self {
        let mut session = self;
        session.tunnel = Some(tunnel);
        session
    }

    /// Does something in a transaction that can only read.
    ///
    /// # Errors
    /// What the work says, or why there is no transaction.
    pub(super) async fn step<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let words = |error: Error| refusals::of_statement(&error);
        self.begin(StepPurpose::Read).await.map_err(words)?;
        let done = work.await;
        // After a failure the transaction has to be left too.
        let left = self.run(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
        let done = done?;
        left.map_err(words)?;
        Ok(done)
    }

    pub(super) async fn begin(&self, purpose: StepPurpose) -> Result<(), Error> {
        self.run(&purpose.begin()).await
    }

    pub(super) async fn run(&self, statements: &str) -> Result<(), Error> {
        self.client.batch_execute(statements).await
    }

    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        self.client.query_typed(sql, values).await
    }

    pub(super) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Result<Row, Error> {
        self.client.query_typed_one(sql, values).await
    }

    /// How many rows it was about.
    pub(super) async fn count(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Error> {
        self.client.execute_typed(sql, values).await
    }

    pub(super) async fn texts(&self, sql: &str) -> Result<SimpleQueryStream, Error> {
        self.client.simple_query_raw(sql).await
    }

    /// Only in a transaction: the client gives the statement a name, and takes it back at once.
    pub(super) async fn copy(&self, sql: &str) -> Result<CopyInSink<std::io::Cursor<Vec<u8>>>, Error> {
        self.client.copy_in(sql).await
    }

    /// Whether something that pools connections is in between: then the process that answers is not the one that was named when signing in.
    /// Only in a transaction.
    pub(super) async fn is_pooled(&self) -> Result<bool, Error> {
        let process: i32 = self.row("SELECT pg_backend_pid()", &[]).await?.get(0);
        Ok(self.named_process().await != Some(process))
    }

    /// The process that was named when signing in. The client shows it to nobody, but writes it into a request to cancel, which goes no
    /// further than here.
    async fn named_process(&self) -> Option<i32> {
        let (ours, theirs) = tokio::io::duplex(64);
        let token = self.client.cancel_token();
        let (_, process) = tokio::join!(token.cancel_query_raw(ours, Plain), process_of(theirs));
        process
    }
}

/// Reads a request to cancel: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.
async fn process_of(mut stream: DuplexStream) -> Option<i32> {
    const WANTS_TLS: i32 = 80_877_103;
    loop {
        let _length = stream.read_i32().await.ok()?;
        if stream.read_i32().await.ok()? == WANTS_TLS {
            stream.write_all(b"S").await.ok()?;
        } else {
            let process = stream.read_i32().await.ok()?;
            let _secret = stream.read_i32().await;
            return Some(process);
        }
    }
}

/// Takes the place of the secure connection inside this program.
struct Plain;

struct PlainStream(DuplexStream);

impl TlsConnect<DuplexStream> for Plain {
    type Stream = PlainStream;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<PlainStream, Self::Error>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        std::future::ready(Ok(PlainStream(stream)))
    }
}

impl TlsStream for PlainStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for PlainStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for PlainStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
