//! Which browser it is: a random value in a cookie, of which only the hash is kept.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use crate::base::crypto::{PlainToken, TokenHash};
use crate::platform::app::App;
use crate::platform::web::cookies::CookieKind;

/// Seconds the cookie lives: as long as what waits for it.
const LIFETIME: i64 = 4 * 3600;

/// The browser that asks; `None` when it has never begun a sign-in.
pub(super) fn of(request: &HttpRequest, app: &App) -> Option<TokenHash> {
    CookieKind::SignIn.read(request, &app.config.server.base_url).map(|value| PlainToken::presented(&value).hash())
}

/// The browser that asks, with the cookie to set: the value stays the same while it lives, so that two links in two tabs both come back.
pub(super) fn mark(request: &HttpRequest, app: &App) -> (TokenHash, Cookie<'static>) {
    let base_url = &app.config.server.base_url;
    let known = CookieKind::SignIn.read(request, base_url).filter(|value| value.len() == 43);
    let value = known.map_or_else(|| PlainToken::new(&app.rng, ""), |value| PlainToken::presented(&value));
    (value.hash(), CookieKind::SignIn.write(base_url, value.expose(), Some(LIFETIME)))
}
