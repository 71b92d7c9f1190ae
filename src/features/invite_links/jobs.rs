//! What runs later: notices to the member who made a link, and the sweep that notes what has expired.

use std::sync::Arc;

use super::store::{self, InviteLink};
use super::{make, submissions};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::InviteLinkId;
use crate::base::text_column::text_enum;
use crate::features::accounts;
use crate::features::recipient::When;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::email_templates;
use crate::platform::jobs::{Job, Lane, MailJob, PreparedMail, Registry};
use crate::platform::tx::Tx;
use crate::platform::web::urls;

/// Tells the member who made an invite link something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeMail(pub Notice, pub InviteLinkId);

impl Job for NoticeMail {
    const KINDS: &'static [&'static str] = &Notice::NAMES;
    const LANE: Lane = Lane::NoticeMail;

    fn kind(&self) -> &'static str {
        self.0.as_str()
    }

    fn payload(&self) -> &str {
        self.1.as_str()
    }

    fn read(kind: &str, payload: &str) -> Option<Self> {
        Some(Self(Notice::parse(kind)?, InviteLinkId::from_text(payload)))
    }
}

impl MailJob for NoticeMail {
    /// It goes to the member who made the link, or to the workspace's owners.
    fn prepare(&self, app: &App, conn: &mut Conn) -> AppResult<Option<PreparedMail>> {
        let Some(link) = store::find_by_id(conn, &self.1)? else { return Ok(None) };
        let members = accounts::member_or_owners(conn, link.created_by.as_ref(), &link.workspace_id)?;
        Ok(Some(PreparedMail {
            receivers: accounts::receivers(members),
            reply_to: None,
            context: Box::new(context(app, self.0, &link)),
            workspace: link.workspace_id,
        }))
    }
}

/// What invite links do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with_mail::<NoticeMail>()
}

const AT_ONCE: i64 = 100;
/// So long before its end somebody is told; a link that was made later than that is told half its life before.
const AHEAD: time::Duration = time::Duration::days(3);
/// So many submissions within [`BUSY_SPAN`] are unusual: a person passes a link on to people, not to crowds.
pub const BUSY: i64 = 20;
const BUSY_SPAN: time::Duration = time::Duration::hours(1);
/// Unusual use is told once in this time.
const BUSY_QUIET: time::Duration = time::Duration::days(1);

text_enum! {
    /// What a member is told about a link.
    pub enum Notice {
        /// It was used for the first time.
        FirstUse = "invite_first_use_mail",
        /// Something came through it and waits for approval.
        Waiting = "invite_waiting_mail",
        /// It is about to end.
        Ending = "invite_ending_mail",
        /// It is used unusually often.
        Busy = "invite_busy_mail",
    }
}

impl Notice {
    const NAMES: [&str; 4] =
        [Self::FirstUse.as_str(), Self::Waiting.as_str(), Self::Ending.as_str(), Self::Busy.as_str()];

    /// What happened, in a few words.
    fn heading(self) -> &'static str {
        match self {
            Self::FirstUse => "Invite link used for the first time",
            Self::Waiting => "A connection waits for you",
            Self::Ending => "Invite link is about to expire",
            Self::Busy => "Invite link is used unusually often",
        }
    }

    /// What the button says.
    fn button(self) -> &'static str {
        if self == Self::Waiting { "Accept or reject it" } else { "Open the invite link" }
    }

    /// What happened, in a sentence or two.
    fn text(self, link: &InviteLink) -> String {
        let name = &link.name;
        match self {
            Self::FirstUse => format!("Somebody used your invite link “{name}” for the first time."),
            Self::Waiting => format!(
                "Somebody added a connection with your invite link “{name}”. It waits until a member of the workspace accepts it."
            ),
            Self::Ending => format!(
                "Your invite link “{name}” ends on {}. After that nobody can use it. Change its expire date if you still need it.",
                link.expiry().words()
            ),
            Self::Busy => format!(
                "At least {BUSY} people used your invite link “{name}” within an hour. If you did not expect that, delete the link: \
                 its address stops working at once, and what came through it stays."
            ),
        }
    }
}

email_templates!(
    InviteLinkEmail,
    "emails/invite_link/subject.txt",
    "emails/invite_link/body.txt",
    "emails/invite_link/body.html"
);

/// What the member is told: never the link's address.
struct InviteLinkEmail {
    heading: &'static str,
    text: String,
    link: String,
    connector: String,
    connections: i32,
    last_used: Option<When>,
    url: String,
    button: &'static str,
}

/// Queues a notice; call it inside the transaction of the deed.
pub(super) fn queue(tx: &mut Tx<'_>, notice: Notice, link: &InviteLink) -> AppResult<()> {
    tx.enqueue(&NoticeMail(notice, link.id.clone()))
}

/// Queues a notice when a link is used unusually often.
pub(super) fn watch_use(tx: &mut Tx<'_>, link: &InviteLink) -> AppResult<()> {
    let lately = submissions::count_since(tx.conn, &link.id, tx.now - BUSY_SPAN)?;
    if lately >= BUSY && store::note_busy(tx.conn, &link.id, tx.now - BUSY_QUIET, tx.now)? {
        queue(tx, Notice::Busy, link)?;
    }
    Ok(())
}

fn context(app: &App, notice: Notice, link: &InviteLink) -> InviteLinkEmail {
    let connector = app.connectors.find(link.kind, &link.connector_slug);
    let path = if notice == Notice::Waiting { urls::inbox_of(&link.workspace_id) } else { urls::invite_link(&link.id) };
    InviteLinkEmail {
        heading: notice.heading(),
        text: notice.text(link),
        link: link.name.clone(),
        connector: connector.map_or_else(|| link.connector_slug.clone(), |connector| connector.name().to_owned()),
        connections: link.connection_count,
        last_used: link.last_used_at.map(When::from),
        url: app.config.server.base_url.join(&path),
        button: notice.button(),
    }
}

/// Writes down which links have expired, and queues notices about those that are about to.
///
/// # Errors
/// The database refuses.
pub async fn sweep(app: &Arc<App>) -> AppResult<()> {
    app.write(move |tx| {
        for link in store::newly_expired(tx.conn, tx.now, AT_ONCE)? {
            make::note_expired(tx, &link)?;
        }
        for link in store::ending(tx.conn, tx.now, tx.now + AHEAD, AT_ONCE)? {
            if is_due(&link, tx.now) && store::note_ending(tx.conn, &link.id, tx.now)? {
                queue(tx, Notice::Ending, &link)?;
            }
        }
        Ok(())
    })
    .await
}

/// Whether it is time to tell of a link's end: never sooner than after half its life.
fn is_due(link: &InviteLink, now: UtcTime) -> bool {
    let life = link.ends_at() - link.created_at;
    link.ends_at() - now <= AHEAD.min(life / 2)
}
