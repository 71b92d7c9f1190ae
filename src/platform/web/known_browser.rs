//! Browsers that have signed in to an account before. Such a browser tries passwords with a budget of its own, so that strangers who try the same
//! account cannot keep its owner out (what OWASP calls a device cookie).
//!
//! The cookie holds, for up to four accounts, a random name of the browser and a mark over the account and that name. It opens nothing: whoever
//! steals it may try some passwords, slowly. It is set after a right password only, so having one tells nothing.

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::cookies::{self, CookieKind};
use crate::platform::app::App;

/// A browser that is not used for so long is a stranger again.
const LIFETIME: i64 = 365 * 24 * 60 * 60;
/// So many accounts of a browser are remembered.
const MOST_ACCOUNTS: usize = 4;

/// One account in a browser's cookie.
struct KnownAccount<'a> {
    browser: &'a str,
    mark: &'a str,
}

fn entries(cookie: &str) -> impl Iterator<Item = KnownAccount<'_>> {
    let parts = cookie.split('~').filter_map(|entry| entry.split_once('.'));
    parts.take(MOST_ACCOUNTS).map(|(browser, mark)| KnownAccount { browser, mark })
}

fn is_of(app: &App, account: &str, entry: &KnownAccount<'_>) -> bool {
    app.form_marks.matches(entry.mark, &[b"known browser", account.as_bytes(), entry.browser.as_bytes()])
}

/// The name of the browser that makes the request, when it has signed in to that account before.
pub(super) fn find(request: &HttpRequest, app: &App, account: &str) -> Option<String> {
    let cookie = CookieKind::KnownBrowser.read(request, &app.config.server.base_url)?;
    entries(&cookie).find(|entry| is_of(app, account, entry)).map(|entry| entry.browser.to_owned())
}

/// Remembers with the answer to this request that its browser has signed in to the account.
pub fn remember(request: &HttpRequest, app: &App, account: &str) {
    let (base_url, account) = (&app.config.server.base_url, account.to_lowercase());
    let cookie = CookieKind::KnownBrowser.read(request, base_url).unwrap_or_default();
    let known = find(request, app, &account);
    let browser = known.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(app.rng.bytes::<12>()));
    let mark = app.form_marks.text(&[b"known browser", account.as_bytes(), browser.as_bytes()]);
    let others = entries(&cookie).filter(|entry| !is_of(app, &account, entry));
    let others = others.map(|entry| format!("{}.{}", entry.browser, entry.mark)).take(MOST_ACCOUNTS - 1);
    let all: Vec<String> = std::iter::once(format!("{browser}.{mark}")).chain(others).collect();
    cookies::later(request, CookieKind::KnownBrowser.write(base_url, &all.join("~"), Some(LIFETIME)));
}
