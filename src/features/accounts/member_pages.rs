//! `/settings/members`: who belongs to the workspace, who is invited, and who may do what.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::fields::{FormErrors, NoFields};
use super::former_members::{self, FormerMemberRow};
use super::guard::{Admin, OwnerOnly, SignedIn};
use super::invitations::{self, Invited, NewInvitation};
use super::links::{self, Invitation};
use super::store::{self, MemberRow};
use super::views::{FormChoice, MomentView, names_in_words, role_choices};
use super::{MemberCard, Role, sign_in_provider};
use crate::base::error::AppError;
use crate::base::ids::{AccountLinkId, MemberId};
use crate::platform::app::App;
use crate::platform::email::MailSentence;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

/// So many who left are listed; when some are forgotten, others follow.
const MOST_LEFT: i64 = 50;

/// What the invitation form sends.
#[derive(Deserialize)]
pub struct InviteForm {
    email: String,
    #[serde(default)]
    role: String,
}

struct MemberView {
    name: String,
    email: String,
    role: &'static str,
    since: MomentView,
    oneself: bool,
    url: String,
}

impl MemberView {
    fn new(row: MemberRow, reader: &SignedIn) -> Self {
        Self {
            oneself: row.id == reader.member_id,
            url: urls::member(&row.id),
            name: row.name,
            email: row.email,
            role: row.role.words(),
            since: row.created_at.into(),
        }
    }
}

/// Somebody who left.
struct LeftMemberView {
    name: String,
    email: String,
    removed: MomentView,
    erasure_url: String,
}

struct InvitationView {
    email: String,
    role: &'static str,
    inviter: String,
    sent: MomentView,
    until: MomentView,
    open: bool,
    /// Whoever sent it may still give its role.
    stands: bool,
    withdrawal_url: String,
}

/// A link that was just made, on the one page that shows it.
struct InvitationMadeView {
    email: String,
    why: &'static str,
    url: String,
    until: MomentView,
}

#[derive(Template)]
#[template(path = "accounts/settings/members.html")]
struct MembersPage {
    frame: OwnerFrame,
    tab: &'static str,
    errors: FormErrors,
    may_change: bool,
    ask: String,
    members: Vec<MemberView>,
    invitations: Vec<InvitationView>,
    email: String,
    roles: Vec<FormChoice>,
    made: Option<InvitationMadeView>,
    made_before: bool,
    /// Those who left; empty for who may not have them forgotten.
    left: Vec<LeftMemberView>,
}

#[derive(Template)]
#[template(path = "accounts/settings/member.html")]
struct MemberPage {
    frame: OwnerFrame,
    tab: &'static str,
    member: MemberView,
    /// The roles the reader may give; empty when this member is not for them to handle.
    roles: Vec<FormChoice>,
    ask: String,
    role_url: String,
    removal_url: String,
    /// When they were first and last recognised by the sign-in provider.
    known: Option<(MomentView, MomentView)>,
    /// Where to forget that; empty for who may not.
    forget_url: String,
}

/// `GET /settings/members`
pub async fn index(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    page(&members_page(&request, &app, &member).await?)
}

async fn members_page(request: &HttpRequest, app: &App, reader: &SignedIn) -> Result<MembersPage, AppError> {
    let (id, now) = (reader.workspace_id.clone(), app.clock.now());
    let may_erase = reader.role == Role::Owner;
    let (rows, invitations, left) = app
        .db
        .read(move |conn| {
            let left = if may_erase { former_members::list(conn, &id, MOST_LEFT)? } else { Vec::new() };
            Ok((store::list_members(conn, &id)?, links::pending_invitations(conn, &id, now)?, left))
        })
        .await?;
    let owners: Vec<MemberCard> =
        rows.iter().filter(|row| row.role == Role::Owner).cloned().map(MemberCard::from).collect();
    Ok(MembersPage {
        frame: reader.frame(request, app, "settings"),
        tab: urls::SETTINGS_MEMBERS,
        errors: FormErrors::default(),
        may_change: reader.role.may_administer(),
        ask: names_in_words(&owners),
        members: rows.into_iter().map(|row| MemberView::new(row, reader)).collect(),
        invitations: invitations.into_iter().map(|row| invitation_view(row, now)).collect(),
        email: String::new(),
        roles: role_choices(reader.role, Some(Role::Member)),
        made: None,
        made_before: false,
        left: left.into_iter().map(left_member_view).collect(),
    })
}

fn left_member_view(row: FormerMemberRow) -> LeftMemberView {
    LeftMemberView {
        erasure_url: urls::member_erasure(&row.id),
        removed: row.removed_at.unwrap_or(row.created_at).into(),
        name: row.name,
        email: row.email,
    }
}

