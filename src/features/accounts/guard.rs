//! Who is signed in, and what their role allows. A handler gets a member only through one of these, so a forgotten check does
//! not compile.
//!
//! Which membership a request speaks for is decided anew each time. A form speaks for the one its page was shown for, whatever was chosen
//! in another tab since; a page is that of the membership the session has chosen. Either has to be living and open to this session now.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, web};

use super::memberships::{self, Membership, WayIn};
use super::sessions::{self, Browser, OpenSession, SessionReach};
use super::{Acting, Role, identities};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{IdentityId, MemberId, SessionId, WorkspaceId};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::web::body::FormBody;
use crate::platform::web::cookies::{self, CookieKind};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::PageError;
use crate::platform::web::{csrf, flash, urls};

/// A member who is signed in, of any role.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Their id.
    pub member_id: MemberId,
    /// Their name.
    pub member_name: String,
    /// Their address.
    pub member_email: String,
    /// What they may do.
    pub role: Role,
    /// Their workspace; every query they cause carries it.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// Its name in commands.
    pub workspace_slug: String,
    /// Its colour, six hex digits.
    pub workspace_accent: String,
    /// How pages look to them.
    pub theme: super::Theme,
    /// The session that proved all this.
    pub session_id: SessionId,
    /// Who signed in.
    pub(super) identity_id: IdentityId,
    /// The sessions they may see and end.
    pub(super) reach: SessionReach,
    /// Whether they are a member of other workspaces, too.
    has_others: bool,
}

impl SignedIn {
    /// What the owner's layout needs. `nav` is the current entry of the navigation. A message for this page is shown once: it is
    /// taken from the browser with this answer.
    pub fn frame(&self, request: &HttpRequest, app: &App, nav: &'static str) -> OwnerFrame {
        OwnerFrame {
            workspace: self.workspace_name.clone(),
            member: self.member_name.clone(),
            role: self.role.words().to_owned(),
            accent: self.workspace_accent.clone(),
            theme: self.theme.as_str().to_owned(),
            nav,
            flash: flash::take(request, &app.config.server.base_url),
            csrf: csrf::token(request, app)
                .map(|token| token.for_member(&app.form_marks, self.member_id.as_str()).text)
                .unwrap_or_default(),
            has_others: self.has_others,
        }
    }

    /// The member as the actor of a deed.
    pub fn actor(&self) -> Actor {
        Actor::Member { id: self.member_id.clone(), name: self.member_name.clone() }
    }

    /// The member as one who is about to do something here.
    pub fn acting(&self) -> Acting {
        Acting { workspace: self.workspace_id.clone(), member: self.member_id.clone(), name: self.member_name.clone() }
    }
}

/// Somebody whose session is open, with their memberships as they are now; there may be none.
#[derive(Debug, Clone)]
pub struct SignedInPerson {
    pub(super) session: OpenSession,
    pub(super) memberships: Vec<Membership>,
}

/// Another workspace of somebody than the one their session has chosen.
pub struct OtherWorkspace {
    /// Their membership there.
    pub member: MemberId,
    /// Which.
    pub workspace: WorkspaceId,
}

impl SignedInPerson {
    /// Their other workspaces, open to this session or not.
    pub fn other_workspaces(self) -> Vec<OtherWorkspace> {
        let chosen = self.session.member_id;
        let others = self.memberships.into_iter().filter(|one| one.member_id != chosen);
        others.map(|one| OtherWorkspace { member: one.member_id, workspace: one.workspace_id }).collect()
    }

    /// How a living membership opens to this session; `None` when there is no such membership.
    pub(super) fn entry(&self, member: &MemberId) -> Option<WayIn> {
        let found = self.memberships.iter().find(|one| &one.member_id == member)?;
        Some(found.entry(self.session.by_password()))
    }

    /// The member they act as; `None` when that membership is over, or the session does not open it.
    fn acting_as(self, member: &MemberId) -> Option<SignedIn> {
        self.entry(member).filter(|entry| *entry == WayIn::Open)?;
        let has_others = self.memberships.len() > 1;
        let reach = self.session.reach();
        let found = self.memberships.into_iter().find(|one| &one.member_id == member)?;
        Some(SignedIn {
            member_id: found.member_id,
            member_name: found.member_name,
            member_email: found.member_email,
            role: found.role,
            workspace_id: found.workspace_id,
            workspace_name: found.workspace_name,
            workspace_slug: found.workspace_slug,
            workspace_accent: found.workspace_accent,
            theme: found.theme,
            session_id: self.session.id,
            identity_id: self.session.identity_id,
            reach,
            has_others,
        })
    }
}

