//! Forms are readable only after it is proven that they came from one of our pages: Sec-Fetch-Site, then Origin, then a
//! token in the form that is bound to the session, to the visitor's cookie, or to the link in the path.
//!
//! A token has no age. It proves where a form comes from, and it ends with what it is bound to: the session, the browser's visit, the
//! link. An age limit would not make a foreign form any less foreign, but it would destroy what somebody typed before lunch. Whether a
//! form is still right is judged by other means: by the revision it was shown with, by its nonce, by the state of what it changes.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::body::FormBody;
use super::cookies::CookieKind;
use super::page::PageError;
use crate::base::clock::UtcTime;
use crate::base::crypto::{Marker, PlainToken};
use crate::base::error::AppError;
use crate::base::forms::{RawForm, has_control};
use crate::base::rng::Rng;
use crate::platform::app::App;

/// Name of the form field that carries the token.
pub const FIELD: &str = "_csrf";
/// Marks the part of a form that names the member it was shown to.
const MEMBER: char = '~';
/// Name of the form field by which a form asks to be shown again with what is in it, and not to be carried out.
pub const REVIEW: &str = "_review";

/// The first field that holds a control character. Fields of a connector (their names are paths) are judged one by one, so that the form
/// can be shown again with all that was typed.
fn control_in(body: &[u8]) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(body).filter(|(name, _)| !name.starts_with('/'));
    let found = fields.find(|(name, value)| has_control(name, false) || has_control(value, true));
    found.map(|(name, _)| name.chars().filter(|letter| !letter.is_control()).take(60).collect())
}

/// A form token: `issued.nonce.mark`, and on members' pages `issued.nonce.mark.member_mark~member`. The nonce names this one form, so that
/// sending it twice can be told from sending two. The mark is bound to the session; the member's mark says to whom the form was shown, in
/// whichever session: by it a form that outlived its session is given back to its owner (and never carried out unseen).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormToken {
    /// 16 random bytes, base64url.
    pub nonce: String,
    /// The whole token, for the hidden field.
    pub text: String,
}

impl FormToken {
    /// A token for a fresh form.
    pub fn new(marks: &Marker, binding: &[u8], now: UtcTime, rng: &Rng) -> Self {
        use base64::Engine as _;
        let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rng.bytes::<16>());
        Self::again(marks, binding, now, &nonce)
    }

    /// A fresh token for the same form, shown again after a failed send: the nonce stays.
    pub fn again(marks: &Marker, binding: &[u8], now: UtcTime, nonce: &str) -> Self {
        let issued = now.unix().to_string();
        let mark = marks.text(&[binding, issued.as_bytes(), nonce.as_bytes()]);
        Self { nonce: nonce.to_owned(), text: format!("{issued}.{nonce}.{mark}") }
    }

    /// The same token, saying to which member its form is shown.
    #[must_use]
    pub fn for_member(self, marks: &Marker, member: &str) -> Self {
        let parts = TokenParts::read(&self.text);
        let mark = parts.map(|parts| marks.text(&parts.shown_to(member))).unwrap_or_default();
        Self { text: format!("{}.{mark}{MEMBER}{member}", self.text), nonce: self.nonce }
    }

    fn verify(text: &str, marks: &Marker, binding: &[u8]) -> Option<Self> {
        let parts = TokenParts::read(text)?;
        let ours = marks.matches(parts.mark, &[binding, parts.issued.as_bytes(), parts.nonce.as_bytes()]);
        ours.then(|| Self { nonce: parts.nonce.to_owned(), text: text.to_owned() })
    }
}

/// The parts of a token's text.
struct TokenParts<'a> {
    issued: &'a str,
    nonce: &'a str,
    mark: &'a str,
    member_mark: &'a str,
    member: &'a str,
}

impl<'a> TokenParts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (token, member) = text.split_once(MEMBER).unwrap_or((text, ""));
        let mut parts = token.split('.');
        let (issued, nonce, mark) = (parts.next()?, parts.next()?, parts.next()?);
        let member_mark = parts.next().unwrap_or_default();
        parts.next().is_none().then_some(Self { issued, nonce, mark, member_mark, member })
    }

    fn shown_to<'b>(&'b self, member: &'b str) -> [&'b [u8]; 4] {
        [b"shown to", member.as_bytes(), self.issued.as_bytes(), self.nonce.as_bytes()]
    }
}

/// The member a form was shown to, by its token; `None` when it does not say so, or is not ours.
pub fn shown_to(text: &str, marks: &Marker) -> Option<String> {
    let parts = TokenParts::read(text).filter(|parts| !parts.member.is_empty())?;
    marks.matches(parts.member_mark, &parts.shown_to(parts.member)).then(|| parts.member.to_owned())
}

/// The token in the body of a form.
pub fn token_in(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body).find(|(name, _)| name == FIELD).map(|(_, value)| value.into_owned())
}

