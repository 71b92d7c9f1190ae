//! Mail with account links, and sweeping up behind accounts.

use std::sync::Arc;

use super::links::{self, AccountLinkPurpose, AccountLinkRow, SEALED_LINK_TOKENS};
use super::{MemberCard, Role, sessions, sign_in_provider, store};
use crate::base::crypto::{PlainToken, Sealed};
use crate::base::error::AppResult;
use crate::base::ids::AccountLinkId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::{EmailContext, EmailMessage, email_templates};
use crate::platform::jobs::{Outcome, Registry, job, send_emails};
use crate::platform::web::{counted_tries, urls};

job!(
    /// Sends a one-use account link (an invitation, or a new password).
    AccountMail(AccountLinkId), "account_mail", send_account_mail
);

/// What accounts do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<AccountMail>()
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
}

fn email(link: &AccountLinkRow, names: LinkNames, url: String) -> AppResult<EmailMessage> {
    let LinkNames { workspace, inviter, receiver } = names;
    let until = link.expires_at.words();
    match link.purpose {
        AccountLinkPurpose::Join => {
            let context = InvitationEmail { workspace, inviter, role: link.role, url, until };
            EmailMessage::from_template(&link.email, &receiver, &context)
        }
        AccountLinkPurpose::Reset => {
            EmailMessage::from_template(&link.email, &receiver, &PasswordEmail { workspace, url, until })
        }
    }
}

/// Sends the same mail to each of them.
///
/// # Errors
/// A template cannot be rendered; a mail that is not taken is a retry, no error.
pub async fn email_members(app: &App, members: &[MemberCard], context: &impl EmailContext) -> AppResult<Outcome> {
    let message = |member: &MemberCard| EmailMessage::from_template(&member.email, &member.name, context);
    let messages = members.iter().map(message).collect::<AppResult<_>>()?;
    Ok(send_emails(&app.mailer, messages).await)
}

/// Sends the mail that brings an account link. A link that opens nothing any more is not sent, and a second try after the mail went
/// out sends nothing: the sealed token is forgotten then.
///
/// # Errors
/// The database cannot be asked, or the token does not open.
async fn send_account_mail(app: &Arc<App>, id: AccountLinkId) -> AppResult<Outcome> {
    let key = id.clone();
    let Some((link, names)) = app.db.read(move |conn| names(conn, &key)).await? else { return Ok(Outcome::Done) };
    let sealed = link.sealed_token.clone().filter(|_| link.times().state(app.clock.now()).is_open());
    let Some(sealed) = sealed else { return Ok(Outcome::Done) };
    let token = app.keys.open(&Sealed::from_bytes(sealed), SEALED_LINK_TOKENS.at(&link.id, &link.workspace_id))?;
    let token = PlainToken::presented(&String::from_utf8_lossy(&token));
    let url = app.config.server.base_url.join(&urls::account_link(&token));
    let outcome = send_emails(&app.mailer, vec![email(&link, names, url)?]).await;
    if outcome != Outcome::Done {
        return Ok(outcome);
    }
    app.db.write(move |conn| Ok(links::drop_token(conn, &id)?)).await?;
    Ok(Outcome::Done)
}

fn names(conn: &mut Conn, id: &AccountLinkId) -> AppResult<Option<(AccountLinkRow, LinkNames)>> {
    let Some(link) = links::find(conn, id)? else { return Ok(None) };
    let workspace = store::find_workspace(conn, &link.workspace_id)?;
    let mut name_of = |id: &Option<crate::base::ids::MemberId>| -> AppResult<String> {
        let member = id.as_ref().map(|id| store::find_member(conn, id)).transpose()?.flatten();
        Ok(member.map(|member| member.name).unwrap_or_default())
    };
    let names = LinkNames {
        workspace: workspace.map(|workspace| workspace.name).unwrap_or_default(),
        inviter: name_of(&link.created_by)?,
        receiver: name_of(&link.member_id)?,
    };
    Ok(Some((link, names)))
}

/// Deletes sessions and counts of tries that are over, and forgets sealed tokens of account links that open nothing any more and who never came back from
/// a sign-in provider.
///
/// # Errors
/// The database cannot be asked.
pub async fn sweep(app: &App) -> AppResult<()> {
    app.write(|tx| {
        sessions::delete_expired(tx.conn, tx.now)?;
        links::drop_dead_tokens(tx.conn, tx.now)?;
        sign_in_provider::delete_expired_attempts(tx.conn, tx.now)?;
        counted_tries::sweep(tx.conn, tx.now)?;
        Ok(())
    })
    .await
}