/// Where to go after signing in: the page that was wanted, when it can be opened by going there.
fn wanted(request: &HttpRequest) -> String {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path_and_query().map(|path| path.as_str().to_owned());
    path.filter(|_| looks).unwrap_or_else(|| urls::HOME.to_owned())
}

/// Who the session belongs to that the request brings, if it is open.
pub(super) async fn find(request: &HttpRequest, app: &App) -> AppResult<Option<SignedInPerson>> {
    let Some(text) = CookieKind::Session.read(request, &app.config.server.base_url) else { return Ok(None) };
    let (hash, life, now) = (PlainToken::presented(&text).hash(), app.config.sign_in.session, app.clock.now());
    let found = app.db.read(move |conn| {
        let Some(session) = sessions::find(conn, &hash, life, now)? else { return Ok(None) };
        let memberships = memberships::list(conn, &session.identity_id, Some(&session.id))?;
        Ok(Some(SignedInPerson { session, memberships }))
    });
    let Some(person) = found.await? else { return Ok(None) };
    if now - person.session.last_seen_at >= sessions::NOTED_EVERY {
        let session = person.session.clone();
        app.db.write(move |conn| Ok(sessions::touch(conn, &session, life, now)?)).await?;
        cookies::later(request, session_cookie(app, &PlainToken::presented(&text)));
    }
    Ok(Some(person))
}

/// The membership that the page of a sent form was shown for.
async fn shown_for(request: &HttpRequest, form: Option<FormBody>) -> AppResult<Option<MemberId>> {
    let Some(form) = form.filter(|_| csrf::is_form(request.headers())) else { return Ok(None) };
    Ok(csrf::shown_for(&form.read().await?).map(|id| MemberId::from_text(&id)))
}

/// The browser that makes the request.
pub(super) fn browser(request: &HttpRequest, app: &App) -> Browser {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = CookieKind::Session.read(request, &app.config.server.base_url);
    Browser {
        agent: agent.to_owned(),
        session: session.map(|text| PlainToken::presented(&text).hash()),
        life: app.config.sign_in.session,
    }
}

/// The cookie that carries a session; it lasts as long as the session does.
pub(super) fn session_cookie(app: &App, token: &PlainToken) -> actix_web::cookie::Cookie<'static> {
    let idle = app.config.sign_in.session.idle.whole_seconds();
    CookieKind::Session.write(&app.config.server.base_url, token.expose(), Some(idle))
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let form = (request.method() == Method::POST).then(|| FormBody::of(&request, payload));
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let person = find(&request, app).await?.ok_or_else(|| AppError::SignedOut { wanted: wanted(&request) })?;
            let meant = shown_for(&request, form).await?;
            if let Some(foreign) = meant.clone().filter(|member| person.entry(member).is_none()) {
                let owner = app.db.read(move |conn| Ok(identities::of_member(conn, &foreign)?)).await?;
                if owner.is_none_or(|owner| owner.id != person.session.identity_id) {
                    return Err(AppError::ForeignForm.into());
                }
            }
            let member = meant.unwrap_or_else(|| person.session.member_id.clone());
            Ok(person.acting_as(&member).ok_or_else(|| AppError::NoWorkspace { wanted: wanted(&request) })?)
        })
    }
}

impl FromRequest for SignedInPerson {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let person = find(&request, app).await?;
            Ok(person.ok_or_else(|| AppError::SignedOut { wanted: wanted(&request) })?)
        })
    }
}

macro_rules! role_guard {
    ($($(#[$meta:meta])* $name:ident, $allows:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(SignedIn);

        impl Deref for $name {
            type Target = SignedIn;

            fn deref(&self) -> &SignedIn {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = PageError;
            type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let member = SignedIn::from_request(request, payload);
                Box::pin(async move {
                    let member = member.await?;
                    let allows: fn(Role) -> bool = $allows;
                    if allows(member.role) { Ok(Self(member)) } else { Err(AppError::Forbidden.into()) }
                })
            }
        }
    )+};
}

role_guard! {
    /// A member who may change connections and links.
    Editor, Role::may_edit;
    /// A member who may change the workspace, its members and its keys.
    Admin, Role::may_administer;
    /// An owner.
    OwnerOnly, |role| role == Role::Owner;
}
