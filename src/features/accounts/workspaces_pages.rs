//! `/workspaces`: what somebody is a member of, and choosing one of it.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::fields::query_value;
use super::guard::SignedInPerson;
use super::memberships::{self, Membership, WayIn};
use super::sessions;
use super::sign_in_pages::local_path;
use crate::base::error::AppError;
use crate::base::ids::MemberId;
use crate::platform::app::App;
use crate::platform::email::MailSentence;
use crate::platform::web::csrf::{self, CsrfForm};
use crate::platform::web::page::{PageResult, page, see_other};
use crate::platform::web::urls;

/// What a button sends.
#[derive(Deserialize)]
pub struct ChooseForm {
    member: String,
    #[serde(default)]
    next: String,
}

struct WorkspaceChoice {
    member: String,
    name: String,
    role: &'static str,
    is_current: bool,
    entry: WayIn,
    /// Where to sign in with the workspace's provider.
    with_url: String,
}

#[derive(Template)]
#[template(path = "accounts/workspaces.html")]
struct WorkspacesPage {
    host: String,
    csrf: String,
    email: String,
    next: String,
    choices: Vec<WorkspaceChoice>,
    /// Whether the one that was open last is not among them any more.
    is_lost: bool,
    /// The workspace that has what they wanted to see, and the membership there.
    meant: Option<MeantWorkspace>,
    sign_in_url: String,
    invitations: &'static str,
    choose_password: &'static str,
}

/// The workspace that has what somebody wanted to see.
struct MeantWorkspace {
    name: String,
    member: String,
    is_open: bool,
}

impl WorkspacesPage {
    fn new(request: &HttpRequest, app: &App, person: SignedInPerson) -> Self {
        let next = local_path(&query_value(request, "next").unwrap_or_default()).to_owned();
        let SignedInPerson { session, memberships } = person;
        let choice = |one: Membership| WorkspaceChoice {
            entry: one.entry(session.by_password()),
            is_current: one.member_id == session.member_id,
            member: one.member_id.to_string(),
            role: one.role.words(),
            with_url: urls::sign_in_with(&one.workspace_slug),
            name: one.workspace_name,
        };
        let choices: Vec<WorkspaceChoice> = memberships.into_iter().map(choice).collect();
        let to = query_value(request, "to").unwrap_or_default();
        let meant = choices.iter().find(|one| one.member == to && !one.is_current).map(|one| MeantWorkspace {
            name: one.name.clone(),
            member: one.member.clone(),
            is_open: one.entry == WayIn::Open,
        });
        Self {
            meant,
            host: app.config.server.base_url.host(),
            csrf: csrf::token(request, app).map(|token| token.text).unwrap_or_default(),
            invitations: MailSentence::InvitationsCome.of(&app.config.mail),
            choose_password: MailSentence::ChoosePassword.of(&app.config.mail),
            is_lost: !choices.iter().any(|one| one.is_current),
            email: session.email,
            sign_in_url: urls::sign_in_again(&next),
            next,
            choices,
        }
    }
}

/// `GET /workspaces`
pub async fn show(request: HttpRequest, app: web::Data<App>, person: SignedInPerson) -> PageResult {
    page(&WorkspacesPage::new(&request, &app, person))
}

/// `POST /workspaces`: the session speaks for that membership from now on. What it opens is looked up in the transaction, and again at
/// every request after it.
pub async fn choose(app: web::Data<App>, person: SignedInPerson, form: CsrfForm<ChooseForm>) -> PageResult {
    let (session, member) = (person.session, MemberId::from_text(&form.value.member));
    let next = local_path(&form.value.next).to_owned();
    let opened = app.write(move |tx| {
        let all = memberships::list(tx.conn, &session.identity_id, Some(&session.id))?;
        let found = all.iter().find(|one| one.member_id == member).ok_or(AppError::NotFound)?;
        if found.entry(session.by_password()) != WayIn::Open {
            return Ok(false);
        }
        sessions::choose(tx.conn, &session.id, &found.workspace_id, &member)?;
        memberships::note_opened(tx.conn, &member, tx.now)?;
        Ok(true)
    });
    Ok(see_other(if opened.await? { &next } else { urls::WORKSPACES }))
}