fn invitation_view(row: Invitation, now: crate::base::clock::UtcTime) -> InvitationView {
    let (open, stands) = (row.is_open(now), row.stands());
    InvitationView {
        open,
        stands,
        email: row.email,
        withdrawal_url: urls::invitation_withdrawal(&row.id),
        role: row.role.words(),
        sent: row.created_at.into(),
        inviter: row.inviter.unwrap_or_default(),
        until: row.expires_at.into(),
    }
}

/// `POST /settings/members/invitations`: answers with the page that shows the link, this once.
pub async fn invite(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    form: CsrfForm<InviteForm>,
) -> PageResult {
    let mut errors = FormErrors::default();
    let email = errors.email("email", &form.value.email);
    let role = Role::parse(&form.value.role);
    if role.is_none() {
        errors.add("role-admin", "Choose a role");
    }
    let Some(role) = role.filter(|_| errors.is_empty() && !form.is_review) else {
        return refused(&request, &app, &member, form.value, errors).await;
    };
    let new = NewInvitation { nonce: form.token.nonce, email: email.clone(), role };
    let who = member.acting();
    let invited = app.write(move |tx| invitations::invite(tx, &who, &new)).await?;
    let (token, until) = match invited {
        Invited::Made { token, until } => (token, until),
        Invited::MadeBefore => {
            let view = members_page(&request, &app, &member).await?;
            return page(&MembersPage { made_before: true, ..view });
        }
        Invited::Resting { again } => {
            let again = again.words();
            errors.add(
                "email",
                format!(
                    "An invitation went to this address less than an hour ago. The next one can be sent from {again}"
                ),
            );
            return refused(&request, &app, &member, form.value, errors).await;
        }
        Invited::TooMany => {
            let most = invitations::MOST_A_DAY;
            errors.add(
                "email",
                format!(
                    "This workspace has made {most} invitations within a day, which is the most. Try again tomorrow"
                ),
            );
            return refused(&request, &app, &member, form.value, errors).await;
        }
        Invited::IsMember => {
            errors.add("email", "This address belongs to a member already");
            return refused(&request, &app, &member, form.value, errors).await;
        }
    };
    let url = app.config.server.base_url.join(&urls::account_link(&token));
    let view = members_page(&request, &app, &member).await?;
    let why = MailSentence::InvitationMade.of(&app.config.mail);
    page(&MembersPage { made: Some(InvitationMadeView { email, why, url, until: until.into() }), ..view })
}

async fn refused(
    request: &HttpRequest,
    app: &App,
    member: &SignedIn,
    form: InviteForm,
    errors: FormErrors,
) -> PageResult {
    let view = members_page(request, app, member).await?;
    let roles = role_choices(member.role, Role::parse(&form.role));
    unprocessable(&MembersPage { errors, email: form.email, roles, ..view })
}

/// `POST /settings/members/invitations/{id}/withdrawal`
pub async fn withdraw(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<NoFields>,
) -> PageResult {
    let id = AccountLinkId::from_text(&id);
    let who = member.acting();
    app.write(move |tx| invitations::withdraw(tx, &who, &id)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_MEMBERS, Flash::InvitationWithdrawn))
}

/// `GET /settings/members/{id}`
pub async fn show(request: HttpRequest, app: web::Data<App>, reader: SignedIn, id: web::Path<String>) -> PageResult {
    let (workspace, id) = (reader.workspace_id.clone(), MemberId::from_text(&id));
    let found = app.db.read(move |conn| {
        let Some(row) = store::find_living(conn, &workspace, &id)? else { return Ok(None) };
        let known = sign_in_provider::identity_of(conn, &workspace, &row.id)?;
        Ok(Some((row, store::owners_of(conn, &workspace)?, known)))
    });
    let (row, owners, known) = found.await?.ok_or(AppError::NotFound)?;
    let handled = reader.role.may_handle(row.role);
    page(&MemberPage {
        frame: reader.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_MEMBERS,
        roles: if handled { role_choices(reader.role, Some(row.role)) } else { Vec::new() },
        ask: names_in_words(&owners),
        role_url: urls::member_role(&row.id),
        removal_url: urls::member_removal(&row.id),
        known: known.map(|(first, last)| (first.into(), last.into())),
        forget_url: if reader.role == Role::Owner { urls::member_identity_removal(&row.id) } else { String::new() },
        member: MemberView::new(row, &reader),
    })
}

/// `POST /settings/members/{id}/identity-removal`: the sign-in provider's word is taken anew.
pub async fn forget_identity(
    app: web::Data<App>,
    owner: OwnerOnly,
    id: web::Path<String>,
    _form: CsrfForm<NoFields>,
) -> PageResult {
    let id = MemberId::from_text(&id);
    let url = urls::member(&id);
    let who = owner.acting();
    app.write(move |tx| sign_in_provider::untie(tx, &who, &id)).await?;
    Ok(see_other_with(&app.config.server.base_url, &url, Flash::IdentityForgotten))
}
