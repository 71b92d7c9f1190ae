//! The cookies of the product. On https they are `__Host-` cookies: only this host, only TLS, the whole site.

use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest};

use crate::platform::config::BaseUrl;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieKind {
    /// A member's session token.
    Session,
    /// A random value that binds forms of people who are not signed in to their browser.
    Visitor,
    /// The code of a message for the next page.
    Flash,
    /// A random value that says which recipient's browser went to a provider to sign in there.
    SignIn,
    /// A random value that binds a member's way to a sign-in provider to the browser that began it.
    MemberSignIn,
    /// In which accounts the browser has signed in before.
    KnownBrowser,
}

impl CookieKind {
    fn name(self, base_url: &BaseUrl) -> String {
        let name = match self {
            Self::Session => "vestibule_session",
            Self::Visitor => "vestibule_visitor",
            Self::Flash => "vestibule_flash",
            Self::SignIn => "vestibule_oauth",
            Self::MemberSignIn => "vestibule_sign_in",
            Self::KnownBrowser => "vestibule_known",
        };
        if base_url.is_https() { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// The cookie's value in a request.
    pub fn read(self, request: &HttpRequest, base_url: &BaseUrl) -> Option<String> {
        request.cookie(&self.name(base_url)).map(|cookie| cookie.value().to_owned()).filter(|value| !value.is_empty())
    }

    /// A cookie to set; `lifetime` in seconds, `None` until the browser closes.
    pub fn write(self, base_url: &BaseUrl, value: &str, lifetime: Option<i64>) -> Cookie<'static> {
        let mut cookie = Cookie::build(self.name(base_url), value.to_owned())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(base_url.is_https())
            .finish();
        if let Some(seconds) = lifetime {
            cookie.set_max_age(Duration::seconds(seconds));
        }
        cookie
    }

    /// A cookie that removes the one set before.
    pub fn remove(self, base_url: &BaseUrl) -> Cookie<'static> {
        let mut cookie = self.write(base_url, "", None);
        cookie.make_removal();
        cookie
    }
}

/// Cookies that go out with whatever answers the request.
#[derive(Default)]
struct Later(Vec<Cookie<'static>>);

/// Sets a cookie with the answer to this request, whichever page or error that turns out to be.
pub fn later(request: &HttpRequest, cookie: Cookie<'static>) {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Later>() {
        Some(later) => later.0.push(cookie),
        None => {
            extensions.insert(Later(vec![cookie]));
        }
    }
}

/// The middleware: sets what [`later`] has kept. A cookie that the answer sets itself stays as it is.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn send(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let later = response.request().extensions_mut().remove::<Later>().unwrap_or_default();
    for cookie in later.0 {
        let answered = response.response().cookies().any(|own| own.name() == cookie.name());
        if !answered {
            // A cookie that does not fit into a header would only lose a message, or a session's next thirty days.
            let _ = response.response_mut().add_cookie(&cookie);
        }
    }
    Ok(response)
}
