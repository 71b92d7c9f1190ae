//! A link that somebody outside opens, whatever its kind: what its guard, its form, its receipt and its dead page need to know of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::words::{Asker, When};
use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::error::AppResult;
use crate::base::ids::{MemberId, WorkspaceId};
use crate::connectors::{Connector, Kind};
use crate::features::accounts::{MemberCard, WorkspaceCard};
use crate::features::connections::Connection;
use crate::features::oauth::LinkKind;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::platform::web::frame::RecipientFrame;
use crate::schema::form::{Asks, KnownValues};

/// What kinds of links differ in before anything is sent.
pub trait RecipientLink: Clone + Send + Sync + 'static {
    /// Whether a submission makes connections of its own. Then whoever sends is asked whose they are, and each account they choose becomes
    /// one.
    const MAKES_CONNECTIONS: bool;
    /// Its kind, as sign-ins know it.
    const KIND: LinkKind;

    /// The link of that token, open or not.
    fn find_by_token(conn: &mut Conn, hash: &TokenHash) -> AppResult<Option<Self>>;

    /// The same link as it is now.
    fn reload(&self, conn: &mut Conn) -> AppResult<Option<Self>>;

    /// Whose it is, and what it connects.
    fn facts(&self) -> LinkFacts<'_>;

    /// Until when it is open at this moment.
    ///
    /// # Errors
    /// Why it does not open.
    fn open_until(&self, now: UtcTime) -> Result<UtcTime, Ended>;

    /// Writes down that its time ran out, if nobody did: what somebody saw expired stays so, whatever the clock does.
    ///
    /// # Errors
    /// The database refuses.
    fn note_expired(&self, tx: &mut Tx<'_>) -> AppResult<()>;

    /// What its page says of it.
    fn words(&self, workspace: &str, is_signed_in: bool) -> LinkWords;

    /// What is known of the answers before anything is typed, as a recipient may know it.
    fn known(&self) -> KnownValues {
        KnownValues::default()
    }

    /// The connection as it is now, where the link fills in one that exists.
    fn filled(&self) -> Option<&Connection> {
        None
    }

    /// What it asks for; `None` for everything.
    fn asks(&self) -> Option<&Asks> {
        None
    }

    /// Whether somebody only signs in again.
    fn is_reconnect(&self) -> bool {
        false
    }

    /// Whether what is typed may be tried out before it is sent.
    fn allows_test(&self) -> bool {
        false
    }
}

/// Whose a link is, and what it connects.
pub struct LinkFacts<'a> {
    /// Its id; unique among links of all kinds.
    pub id: &'a str,
    /// Whose it is.
    pub workspace: &'a WorkspaceId,
    /// Who made it; `None` when a program did.
    pub maker: Option<&'a MemberId>,
    /// The connector's kind.
    pub kind: Kind,
    /// The connector's name in addresses.
    pub connector_slug: &'a str,
}

/// What the page of a link says of it, beside the connector's questions.
#[derive(Debug, Clone, Default)]
pub struct LinkWords {
    /// What stands before the greeted name.
    pub hello: &'static str,
    /// Who is greeted, possibly nobody.
    pub greeted: String,
    /// What stands after the greeted name.
    pub stop: &'static str,
    /// What the asker wrote, possibly empty.
    pub note: String,
    /// Until when it is open, when it has an end.
    pub until: Option<When>,
    /// What sending does to the link; empty where the buttons say it.
    pub closing: String,
}

/// Why a link does not open, as its page says it.
#[derive(Debug, Clone)]
pub enum Ended {
    /// Its time ran out.
    Expired {
        /// When.
        at: When,
        /// Whether it is known that nothing was sent with it.
        unused: bool,
    },
    /// Something was sent with it.
    Used {
        /// When.
        at: When,
    },
    /// The same form was sent with it before, with something else in it.
    SentBefore {
        /// The link opens again.
        is_open: bool,
    },
    /// A member withdrew it before anything was sent with it.
    Withdrawn,
    /// A member deleted it; what came through it stays.
    Deleted,
    /// It has made as many connections as it may.
    Full,
    /// Its connection is finished and needs nothing more.
    Finished,
    /// Its draft was deleted.
    DraftDeleted,
    /// The installation was restored from a copy: nobody here knows what became of it since.
    Restored,
    /// What it connects is not installed here at the moment.
    NotInstalled,
}

/// A link that exists, open or not, with all its page may say.
pub struct KnownLink<L> {
    /// The link, as it was when the request came.
    pub link: L,
    /// Its connector; `None` when it was removed from this installation.
    pub connector: Option<Arc<Connector>>,
    /// The asking workspace.
    pub workspace: WorkspaceCard,
    /// Who asks; `None` when a program made the link.
    pub maker: Option<MemberCard>,
    /// The caller's address, for the limits.
    pub ip: IpAddr,
}

/// A link that is open right now.
pub struct OpenLink<L> {
    /// The link and all around it.
    pub known: KnownLink<L>,
    /// Its connector.
    pub connector: Arc<Connector>,
    /// Until when it is open.
    pub until: UtcTime,
}

impl<L: RecipientLink> KnownLink<L> {
    /// Who asks.
    pub fn asker(&self) -> Asker {
        Asker::of(self.maker.as_ref(), &self.workspace)
    }

    /// Around every page of the link.
    pub fn frame(&self, app: &App) -> RecipientFrame {
        RecipientFrame::new(&self.workspace.name, &self.workspace.accent, &app.config.server.base_url)
    }

    /// What the recipient's system is called in a sentence.
    pub fn system(&self) -> String {
        self.called(Connector::system)
    }

    /// What the connector is called.
    pub fn connector_name(&self) -> String {
        self.called(Connector::name)
    }

    fn called(&self, name: impl Fn(&Connector) -> &str) -> String {
        self.connector.as_deref().map_or(self.link.facts().connector_slug, |connector| name(connector)).to_owned()
    }
}
