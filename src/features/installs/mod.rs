//! Installing, upgrading and removing connectors as people ask for it on a connector's page; `catalogue/installing` does it.
//!
//! Why a row of its own: an installation takes minutes, people leave the page, servers are killed. So it waits in a table, a worker holds
//! it with a beat, what is going on is written down, and how the last one ended stays to be read.
//!
//! Invariants: what is installed runs on the server, so only an owner of the instance who signed in a moment ago asks for it, where the
//! operator has switched it on; it lands in the data folder of the server that was asked, and only processes that work in that folder take
//! it; of a connector one goes on at a time, and who asks again meanwhile gets the one that goes on; one whose server died is taken up
//! again, and ends with words when that happens again.

mod ask;
mod deed;
mod store;
mod worker;

pub use ask::{ask, last, may_be_asked};
pub use store::ConnectorInstall;
pub use worker::{run_due, run_until};

use crate::base::text_column::text_enum;

text_enum! {
    /// What is asked for.
    pub enum InstallAct {
        /// What is not here, or is broken.
        Install = "install" => "Install",
        /// The newest version of its range.
        Upgrade = "upgrade" => "Upgrade",
        /// It goes, with its environment when nothing else uses that.
        Remove = "remove" => "Remove",
    }
}

impl InstallAct {
    /// What it does while it goes on.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Install => "Installing",
            Self::Upgrade => "Upgrading",
            Self::Remove => "Removing",
        }
    }

    /// What that means, for whoever watches.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Install | Self::Upgrade => {
                "It downloads the package and everything it needs, asks it for its settings, and then it is there. Usually one to five minutes. You can leave this page."
            }
            Self::Remove => "Usually a few seconds. You can leave this page.",
        }
    }

    /// What became of it when it failed.
    pub fn undone(self) -> &'static str {
        match self {
            Self::Install => "Not installed",
            Self::Upgrade => "Not upgraded",
            Self::Remove => "Not removed",
        }
    }
}

/// A worker that died leaves it to another so often; then it ends.
const MOST_TRIES: i32 = 2;
/// Most characters of what is written down of a tool's words.
const LONGEST_STEP: usize = 200;
const LONGEST_DETAIL: usize = 4_000;
