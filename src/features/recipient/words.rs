//! What every page for a recipient shows: who asks, since when and until when, and how much is still to be mended.

use crate::base::clock::{UTC, UtcTime, ZONES};
use crate::features::accounts::{MemberCard, WorkspaceCard};

/// A moment for people and machines.
#[derive(Debug, Clone)]
pub struct When {
    /// RFC 3339.
    pub iso: String,
    /// "Saturday 14 March 2026, 15:30 UTC".
    pub words: String,
}

impl From<UtcTime> for When {
    fn from(at: UtcTime) -> Self {
        Self { iso: at.iso(), words: at.words() }
    }
}

impl When {
    /// A moment in the words of a zone.
    pub fn in_zone(at: UtcTime, zone: &str) -> Self {
        Self { iso: at.iso(), words: at.words_in(zone) }
    }
}

/// The zones somebody chooses from, and the one that is chosen.
#[derive(Debug, Clone)]
pub struct ZoneChoice(String);

impl ZoneChoice {
    /// With this one chosen; UTC when it is empty.
    pub fn of(chosen: &str) -> Self {
        Self(if chosen.is_empty() { UTC } else { chosen }.to_owned())
    }

    /// All of them.
    pub fn all(&self) -> &'static [String] {
        &ZONES
    }

    /// Whether a zone is the chosen one.
    pub fn is_chosen(&self, zone: &str) -> bool {
        self.0 == zone
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Name, or the workspace's when a program made the link.
    pub name: String,
    /// Mail address, possibly empty.
    pub email: String,
    /// What the workspace says about whom to ask, possibly empty.
    pub contact: String,
}

impl Asker {
    /// The member who made a link, or the workspace itself.
    pub fn of(member: Option<&MemberCard>, workspace: &WorkspaceCard) -> Self {
        let contact = workspace.contact.clone();
        match member {
            Some(MemberCard { name, email, .. }) => Self { name: name.clone(), email: email.clone(), contact },
            None => Self { name: workspace.name.clone(), email: String::new(), contact },
        }
    }
}

/// Heading of what is wrong with a send; `only_missing` when nothing is wrong but gaps.
pub fn problems_title(count: usize, only_missing: bool) -> String {
    match (count, only_missing) {
        (1, true) => "1 answer is missing".to_owned(),
        (_, true) => format!("{count} answers are missing"),
        (1, false) => "1 answer needs attention".to_owned(),
        (_, false) => format!("{count} answers need attention"),
    }
}
