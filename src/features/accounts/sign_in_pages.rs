//! `/sign-in` and `/sign-out`.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::fields::{FormErrors, NoFields, lower_email, query_value, secret};
use super::guard::{SignedIn, browser, session_cookie};
use super::identities::{self, Identity};
use super::sessions::SignInProof;
use super::sign_in_provider::{self, Offer};
use super::views::visitor_csrf;
use super::{memberships, passwords, sessions, store};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::web::cookies::{self, CookieKind};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{self, Flash, see_other_with};
use crate::platform::web::page::{PageResult, page, see_other, unprocessable};
use crate::platform::web::slowed_tries::TryKind;
use crate::platform::web::{known_browser, urls};

/// With more providers than these the page would be a list of who is a customer; their members use the address of their workspace.
const MOST_OFFERS: i64 = 5;

/// What the form sends.
#[derive(Deserialize)]
pub struct SignInForm {
    email: String,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    host: String,
    csrf: String,
    flash: Option<Flash>,
    errors: FormErrors,
    email: String,
    next: String,
    offers: Vec<OfferView>,
    takes_passwords: bool,
}

/// A provider to sign in through.
struct OfferView {
    label: String,
    workspace: String,
    action: String,
}

impl From<Offer> for OfferView {
    fn from(offer: Offer) -> Self {
        Self { action: urls::sign_in_with(&offer.workspace_slug), label: offer.label, workspace: offer.workspace }
    }
}

impl SignInPage {
    async fn new(request: &HttpRequest, app: &App, email: String, next: String) -> AppResult<Self> {
        let ways = app.db.read(|conn| {
            let offers = sign_in_provider::offers(conn, MOST_OFFERS + 1)?;
            Ok((offers, sign_in_provider::only_providers(conn)?))
        });
        let (offers, only_providers) = ways.await?;
        let few = i64::try_from(offers.len()).is_ok_and(|count| count <= MOST_OFFERS);
        Ok(Self {
            host: app.config.server.base_url.host(),
            csrf: visitor_csrf(request, app),
            flash: None,
            errors: FormErrors::default(),
            email,
            next,
            offers: if few { offers.into_iter().map(OfferView::from).collect() } else { Vec::new() },
            takes_passwords: !only_providers,
        })
    }
}

/// `GET /sign-in`: those who are signed in go on, unless they come to show their password, too; an installation without a workspace is set up first.
pub async fn show(
    request: HttpRequest,
    app: web::Data<App>,
    member: Result<SignedIn, crate::platform::web::page::PageError>,
) -> PageResult {
    let next = local_path(&query_value(&request, "next").unwrap_or_default()).to_owned();
    if member.is_ok() && query_value(&request, "again").is_none() {
        return Ok(see_other(&next));
    }
    if !app.db.read(|conn| Ok(store::any_workspace(conn)?)).await? {
        return Ok(see_other(urls::SETUP));
    }
    let mut view = SignInPage::new(&request, &app, String::new(), next).await?;
    view.flash = flash::take(&request, &app.config.server.base_url);
    page(&view)
}

/// `POST /sign-in`
pub async fn sign_in(request: HttpRequest, app: web::Data<App>, form: CsrfForm<SignInForm>) -> PageResult {
    let form = form.value;
    let email = lower_email(&form.email);
    let next = local_path(&form.next).to_owned();
    let mut view = SignInPage::new(&request, &app, form.email, next).await?;
    if email.is_empty() {
        view.errors.add("email", "Enter your email");
    }
    if form.password.expose_secret().is_empty() {
        view.errors.add("password", "Enter your password");
    }
    if !view.errors.is_empty() {
        return unprocessable(&view);
    }
    let attempt = app.begin_try(&request, TryKind::Password, &email).await?;
    let judged = proven(&app, email.clone(), form.password).await;
    let identity = app.settle_try(attempt, judged).await?;
    let token = match begin(&request, &app, identity).await? {
        Begun::Session(token) => token,
        Begun::Nothing => {
            view.errors.add("email", "Email or password is not right.");
            return unprocessable(&view);
        }
        Begun::NoPasswords(label) => {
            view.errors.add("email", format!("Your workspace takes no passwords. Sign in with {label}."));
            return unprocessable(&view);
        }
    };
    known_browser::remember(&request, &app, &email);
    let mut answer = see_other(&view.next);
    answer.add_cookie(&session_cookie(&app, &token)).map_err(AppError::internal)?;
    Ok(answer)
}

