//! The list of invite links: what it is narrowed to, what it is sorted by, and where a page begins. A cursor names the last row that
//! was seen with what it is sorted by, so rows that come meanwhile make no other row appear twice or be left out.

mod store;

pub use store::{names, open_of, page, rows};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::clock::UtcTime;
use crate::base::ids::InviteLinkId;
use crate::base::text_column::text_enum;
use crate::connectors::Kind;

text_enum! {
    /// What the list is sorted by.
    #[derive(Default)]
    pub enum Sort {
        /// The newest first.
        #[default]
        Newest = "" => "Newest first",
        /// By name.
        Name = "name" => "Name",
        /// Those that end first.
        Ending = "ending" => "Ending first",
        /// Those that were used last.
        LastUse = "used" => "Last used",
        /// Those with the most connections.
        Connections = "connections" => "Most connections",
    }
}

text_enum! {
    /// The states one can filter by.
    pub enum InviteStateFilter {
        /// Those that open.
        Active = "active" => "Active",
        /// One-use ones that were used, and those that are full.
        Used = "used" => "Used or full",
        /// Those whose time ran out.
        Expired = "expired" => "Expired",
        /// Deleted ones.
        Deleted = "deleted" => "Deleted",
    }
}

/// Which links a list shows. Deleted ones are shown only when they are asked for.
#[derive(Debug, Clone, Default)]
pub struct InviteLinkFilter {
    /// Words the name or the connector must have, each from its beginning.
    pub query: String,
    /// Only these.
    pub state: Option<InviteStateFilter>,
    /// Only sources, or only destinations.
    pub kind: Option<Kind>,
    /// Only those of this connector.
    pub connector: Option<String>,
}

/// The order of a list, and the row it goes on after.
#[derive(Debug, Clone, Default)]
pub struct ListOrder {
    /// What it is sorted by.
    pub sort: Sort,
    /// The last row that was seen.
    pub after: Option<InviteLinkCursor>,
}

/// The last row that was seen: what it is sorted by, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteLinkCursor {
    key: Key,
    id: InviteLinkId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Newest,
    Name(Vec<u8>),
    Time(UtcTime),
    Count(i32),
}

impl InviteLinkCursor {
    /// The cursor after a row.
    pub fn after(sort: Sort, row: &super::InviteLink) -> Self {
        let key = match sort {
            Sort::Newest => Key::Newest,
            Sort::Name => Key::Name(row.name.to_lowercase().into_bytes()),
            Sort::Ending => Key::Time(row.ends_at()),
            Sort::LastUse => Key::Time(row.active_at),
            Sort::Connections => Key::Count(row.connection_count),
        };
        Self { key, id: row.id.clone() }
    }

    /// As a query parameter.
    pub fn text(&self) -> String {
        let key = match &self.key {
            Key::Newest => String::new(),
            Key::Name(bytes) => URL_SAFE_NO_PAD.encode(bytes),
            Key::Time(at) => (at.as_offset().unix_timestamp_nanos() / 1_000).to_string(),
            Key::Count(count) => count.to_string(),
        };
        format!("{}~{key}", self.id)
    }

    /// Reads a cursor that [`InviteLinkCursor::text`] wrote for this order.
    pub fn parse(sort: Sort, text: &str) -> Option<Self> {
        let (id, key) = text.split_once('~')?;
        let key = match sort {
            Sort::Newest => Key::Newest,
            Sort::Name => Key::Name(URL_SAFE_NO_PAD.decode(key).ok()?),
            Sort::Ending | Sort::LastUse => {
                let nanos = key.parse::<i128>().ok()?.checked_mul(1_000)?;
                Key::Time(UtcTime::new(time::OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?))
            }
            Sort::Connections => Key::Count(key.parse().ok()?),
        };
        Some(Self { key, id: InviteLinkId::from_text(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_itself() {
        let id = InviteLinkId::from_text("0190-x");
        for (sort, key) in [
            (Sort::Newest, Key::Newest),
            (Sort::Name, Key::Name("zürich ~ 1".as_bytes().to_vec())),
            (Sort::Ending, Key::Time(UtcTime::from_unix(1_700_000_000).unwrap())),
            (Sort::Connections, Key::Count(7)),
        ] {
            let cursor = InviteLinkCursor { key, id: id.clone() };
            assert_eq!(InviteLinkCursor::parse(sort, &cursor.text()), Some(cursor));
        }
        assert_eq!(InviteLinkCursor::parse(Sort::Ending, "x~soon"), None);
        assert_eq!(InviteLinkCursor::parse(Sort::Newest, "nonsense"), None);
    }
}
