//! A member's form that outlived its session: kept sealed for a while, and shown again once they have signed in.
//!
//! Why here and not in each page: whether a session is over is known before a page reads its form. So what was sent is kept as it came, and
//! after signing in the very page it was sent to is asked to show it again ([`CsrfForm::is_review`]), never to carry it out unseen.
//!
//! Invariants: only a form that was shown to a member is kept (its token proves it), so that a stranger cannot fill the table; it is given
//! back to that member alone, whoever signs in; no secret of it is on any page; only pages that can show a form again get one.
//!
//! [`CsrfForm::is_review`]: crate::platform::web::csrf::CsrfForm::is_review

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use askama::Template;

use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::MemberId;
use crate::console::typed_again::{self, TypedParts};
use crate::features::accounts;
use crate::features::accounts::guard::SignedIn;
use crate::features::recipient::When;
use crate::features::recipient::held::{self, HeldSlot};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::former_member::FormerMember;
use crate::platform::web::body;
use crate::platform::web::csrf;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageError, PageResult, page, see_other};
use crate::platform::web::urls;

/// So long a form waits for its owner to sign in.
const KEPT: time::Duration = time::Duration::hours(1);
/// Name of the form field that holds the key of a kept form.
const KEY_FIELD: &str = "_kept";

/// The pages that show a form again as it was sent. What else members send is a button without anything typed.
pub const REVIEWED: [&str; 20] = [
    urls::CONNECTION_CONFIGURATION,
    urls::NEW_CONNECTION_OF,
    urls::CONNECTION_WEBHOOK,
    urls::CONNECTION_FINISH,
    urls::CONNECTION_STREAMS,
    urls::NEW_INVITE_LINK,
    urls::INVITE_LINK,
    urls::NEW_WEBHOOK_ENDPOINT,
    urls::WEBHOOK_ENDPOINT,
    urls::OAUTH_APP,
    urls::NEW_OUTPUT_LAYER,
    urls::OUTPUT_LAYER,
    urls::SETTINGS_SIGN_IN,
    urls::SETTINGS_ENGINE,
    urls::CONNECTION_DESCRIPTION,
    urls::CONNECTION_STREAM,
    urls::SETTINGS_WORKSPACE,
    urls::SETTINGS_ACCOUNT,
    urls::INVITATIONS,
    urls::SETTINGS_API_KEYS,
];

/// A form as it was sent, and where to.
#[derive(serde::Serialize, serde::Deserialize)]
struct KeptForm {
    path: String,
    body: String,
}

/// Whatever waits for a member lies under this name.
fn drawer(member: &str) -> String {
    format!("member {member}")
}

/// Forgets the forms that wait for a member.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> diesel::QueryResult<()> {
    person.ids.iter().try_for_each(|id| held::drop_link(conn, &drawer(id.as_str())))
}

/// Where the form of that key waits for that member.
fn slot(member: &str, key: &PlainToken) -> HeldSlot {
    let hash: String = key.hash().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    HeldSlot { of: drawer(member), name: hash, workspace: String::new() }
}

/// The middleware: keeps a form whose sender is signed out, and puts a kept one in the place of the form that asks for it.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let is_reviewed = request.match_pattern().is_some_and(|pattern| REVIEWED.contains(&pattern.as_str()));
    let Some(app) =
        app.filter(|app| *request.method() == Method::POST && is_reviewed && csrf::is_own_form(request.request(), app))
    else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let sent = match body::read(&mut request.take_payload(), body::LARGEST_FORM).await {
        Ok(sent) => sent,
        Err(error) => return Ok(request.into_response(PageError::from(error).error_response())),
    };
    let sent = match with_kept(&app, request.path(), sent).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(gone)) => return Ok(request.into_response(gone)),
        Err(error) => return Ok(request.into_response(PageError::from(error).error_response())),
    };
    request.set_payload(Payload::from(sent.clone()));
    let response = next.call(request).await?.map_into_boxed_body();
    let owner = csrf::token_in(&sent).and_then(|token| csrf::shown_to(&token, &app.form_marks));
    let Some(owner) = owner else { return Ok(response) };
    if let Some(page) = not_a_member(&app, &response, &owner, &sent).await {
        return Ok(response.into_response(page));
    }
    if !has_outlived(&response, &owner).await {
        return Ok(response);
    }
    match keep_form(&app, &owner, response.request().path(), &sent).await {
        Ok(Some(target)) => Ok(response.into_response(see_other(&target))),
        Ok(None) => Ok(response),
        Err(error) => Ok(response.into_response(PageError::from(error).error_response())),
    }
}

#[derive(Template)]
#[template(path = "connections/left_form.html")]
struct LeftFormPage {
    host: String,
    workspace: String,
    typed: TypedParts,
}

