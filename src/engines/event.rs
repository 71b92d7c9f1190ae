//! What a connector tells while it works, and how it is told to stop.

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::HostKey;
use crate::base::text_column::text_enum;
use crate::schema::form::Submission;

text_enum! {
    /// How much a line of the log matters.
    #[derive(PartialOrd, Ord)]
    pub enum Level {
        /// For whoever mends connectors.
        Debug = "debug",
        /// What happens.
        Info = "info",
        /// Worth a look.
        Warn = "warn",
        /// What went wrong.
        Error = "error",
    }
}

/// Something a running connector tells. Texts hold no secret of the configuration any more.
pub enum ConnectorEvent {
    /// A line of the log, at most 4,000 characters.
    Log {
        /// How much it matters.
        level: Level,
        /// The line, possibly with line ends inside.
        text: String,
    },
    /// Some records, in the order they came.
    Records(Vec<Record>),
    /// Everything sent before this is covered by this state; it replaces every earlier one and is what the next
    /// incremental reading has to be given. Save it together with those records or not at all.
    State(Value),
    /// The connector changed its own configuration (a rotated refresh token, say); merge it into the connection. Only settings of
    /// the spec are in it, and only those that differ from what the connector was given.
    ConfigUpdate(Submission),
    /// The jump server of the SSH tunnel has shown this host key, which is not the one that was known. Where one was known for that server,
    /// the work ends with [`super::FailureReason::TunnelHostKeyChanged`]; where none was, the system behind it was reached.
    HostKey(HostKey),
    /// How far it is, in words for people: "Asking for the tables".
    Progress(String),
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which of the chosen streams: its place in the selection.
    pub stream: usize,
    /// The record: one JSON object in UTF-8 without any line end, its numbers exactly as the source wrote them.
    pub data: Vec<u8>,
}

/// Where events go. It holds few of them: a receiver that is slow slows the connector down.
#[derive(Clone)]
pub struct EventSender(mpsc::Sender<ConnectorEvent>);

/// The receiver went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NobodyListens;

impl EventSender {
    /// How many events may wait. A batch of records is about 256 kB or one record.
    const WAITING: usize = 4;

    /// A way for events, and where they come out. Once the receiver is dropped the connector is stopped.
    pub fn channel() -> (Self, mpsc::Receiver<ConnectorEvent>) {
        let (sender, receiver) = mpsc::channel(Self::WAITING);
        (Self(sender), receiver)
    }

    pub(super) async fn send(&self, event: ConnectorEvent) -> Result<(), NobodyListens> {
        self.0.send(event).await.map_err(|_| NobodyListens)
    }

    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

/// Tells a running connector to stop.
#[derive(Debug, Clone)]
pub struct Canceller(watch::Sender<bool>);

/// Learns that it shall stop. Clones learn it together.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

impl Canceller {
    /// A pair of teller and listener.
    pub fn new() -> (Self, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Cancel(receiver))
    }

    /// One more listener.
    pub fn listen(&self) -> Cancel {
        Cancel(self.0.subscribe())
    }

    /// From now on everything that holds the other end stops.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// One that is never told.
    pub fn never() -> Self {
        Canceller::new().1
    }

    /// Whether it was told already.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back when it is told; never when its teller is gone.
    pub async fn cancelled(&self) {
        if self.0.clone().wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}
