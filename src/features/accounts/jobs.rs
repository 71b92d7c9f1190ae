//! Mail with account links, and sweeping up behind accounts.

use super::links::{self, AccountLinkPurpose, AccountLinkRow, SEALED_LINK_TOKENS};
use super::{MemberCard, Role, sessions, sign_in_provider, store};
use crate::base::crypto::{PlainToken, Sealed};
use crate::base::error::AppResult;
use crate::base::ids::AccountLinkId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::{EmailContext, ReplyTo, email_templates};
use crate::platform::jobs::{Job, Lane, MailJob, MailReceiver, PreparedMail, Registry};
use crate::platform::tx::Tx;
use crate::platform::web::{counted_tries, slowed_tries, urls};

/// Sends a one-use account link (an invitation, or a new password).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMail(pub AccountLinkId);

impl Job for AccountMail {
    const KINDS: &'static [&'static str] = &["account_mail"];
    const LANE: Lane = Lane::UrgentMail;

    fn kind(&self) -> &'static str {
        "account_mail"
    }

    fn payload(&self) -> &str {
        self.0.as_str()
    }

    fn read(_: &str, payload: &str) -> Option<Self> {
        Some(Self(AccountLinkId::from_text(payload)))
    }
}

impl MailJob for AccountMail {
    /// A link that opens nothing any more is not sent, and after the mail went out there is nothing to send: the sealed token is
    /// forgotten then.
    fn prepare(&self, app: &App, conn: &mut Conn) -> AppResult<Option<PreparedMail>> {
        let Some((link, names)) = names(conn, &self.0)? else { return Ok(None) };
        let is_open = link.times().state(app.clock.now()).is_open() && links::stands(conn, &link)?;
        let sealed = link.sealed_token.clone().filter(|_| is_open);
        let Some(sealed) = sealed else { return Ok(None) };
        let token = app.keys.open(&Sealed::from_bytes(sealed), SEALED_LINK_TOKENS.at(&link.id, &link.workspace_id))?;
        let token = PlainToken::presented(&String::from_utf8_lossy(&token));
        let url = app.config.server.base_url.join(&urls::account_link(&token));
        let receiver =
            MailReceiver { key: link.id.to_string(), name: names.receiver.clone(), email: link.email.clone() };
        Ok(Some(PreparedMail {
            workspace: link.workspace_id.clone(),
            receivers: vec![receiver],
            reply_to: names.reply_to.clone(),
            context: context(&link, names, url),
        }))
    }

    fn taken(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        Ok(links::drop_token(tx.conn, &self.0)?)
    }
}

/// What accounts do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with_mail::<AccountMail>()
}

email_templates!(
    InvitationEmail,
    "emails/invitation/subject.txt",
    "emails/invitation/body.txt",
    "emails/invitation/body.html"
);

email_templates!(PasswordEmail, "emails/password/subject.txt", "emails/password/body.txt", "emails/password/body.html");

/// Brings an invitation.
struct InvitationEmail {
    workspace: String,
    inviter: String,
    role: Role,
    url: String,
    until: String,
}

/// Brings a link to choose a new password.
struct PasswordEmail {
    workspace: String,
    url: String,
    until: String,
}

/// Who and where an account link speaks of.
struct LinkNames {
    workspace: String,
    inviter: String,
    receiver: String,
    /// Whoever asks by an invitation, as long as they are a member.
    reply_to: Option<ReplyTo>,
}

fn context(link: &AccountLinkRow, names: LinkNames, url: String) -> Box<dyn EmailContext + Send + Sync> {
    let LinkNames { workspace, inviter, .. } = names;
    let until = link.expires_at.words();
    match link.purpose {
        AccountLinkPurpose::Join => Box::new(InvitationEmail { workspace, inviter, role: link.role, url, until }),
        AccountLinkPurpose::Reset => Box::new(PasswordEmail { workspace, url, until }),
    }
}

/// Members as those a mail goes to.
pub fn receivers(members: Vec<MemberCard>) -> Vec<MailReceiver> {
    let receiver = |MemberCard { id, name, email }| MailReceiver { key: id.to_string(), name, email };
    members.into_iter().map(receiver).collect()
}

fn names(conn: &mut Conn, id: &AccountLinkId) -> AppResult<Option<(AccountLinkRow, LinkNames)>> {
    let Some(link) = links::find(conn, id)? else { return Ok(None) };
    let workspace = store::find_workspace(conn, &link.workspace_id)?;
    let mut name_of = |id: &Option<crate::base::ids::MemberId>| -> AppResult<String> {
        let member = id.as_ref().map(|id| store::find_member(conn, id)).transpose()?.flatten();
        Ok(member.map(|member| member.name).unwrap_or_default())
    };
    let (inviter, receiver) = (name_of(&link.created_by)?, name_of(&link.member_id)?);
    let asker = link.created_by.as_ref().map(|id| store::living_member(conn, &link.workspace_id, id)).transpose()?;
    let names = LinkNames {
        workspace: workspace.map(|workspace| workspace.name).unwrap_or_default(),
        inviter,
        receiver,
        reply_to: asker.flatten().map(|MemberCard { name, email, .. }| ReplyTo { name, email }),
    };
    Ok(Some((link, names)))
}

/// Deletes sessions and counts of tries that are over, and forgets sealed tokens of account links that open nothing any more and who never came back from
/// a sign-in provider.
///
/// # Errors
/// The database cannot be asked.
pub async fn sweep(app: &App) -> AppResult<()> {
    let life = app.config.sign_in.session;
    app.write(move |tx| {
        sessions::delete_expired(tx.conn, life, tx.now)?;
        links::drop_dead_tokens(tx.conn, tx.now)?;
        sign_in_provider::delete_expired_attempts(tx.conn, tx.now)?;
        counted_tries::sweep(tx.conn, tx.now)?;
        slowed_tries::sweep(tx.conn, tx.now)?;
        Ok(())
    })
    .await
}
