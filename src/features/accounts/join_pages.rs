//! `/join/{token}`: what an account link opens, to join a workspace or to choose a new password.
//!
//! Whoever is signed in as the person invited joins with one button. To everybody else the page is the same whether or not the address is
//! known here, so that the link does not tell: it asks for a name and a password, and offers to sign in first. Somebody known who types
//! the password they have joins with it.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::fields::{FormErrors, secret};
use super::guard::{self, SignedInPerson, browser};
use super::invitations::{Invitee, Joined};
use super::links::{self, AccountLinkPurpose, OpenAccountLink};
use super::setup_pages::signed_in;
use super::sign_in_pages::proven;
use super::views::MomentView;
use super::{identities, invitations, passwords, resets, sessions, sign_in_provider};
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::web::cookies::{self, CookieKind};
use crate::platform::web::csrf::{self, FormBehind};
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageError, PageResult, page, see_other, unprocessable};
use crate::platform::web::slowed_tries::TryKind;
use crate::platform::web::{known_browser, urls};

/// What the form sends; a link to choose a new password asks for no name. `intent` is `join` for who is signed in and `sign-out` for who
/// is signed in as somebody else.
#[derive(Deserialize)]
pub struct JoinForm {
    #[serde(default)]
    name: String,
    #[serde(default = "no_password", deserialize_with = "secret")]
    password: SecretString,
    #[serde(default)]
    intent: String,
}

fn no_password() -> SecretString {
    SecretString::from("")
}

/// What the page asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum JoinStep {
    /// A new password.
    Reset,
    /// A name and a password, or to sign in.
    Details,
    /// Only the button.
    Button,
    /// To sign out first: the browser is signed in with this other address.
    OtherAccount(String),
    /// Nothing: they are a member.
    Member,
    /// To sign in with the workspace's provider, which is the only way in; what members call it.
    Provider(String),
}

#[derive(Template)]
#[template(path = "accounts/join.html")]
struct JoinPage {
    frame: RecipientFrame,
    csrf: String,
    errors: FormErrors,
    step: JoinStep,
    workspace: String,
    inviter: String,
    email: String,
    role: &'static str,
    may: &'static str,
    until: MomentView,
    name: String,
    with_url: String,
}

impl JoinPage {
    async fn new(request: &HttpRequest, app: &App, link: &OpenAccountLink) -> AppResult<Self> {
        let workspace = link.workspace.id.clone();
        let only = app.db.read(move |conn| Ok(sign_in_provider::passwords_off(conn, &workspace)?)).await?;
        let person = guard::find(request, app).await?;
        Ok(Self {
            frame: RecipientFrame::new(&link.workspace.name, &link.workspace.accent, &app.config.server.base_url),
            csrf: csrf::token(request, app).map(|token| token.text).unwrap_or_default(),
            errors: FormErrors::default(),
            step: step(link, person.as_ref(), only),
            workspace: link.workspace.name.clone(),
            inviter: link.inviter.as_ref().map(|member| member.name.clone()).unwrap_or_default(),
            email: link.row.email.clone(),
            role: link.row.role.words(),
            may: link.row.role.means(),
            until: link.row.expires_at.into(),
            name: String::new(),
            with_url: urls::sign_in_with(&link.workspace.slug),
        })
    }

    fn joins(&self) -> bool {
        self.step != JoinStep::Reset
    }
}

fn step(link: &OpenAccountLink, person: Option<&SignedInPerson>, only: Option<String>) -> JoinStep {
    if link.row.purpose == AccountLinkPurpose::Reset {
        return JoinStep::Reset;
    }
    match (person, only) {
        (Some(person), _) if person.session.email != link.row.email => {
            JoinStep::OtherAccount(person.session.email.clone())
        }
        (Some(person), _) if person.memberships.iter().any(|one| one.workspace_id == link.workspace.id) => {
            JoinStep::Member
        }
        (_, Some(only)) => JoinStep::Provider(only),
        (Some(person), None) if person.session.by_password() => JoinStep::Button,
        (_, None) => JoinStep::Details,
    }
}

/// `GET /join/{token}`
pub async fn show(request: HttpRequest, app: web::Data<App>, link: OpenAccountLink) -> PageResult {
    page(&JoinPage::new(&request, &app, &link).await?)
}