/// The page for a form of a workspace whose sender, still signed in, is no member of it any more: what was typed can be copied from it.
async fn not_a_member(
    app: &App,
    response: &ServiceResponse<BoxBody>,
    owner: &str,
    sent: &Bytes,
) -> Option<HttpResponse> {
    let error = response.response().error().and_then(|error| error.as_error::<PageError>());
    if !matches!(error, Some(PageError::App(AppError::NoWorkspace { .. }))) {
        return None;
    }
    let id = MemberId::from_text(owner);
    let left = app.db.read(move |conn| Ok(accounts::left_workspace(conn, &id)?)).await.ok()??;
    let body = std::str::from_utf8(sent).ok()?;
    let typed = typed_again::read(app, &left.id, response.request().path(), body).await.ok()?;
    let host = app.config.server.base_url.host();
    Some(PageError::ready(StatusCode::FORBIDDEN, &LeftFormPage { host, workspace: left.name, typed }).error_response())
}

/// Whether a form was refused because the member it was shown to is signed out, or signed in anew since.
async fn has_outlived(response: &ServiceResponse<BoxBody>, owner: &str) -> bool {
    match response.response().error().and_then(|error| error.as_error::<PageError>()) {
        Some(PageError::App(AppError::SignedOut { .. })) => true,
        // Its token is of another session, or of none: whose is the one of now? A browser drops the cookie of a session that is over.
        Some(PageError::App(AppError::ForeignForm)) => {
            match SignedIn::from_request(response.request(), &mut Payload::None).await {
                Ok(member) => member.member_id.as_str() == owner,
                Err(PageError::App(AppError::SignedOut { .. })) => true,
                Err(_) => false,
            }
        }
        _ => false,
    }
}

/// Keeps a form; gives the address where its owner gets it back. `None` when too much is kept for them already.
async fn keep_form(app: &App, owner: &str, path: &str, sent: &Bytes) -> AppResult<Option<String>> {
    let Ok(body) = std::str::from_utf8(sent) else { return Ok(None) };
    let key = PlainToken::new(&app.rng, "");
    let form = KeptForm { path: path.to_owned(), body: body.to_owned() };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&form).map_err(AppError::internal)?);
    let is_kept = slot(owner, &key).keep(app, &plain, app.clock.now() + KEPT).await?;
    // A page of its own asks who is there, so that whoever is signed out signs in first.
    Ok(is_kept.then(|| urls::kept_form(key.expose())))
}

async fn load(app: &App, member: &str, key: &PlainToken) -> AppResult<Option<(KeptForm, UtcTime)>> {
    let Some(held) = slot(member, key).load(app).await? else { return Ok(None) };
    let form = serde_json::from_slice(&held.plain).map_err(AppError::internal)?;
    Ok(Some((form, held.until)))
}

/// The page on which the form to that path stands.
fn page_of(path: &str) -> &str {
    let own = ["/invitations", "/description"];
    own.iter().find_map(|last| path.strip_suffix(last)).unwrap_or(path)
}

/// What was sent; for a form that asks for a kept one, that one, to be looked at. Else the page to go to, when nothing is kept any more.
async fn with_kept(app: &App, path: &str, sent: Bytes) -> AppResult<Result<Bytes, HttpResponse>> {
    let Some(key) = url::form_urlencoded::parse(&sent).find(|(name, _)| name == KEY_FIELD) else { return Ok(Ok(sent)) };
    let token = csrf::token_in(&sent).unwrap_or_default();
    let Some(member) = csrf::shown_to(&token, &app.form_marks) else { return Ok(Ok(sent)) };
    let kept = load(app, &member, &PlainToken::presented(&key.1)).await?;
    let Some((kept, _)) = kept.filter(|(kept, _)| kept.path == path) else { return Ok(Err(see_other(page_of(path)))) };
    let fields = url::form_urlencoded::parse(kept.body.as_bytes()).filter(|(name, _)| name != csrf::FIELD);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(csrf::FIELD, &token)
        .append_pair(csrf::REVIEW, "1")
        .extend_pairs(fields)
        .finish();
    Ok(Ok(Bytes::from(body)))
}

#[derive(Template)]
#[template(path = "connections/kept_form.html")]
struct KeptFormPage {
    frame: OwnerFrame,
    action: String,
    key: String,
    until: When,
    /// The secrets that were typed; empty when there were none.
    retyped: String,
}

/// `GET /kept-forms/{key}`: offers a form to the member it was shown to.
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, key: web::Path<String>) -> PageResult {
    let token = PlainToken::presented(&key);
    let (kept, until) = load(&app, member.member_id.as_str(), &token).await?.ok_or(AppError::NotFound)?;
    let typed = typed_again::read(&app, &member.workspace_id, &kept.path, &kept.body).await?;
    page(&KeptFormPage {
        frame: member.frame(&request, &app, "connections"),
        action: kept.path,
        key: key.into_inner(),
        until: until.into(),
        retyped: typed.retyped.join(", "),
    })
}
