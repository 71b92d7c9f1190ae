//! Who is signed in, and what their role allows. A handler gets a member only through one of these, so a forgotten check does
//! not compile.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, web};

use super::sessions::{self, Browser, OpenSession};
use super::{Acting, Role};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SessionId, WorkspaceId};
use crate::platform::activity::Actor;
use crate::platform::app::App;
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

impl From<OpenSession> for SignedIn {
    fn from(session: OpenSession) -> Self {
        Self {
            member_id: session.member_id,
            member_name: session.member_name,
            member_email: session.member_email,
            role: session.role,
            workspace_id: session.workspace_id,
            workspace_name: session.workspace_name,
            workspace_slug: session.workspace_slug,
            workspace_accent: session.workspace_accent,
            theme: session.theme,
            session_id: session.id,
        }
    }
}

/// Where to go after signing in: the page that was wanted, when it can be opened by going there.
fn wanted(request: &HttpRequest) -> String {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path_and_query().map(|path| path.as_str().to_owned());
    path.filter(|_| looks).unwrap_or_else(|| urls::HOME.to_owned())
}

/// The member whose session the request brings, if it is open.
async fn find(request: &HttpRequest, app: &App) -> AppResult<Option<SignedIn>> {
    let Some(text) = CookieKind::Session.read(request, &app.config.server.base_url) else { return Ok(None) };
    let (hash, now) = (PlainToken::presented(&text).hash(), app.clock.now());
    let Some(session) = app.db.read(move |conn| Ok(sessions::find(conn, &hash, now)?)).await? else { return Ok(None) };
    if now - session.last_seen_at >= sessions::NOTED_EVERY {
        let (workspace, id) = (session.workspace_id.clone(), session.id.clone());
        app.db.write(move |conn| Ok(sessions::touch(conn, &workspace, &id, now)?)).await?;
        cookies::later(request, session_cookie(app, &PlainToken::presented(&text)));
    }
    Ok(Some(session.into()))
}

/// The browser that makes the request.
pub(super) fn browser(request: &HttpRequest, app: &App) -> Browser {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = CookieKind::Session.read(request, &app.config.server.base_url);
    Browser { agent: agent.to_owned(), session: session.map(|text| PlainToken::presented(&text).hash()) }
}

/// The cookie that carries a session; it lasts as long as the session does.
pub(super) fn session_cookie(app: &App, token: &PlainToken) -> actix_web::cookie::Cookie<'static> {
    CookieKind::Session.write(&app.config.server.base_url, token.expose(), Some(sessions::LIFETIME.whole_seconds()))
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let member = find(&request, app).await?;
            Ok(member.ok_or_else(|| AppError::SignedOut { wanted: wanted(&request) })?)
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