/// A form whose origin is proven.
pub struct CsrfForm<T> {
    /// What was in the form.
    pub value: T,
    /// Its token.
    pub token: FormToken,
    /// It is to be shown again as it is, and not to be carried out: whoever sent it was signed out meanwhile and has not seen it since.
    pub is_review: bool,
}

/// The member a form says it was shown to. It proves nothing: it says for whom somebody meant to act, and whether they may is looked up.
pub fn shown_for(body: &[u8]) -> Option<String> {
    token_in(body)?.split_once(MEMBER).map(|(_, member)| member.to_owned())
}

/// What a form on this page is bound to: the link token in the path, else the session, else the visitor's cookie.
pub fn binding(request: &HttpRequest, app: &App) -> Option<Vec<u8>> {
    let base_url = &app.config.server.base_url;
    let text = match request.match_info().get("token") {
        Some(token) => format!("link {token}"),
        None => match CookieKind::Session.read(request, base_url) {
            Some(session) => format!("session {session}"),
            None => format!("visitor {}", CookieKind::Visitor.read(request, base_url)?),
        },
    };
    Some(PlainToken::presented(&text).hash().as_bytes().to_vec())
}

/// The token for a form on the page that answers this request; `None` when there is nothing to bind it to (then
/// [`visitor`] first).
pub fn token(request: &HttpRequest, app: &App) -> Option<FormToken> {
    Some(FormToken::new(&app.form_marks, &binding(request, app)?, app.clock.now(), &app.rng))
}

/// A form token for somebody who is not signed in, with the cookie to set when their browser has none yet.
pub fn visitor(request: &HttpRequest, app: &App) -> (FormToken, Option<actix_web::cookie::Cookie<'static>>) {
    if let Some(token) = token(request, app) {
        return (token, None);
    }
    let fresh = PlainToken::new(&app.rng, "");
    let bound = PlainToken::presented(&format!("visitor {}", fresh.expose())).hash();
    let token = FormToken::new(&app.form_marks, bound.as_bytes(), app.clock.now(), &app.rng);
    (token, Some(CookieKind::Visitor.write(&app.config.server.base_url, fresh.expose(), None)))
}

impl<T: DeserializeOwned + 'static> FromRequest for CsrfForm<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let form = FormBody::of(&request, payload);
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let origin = app.config.server.base_url.origin();
            if !from_our_pages(request.headers(), &origin) || !is_form(request.headers()) {
                return Err(AppError::ForeignForm.into());
            }
            let body = form.read().await?;
            if body.iter().filter(|byte| **byte == b'&').count() >= RawForm::MAX_PAIRS {
                return Err(AppError::TooLarge.into());
            }
            let binding = binding(&request, app).ok_or(AppError::ForeignForm)?;
            let token = token_in(&body).and_then(|text| FormToken::verify(&text, &app.form_marks, &binding));
            let token = token.ok_or(AppError::ForeignForm)?;
            if let Some(name) = control_in(&body) {
                return Err(AppError::ControlCharacter(name).into());
            }
            let is_review = url::form_urlencoded::parse(&body).any(|(name, _)| name == REVIEW);
            let value =
                serde_urlencoded::from_bytes(&body).map_err(|_| AppError::Unreadable("the form has other fields"))?;
            Ok(Self { value, token, is_review })
        })
    }
}

/// A form behind a guard that is asked first: what somebody without the guard's proof is told does not depend on the form.
pub struct FormBehind<G, T> {
    /// The proof.
    pub guard: G,
    /// The form.
    pub form: CsrfForm<T>,
}

impl<G, T> FromRequest for FormBehind<G, T>
where
    G: FromRequest<Error = PageError> + 'static,
    T: DeserializeOwned + 'static,
{
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let guard = G::from_request(&request, &mut payload).await?;
            let form = CsrfForm::from_request(&request, &mut payload).await?;
            Ok(Self { guard, form })
        })
    }
}

/// Whether a request brings a form from one of our own pages, by what the browser says.
pub fn is_own_form(request: &HttpRequest, app: &App) -> bool {
    from_our_pages(request.headers(), &app.config.server.base_url.origin()) && is_form(request.headers())
}

/// Whether the body is a form as browsers send it.
pub fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Browsers say where a request comes from; what does not say anything is judged by the token alone.
fn from_our_pages(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => true,
        Some(_) => false,
        None => text("origin").is_none_or(|sent| sent == origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn foreign_pages_are_told_by_their_headers() {
        let ours = "https://connect.example.com";
        for (pairs, verdict) in [
            (vec![], true),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", ours)], false),
            (vec![("origin", ours)], true),
            (vec![("origin", "null")], false),
            (vec![("origin", "https://evil.example")], false),
        ] {
            assert_eq!(from_our_pages(&headers(&pairs), ours), verdict, "{pairs:?}");
        }
    }
}
