//! The first step to a server: one of its judged addresses has to answer.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// One address may take this long to answer before the next one is tried.
const CONNECT: Duration = Duration::from_secs(10);

/// Why nobody was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreached {
    /// Somebody said no.
    Refused,
    /// Nobody said anything.
    Silent,
}

/// Connects to the first address that answers.
pub(super) async fn reach(addresses: &[SocketAddr]) -> Result<TcpStream, Unreached> {
    let mut unreached = Unreached::Silent;
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A lost hint only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => unreached = Unreached::Refused,
            Ok(Err(_)) | Err(_) => {}
        }
    }
    Err(unreached)
}
