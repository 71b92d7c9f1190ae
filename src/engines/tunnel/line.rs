//! The connection to the jump server, which ends when its owner goes, whatever the program that speaks over it is waiting for.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

pub(super) struct JumpLine {
    stream: TcpStream,
    owner: oneshot::Receiver<()>,
}

impl JumpLine {
    /// The line, and what keeps it open.
    pub(super) fn new(stream: TcpStream) -> (Self, oneshot::Sender<()>) {
        let (open, owner) = oneshot::channel();
        (Self { stream, owner }, open)
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        Pin::new(&mut self.owner).poll(context).is_ready()
    }
}

fn over() -> Error {
    Error::from(ErrorKind::ConnectionAborted)
}

impl AsyncRead for JumpLine {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        if self.is_over(context) {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for JumpLine {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.is_over(context) {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