/// Whose address and password these are. An address nobody has takes the same time.
pub(super) async fn proven(app: &App, email: String, password: SecretString) -> AppResult<Option<Identity>> {
    let identity = app.db.read(move |conn| Ok(identities::of_email(conn, &email)?)).await?;
    // Who came through a provider has no password: trying theirs takes as long as trying nobody's.
    let hash = identity.as_ref().map(|identity| identity.password_hash.clone()).filter(|hash| !hash.is_empty());
    let right = passwords::verify(app, password, hash).await?;
    Ok(identity.filter(|_| right))
}

/// What a right or wrong password came to.
enum Begun {
    Session(PlainToken),
    Nothing,
    /// Every workspace of theirs takes its provider's word only; this is what the members of one of them call it.
    NoPasswords(String),
}

/// Begins the session, unless the password changed since it was judged. Somebody who is a member of nothing any more gets one, too: what
/// they see says so.
async fn begin(request: &HttpRequest, app: &App, identity: Option<Identity>) -> AppResult<Begun> {
    let Some(identity) = identity else { return Ok(Begun::Nothing) };
    let browser = browser(request, app);
    app.write(move |tx| {
        if identities::find(tx.conn, &identity.id)?.as_ref() != Some(&identity) {
            return Ok(Begun::Nothing);
        }
        let all = memberships::list(tx.conn, &identity.id, None)?;
        if let Some(one) = memberships::after_password(&all) {
            let token = browser.sign_in(tx, &one.workspace_id, &one.member_id, SignInProof::Password)?;
            return Ok(Begun::Session(token));
        }
        let mut labels = all.iter().map(|one| one.only_provider());
        if let Some(Some(label)) = labels.next()
            && labels.all(|label| label.is_some())
        {
            return Ok(Begun::NoPasswords(label.to_owned()));
        }
        let Some(newest) = memberships::newest(tx.conn, &identity.id)? else { return Ok(Begun::Nothing) };
        Ok(Begun::Session(browser.sign_in(tx, &newest.workspace_id, &newest.id, SignInProof::Password)?))
    })
    .await
}

/// `POST /sign-out`: also for a session that is over already.
pub async fn sign_out(request: HttpRequest, app: web::Data<App>, _form: CsrfForm<NoFields>) -> PageResult {
    let base_url = &app.config.server.base_url;
    if let Some(text) = CookieKind::Session.read(&request, base_url) {
        let hash = PlainToken::presented(&text).hash();
        app.db.write(move |conn| Ok(sessions::end_by_token(conn, &hash)?)).await?;
        cookies::later(&request, CookieKind::Session.remove(base_url));
    }
    Ok(see_other_with(base_url, urls::SIGN_IN, Flash::SignedOut))
}

/// A path on this installation, or home. Browsers read `//host` and `/\host` as another host, and drop control characters first.
pub(super) fn local_path(wanted: &str) -> &str {
    let local = wanted.starts_with('/') && !wanted.starts_with("//") && !wanted.contains('\\');
    if local && wanted.chars().all(|letter| letter.is_ascii_graphic()) { wanted } else { urls::HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for path in ["/connections", "/settings/members?x=1&y=%2F", "/"] {
            assert_eq!(local_path(path), path);
        }
        for path in [
            "",
            "connections",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "/a b",
            "/x\r\nSet-Cookie:a=b",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(path), urls::HOME, "{path}");
        }
    }
}
