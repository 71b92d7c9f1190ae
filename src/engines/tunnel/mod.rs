//! A way to a server that only a jump server can reach: SSH (RFC 4251 to 4254), one channel to the server behind (`direct-tcpip`).
//!
//! Invariants: the jump server's own address is judged like every address that a person gave, a moment before it is connected to. The name of
//! the server behind it is looked up by the jump server, in its own network: an address there is none of ours, so private ones are fine, and
//! what may be reached from the jump server is the matter of whoever runs it. A host key that is known is asked for again, and another one
//! ends the way before anything secret is said. What was opened ends with whoever holds it.

mod contact;
mod host_key;
mod key;
mod line;
mod options;
mod sign_in;
mod words;

use std::sync::Arc;
use std::time::Duration;

use russh::ChannelStream;
use russh::client::{self, Handle, Msg};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(super) use contact::JumpContact;
pub use host_key::HostKey;
pub(super) use options::TunnelOptions;
pub use options::jump_server_of;

use super::hosts::Hosts;
use super::mask::Masks;
use super::reach::reach;
use super::run::EventSink;
use super::{ConnectorEvent, EventSender, Failure};
use host_key::{HostKeyWatch, preferred};
use line::JumpLine;

/// The protocol's first messages, the host key among them.
const GREETING: Duration = Duration::from_secs(30);
/// From the jump server to the server behind it.
const BEHIND: Duration = Duration::from_secs(30);
/// An idle way is asked this often whether it still stands; one that says nothing for so long is over.
const ALIVE: Duration = Duration::from_secs(20);
const GONE: Duration = Duration::from_secs(120);

/// The stream to the server behind.
pub(super) type TunnelStream = ChannelStream<Msg>;

/// An open way to a jump server; closed when it is dropped.
pub(super) struct Tunnel {
    handle: Handle<HostKeyWatch>,
    /// Where it leads, for words.
    host: String,
    /// The key the jump server has shown.
    pub(super) host_key: HostKey,
    /// While this is held the line is open.
    _open: oneshot::Sender<()>,
}

impl Tunnel {
    /// Connects to the jump server and signs in there. `known` is the host key it had the last time; another one is told to `sink`, and nothing
    /// more is said to whoever has it.
    ///
    /// # Errors
    /// Which step failed, and whose turn it is.
    pub(super) async fn open(
        hosts: &Hosts,
        options: &TunnelOptions,
        known: Option<&HostKey>,
        sink: &EventSink,
    ) -> Result<Self, Failure> {
        // A key that cannot be read is told before anybody is called.
        let credential = options.credential()?;
        let addresses = hosts.addresses(&options.host, options.port).await.map_err(words::of_address)?;
        let stream = reach(&addresses).await.map_err(|unreached| words::of_way(unreached, options))?;
        let known = known.filter(|key| key.is_of(&options.host, options.port));
        let (line, open) = JumpLine::new(stream);
        let watch = HostKeyWatch::new(options, known);
        let seen = watch.seen();
        let config = Arc::new(client::Config {
            preferred: preferred(known),
            keepalive_interval: Some(ALIVE),
            inactivity_timeout: Some(GONE),
            ..client::Config::default()
        });
        let greeted = timeout(GREETING, client::connect_stream(config, line, watch)).await;
        let mut handle = match greeted {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => {
                if let (Some(_), Some(other)) = (known, seen.get().filter(|seen| Some(*seen) != known)) {
                    sink.send(ConnectorEvent::HostKey(other.clone())).await?;
                }
                return Err(words::of_greeting(&error, options, known, seen.get()));
            }
            Err(_) => return Err(words::silent(options)),
        };
        let Some(host_key) = seen.get().cloned() else { return Err(words::silent(options)) };
        sign_in::sign_in(&mut handle, options, credential).await?;
        Ok(Self { handle, host: options.host.clone(), host_key, _open: open })
    }

    /// The same where nobody listens: a host key that is not the known one is left with the contact, as soon as the server behind was reached
    /// or the key was refused.
    ///
    /// # Errors
    /// As [`Tunnel::open`].
    pub(super) async fn open_unheard(
        hosts: &Hosts,
        options: &TunnelOptions,
        contact: &JumpContact,
    ) -> Result<Self, Failure> {
        let (events, mut heard) = EventSender::channel();
        let sink = EventSink::new(events, Masks::new(&[]));
        let opened = Self::open(hosts, options, contact.known(), &sink).await;
        drop(sink);
        while let Some(event) = heard.recv().await {
            if let ConnectorEvent::HostKey(other) = event {
                contact.note(&other);
            }
        }
        opened
    }

    /// A stream to a server behind the jump server, which looks its name up.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn stream(&self, host: &str, port: u16) -> Result<TunnelStream, Failure> {
        // Who asks the jump server is told to it, and it is nobody's matter there.
        let opened = self.handle.channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
        match timeout(BEHIND, opened).await {
            Ok(Ok(channel)) => Ok(channel.into_stream()),
            Ok(Err(error)) => Err(words::of_behind(&error, &self.host, host, port)),
            Err(_) => Err(words::silent_behind(&self.host, host, port)),
        }
    }
}