/// `POST /join/{token}`
pub async fn accept(
    request: HttpRequest,
    app: web::Data<App>,
    sent: FormBehind<OpenAccountLink, JoinForm>,
) -> PageResult {
    let FormBehind { guard: link, form } = sent;
    let form = form.value;
    let view = JoinPage::new(&request, &app, &link).await?;
    match (form.intent.as_str(), &view.step) {
        ("sign-out", _) => sign_out(&request, &app).await,
        (_, JoinStep::Reset) => choose(&request, &app, link, view, form.password).await,
        ("join", JoinStep::Button) => join(&request, &app, link, Invitee::SignedIn).await,
        // Pressed twice: the first was faster.
        ("join", JoinStep::Member) => Ok(see_other(urls::HOME)),
        (intent, JoinStep::Details | JoinStep::Button) if intent != "join" => {
            join_with_password(&request, &app, link, view, form).await
        }
        (_, JoinStep::Provider(_)) => Err(AppError::Conflict(invitations::NO_PASSWORDS).into()),
        // Who is signed in has changed since the page was shown: it says now how things stand.
        _ => unprocessable(&view),
    }
}

/// Ends the session of another account, and comes back.
async fn sign_out(request: &HttpRequest, app: &App) -> PageResult {
    let base_url = &app.config.server.base_url;
    if let Some(token) = browser(request, app).session {
        app.db.write(move |conn| Ok(sessions::end_by_token(conn, &token)?)).await?;
        cookies::later(request, CookieKind::Session.remove(base_url));
    }
    Ok(see_other(request.path()))
}

async fn join_with_password(
    request: &HttpRequest,
    app: &App,
    link: OpenAccountLink,
    mut view: JoinPage,
    form: JoinForm,
) -> PageResult {
    view.name = view.errors.name("name", "Your name", &form.name);
    view.errors.new_password("password", "Password", &form.password);
    if !view.errors.is_empty() {
        return unprocessable(&view);
    }
    let (email, name) = (link.row.email.clone(), view.name.clone());
    let known = app.db.read({
        let email = email.clone();
        move |conn| Ok(identities::of_email(conn, &email)?)
    });
    if known.await?.is_none() {
        let password_hash = passwords::hash(app, form.password).await?;
        known_browser::remember(request, app, &email);
        return join(request, app, link, Invitee::New { name, password_hash }).await;
    }
    let attempt = app.begin_try(request, TryKind::Password, &email).await?;
    let judged = proven(app, email.clone(), form.password).await;
    match app.settle_try(attempt, judged).await? {
        Some(identity) => {
            known_browser::remember(request, app, &email);
            join(request, app, link, Invitee::Known { identity, name }).await
        }
        None if !links::find_by_path(request, app).await?.state(app.clock.now()).is_open() => {
            Err(closed_meanwhile(request, app).await?)
        }
        None => {
            view.errors
                .add("password", "This address has an account here already, with another password. Sign in with it");
            unprocessable(&view)
        }
    }
}

async fn join(request: &HttpRequest, app: &App, link: OpenAccountLink, invitee: Invitee) -> PageResult {
    let (browser, workspace) = (browser(request, app), link.workspace.id.clone());
    match app.write(move |tx| invitations::accept(tx, &link, invitee, &browser)).await? {
        Joined::Begun(token) => signed_in(app, &token, Flash::Joined),
        Joined::GoesOn => Ok(see_other_with(&app.config.server.base_url, urls::HOME, Flash::Joined)),
        // The same person, faster, in this very browser.
        Joined::Closed
            if guard::find(request, app)
                .await?
                .is_some_and(|person| person.memberships.iter().any(|one| one.workspace_id == workspace)) =>
        {
            Ok(see_other(urls::HOME))
        }
        Joined::Closed => Err(closed_meanwhile(request, app).await?),
    }
}

async fn choose(
    request: &HttpRequest,
    app: &App,
    link: OpenAccountLink,
    mut view: JoinPage,
    password: SecretString,
) -> PageResult {
    view.errors.new_password("password", "Password", &password);
    if !view.errors.is_empty() {
        return unprocessable(&view);
    }
    let (hash, email) = (passwords::hash(app, password).await?, link.row.email.clone());
    if app.write(move |tx| resets::choose(tx, &link, &hash)).await? {
        // Whoever reads the mail of the address is its owner, whatever others have tried.
        known_browser::remember(request, app, &email);
        Ok(see_other_with(&app.config.server.base_url, urls::SIGN_IN, Flash::PasswordChosen))
    } else {
        Err(closed_meanwhile(request, app).await?)
    }
}

/// The reason why the link, open a moment ago, is not any more.
async fn closed_meanwhile(request: &HttpRequest, app: &App) -> Result<PageError, PageError> {
    Ok(links::closed_page(app, &links::find_by_path(request, app).await?))
}
