//! Mail with account links, and sweeping up behind accounts.

use std::sync::Arc;

use askama::Template;

use super::links::{self, LinkRow, Purpose, SEALED_LINK_TOKENS};
use super::{Role, sessions, sign_in_provider, store};
use crate::base::crypto::{PlainToken, Sealed};
use crate::base::error::AppResult;
use crate::base::ids::AccountLinkId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::Mail;
use crate::platform::jobs::{Outcome, Registry, job};
use crate::platform::web::urls;

job!(
    /// Sends a one-use account link (an invitation, or a new password).
    AccountMail(AccountLinkId), "account_mail", send_account_mail
);

/// What accounts do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<AccountMail>()
}

#[derive(Template)]
#[template(path = "emails/invitation/subject.txt")]
struct InvitationSubject<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "emails/invitation/body.txt")]
struct InvitationText<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "emails/invitation/body.html")]
struct InvitationHtml<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "emails/password/subject.txt")]
struct PasswordSubject<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "emails/password/body.txt")]
struct PasswordText<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "emails/password/body.html")]
struct PasswordHtml<'a>(&'a Letter);

/// What the mails say.
struct Letter {
    workspace: String,
    inviter: String,
    to_name: String,
    role: Role,
    url: String,
    until: String,
}

impl Letter {
    fn mail(&self, link: &LinkRow) -> Result<Mail, askama::Error> {
        let (subject, text, html) = match link.purpose {
            Purpose::Join => {
                (InvitationSubject(self).render()?, InvitationText(self).render()?, InvitationHtml(self).render()?)
            }
            Purpose::Reset => {
                (PasswordSubject(self).render()?, PasswordText(self).render()?, PasswordHtml(self).render()?)
            }
        };
        Ok(Mail {
            to: link.email.clone(),
            to_name: self.to_name.clone(),
            subject: subject.trim().to_owned(),
            text,
            html,
        })
    }
}

/// Sends the mail that brings an account link. A link that opens nothing any more is not sent, and a second try after the mail went
/// out sends nothing: the sealed token is forgotten then.
///
/// # Errors
/// The database cannot be asked, or the token does not open.
async fn send_account_mail(app: &Arc<App>, id: AccountLinkId) -> AppResult<Outcome> {
    let key = id.clone();
    let Some((link, mut letter)) = app.db.read(move |conn| letter(conn, &key)).await? else { return Ok(Outcome::Done) };
    let sealed = link.sealed_token.clone().filter(|_| link.times().state(app.clock.now()).is_open());
    let Some(sealed) = sealed else { return Ok(Outcome::Done) };
    let token = app.keys.open(&Sealed::from_bytes(sealed), SEALED_LINK_TOKENS.at(&link.id, &link.workspace_id))?;
    let token = PlainToken::presented(&String::from_utf8_lossy(&token));
    letter.url = app.config.server.base_url.join(&urls::account_link(&token));
    if let Err(error) = app.mailer.send(letter.mail(&link)?).await {
        return Ok(Outcome::Retry { reason: error.to_string() });
    }
    app.db.write(move |conn| Ok(links::drop_token(conn, &id)?)).await?;
    Ok(Outcome::Done)
}

fn letter(conn: &mut Conn, id: &AccountLinkId) -> AppResult<Option<(LinkRow, Letter)>> {
    let Some(link) = links::find(conn, id)? else { return Ok(None) };
    let workspace = store::find_workspace(conn, &link.workspace_id)?;
    let mut name_of = |id: &Option<crate::base::ids::MemberId>| -> AppResult<String> {
        let member = id.as_ref().map(|id| store::find_member(conn, id)).transpose()?.flatten();
        Ok(member.map(|member| member.name).unwrap_or_default())
    };
    let letter = Letter {
        workspace: workspace.map(|workspace| workspace.name).unwrap_or_default(),
        inviter: name_of(&link.created_by)?,
        to_name: name_of(&link.member_id)?,
        role: link.role,
        url: String::new(),
        until: link.expires_at.words(),
    };
    Ok(Some((link, letter)))
}

/// Deletes sessions that are over, and forgets sealed tokens of account links that open nothing any more and who never came back from
/// a sign-in provider.
///
/// # Errors
/// The database cannot be asked.
pub async fn sweep(app: &App) -> AppResult<()> {
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            sessions::delete_expired(conn, now)?;
            links::drop_dead_tokens(conn, now)?;
            sign_in_provider::delete_expired_attempts(conn, now)?;
            Ok(())
        })
        .await
}
