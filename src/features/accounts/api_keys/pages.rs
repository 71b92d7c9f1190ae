//! `/settings/api-keys`: make a key, shown this once; see and revoke keys.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use askama::Template;
use time::{Date, Duration};

use super::{ApiKeyRow, NewApiKey, Scope};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ApiKeyId, MemberId};
use crate::features::accounts::fields::{FormErrors, NoFields};
use crate::features::accounts::guard::{Admin, SignedIn};
use crate::features::accounts::members::role_now;
use crate::features::accounts::store::{Maker, lock_members, makers};
use crate::features::accounts::views::{MomentView, names_in_words};
use crate::features::accounts::{Acting, owners_of};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

struct KeyView {
    name: String,
    prefix: String,
    may: Vec<&'static str>,
    made: MomentView,
    /// By whom; empty for a command.
    maker: String,
    /// Whether that is no member any more.
    maker_left: bool,
    used: Option<MomentView>,
    expires: Option<MomentView>,
    /// `Works`, `Expired` or `Revoked`.
    state: &'static str,
    revocation_url: String,
}

struct ScopeView {
    value: &'static str,
    words: &'static str,
    chosen: bool,
}

impl ScopeView {
    fn id(&self) -> String {
        format!("scope-{}", self.value.replace([':', '_'], "-"))
    }
}

/// A key that was just made, on the one page that shows it.
struct ApiKeyMadeView {
    name: String,
    token: PlainToken,
}

#[derive(Template)]
#[template(path = "accounts/settings/api_keys.html")]
struct KeysPage {
    frame: OwnerFrame,
    tab: &'static str,
    errors: FormErrors,
    may_change: bool,
    ask: String,
    keys: Vec<KeyView>,
    name: String,
    expires: String,
    scopes: Vec<ScopeView>,
    made: Option<ApiKeyMadeView>,
    made_before: bool,
}

/// What the form sends: one `scope` for every box that is ticked.
struct KeyForm {
    name: String,
    expires: String,
    scopes: Vec<Scope>,
}

impl KeyForm {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let first =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let chosen = |scope: &Scope| pairs.iter().any(|(key, value)| key == "scope" && value == scope.as_str());
        Self {
            name: first("name"),
            expires: first("expires"),
            scopes: Scope::ALL.iter().copied().filter(chosen).collect(),
        }
    }

    /// The key's name and end.
    fn check(&self, errors: &mut FormErrors, now: UtcTime) -> (String, Option<UtcTime>) {
        let name = errors.name("name", "Name", &self.name);
        if self.scopes.is_empty() {
            errors.add("scope-sources-read", "Choose what the key may do");
        }
        let end = end_of_day(self.expires.trim());
        match end {
            Err(sentence) => errors.add("expires", sentence),
            Ok(Some(end)) if end <= now => errors.add("expires", "Expires on must be a day that is not over"),
            Ok(_) => {}
        }
        (name, end.unwrap_or_default())
    }
}

/// The end of a day in UTC; no text is no end.
fn end_of_day(text: &str) -> Result<Option<UtcTime>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let form = time::macros::format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, form).map_err(|_| "Expires on must be a real date, like 2026-03-14")?;
    Ok(Some(UtcTime::new(day.midnight().assume_utc()) + Duration::DAY))
}

/// `GET /settings/api-keys`
pub async fn index(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    page(&keys_page(&request, &app, &member).await?)
}

async fn keys_page(request: &HttpRequest, app: &App, member: &SignedIn) -> AppResult<KeysPage> {
    let (id, now) = (member.workspace_id.clone(), app.clock.now());
    let read = app.db.read(move |conn| Ok((super::list(conn, &id)?, owners_of(conn, &id)?, makers(conn, &id)?)));
    let (rows, owners, makers) = read.await?;
    Ok(KeysPage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_API_KEYS,
        errors: FormErrors::default(),
        may_change: member.role.may_administer(),
        ask: names_in_words(&owners),
        keys: rows.into_iter().map(|row| key_view(row, &makers, now)).collect(),
        name: String::new(),
        expires: String::new(),
        scopes: scope_views(&[]),
        made: None,
        made_before: false,
    })
}

fn key_view(row: ApiKeyRow, makers: &HashMap<MemberId, Maker>, now: UtcTime) -> KeyView {
    let maker = row.created_by.as_ref().and_then(|id| makers.get(id));
    let state = match (row.revoked_at, row.expires_at) {
        (Some(_), _) => "Revoked",
        (None, Some(end)) if end <= now => "Expired",
        (None, _) => "Works",
    };
    KeyView {
        may: row.scopes().into_iter().map(Scope::words).collect(),
        revocation_url: urls::api_key_revocation(&row.id),
        name: row.name,
        prefix: row.prefix,
        made: row.created_at.into(),
        maker: maker.map(|maker| maker.name.clone()).unwrap_or_default(),
        maker_left: maker.is_some_and(|maker| maker.left),
        used: row.last_used_at.map(MomentView::from),
        // The row keeps the first moment after the last day; people think of the day.
        expires: row.expires_at.map(|end| MomentView::from(end - Duration::SECOND)),
        state,
    }
}

fn scope_views(chosen: &[Scope]) -> Vec<ScopeView> {
    Scope::ALL
        .iter()
        .map(|scope| ScopeView { value: scope.as_str(), words: scope.words(), chosen: chosen.contains(scope) })
        .collect()
}

/// `POST /settings/api-keys`: answers with the page that shows the key, this once.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let is_review = form.is_review;
    let key_form = KeyForm::read(form.value);
    let mut errors = FormErrors::default();
    let (name, end) = key_form.check(&mut errors, app.clock.now());
    if is_review || !errors.is_empty() {
        let view = keys_page(&request, &app, &member).await?;
        let scopes = scope_views(&key_form.scopes);
        return unprocessable(&KeysPage { errors, name: key_form.name, expires: key_form.expires, scopes, ..view });
    }
    // The nonce of the form is the key's id: the same form sent twice makes one key.
    let id = ApiKeyId::from_text(&form.token.nonce);
    let token = make(&app, member.acting(), id, name.clone(), key_form.scopes, end).await?;
    let view = keys_page(&request, &app, &member).await?;
    page(&KeysPage { made_before: token.is_none(), made: token.map(|token| ApiKeyMadeView { name, token }), ..view })
}

async fn make(
    app: &App,
    who: Acting,
    id: ApiKeyId,
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<UtcTime>,
) -> AppResult<Option<PlainToken>> {
    app.write(move |tx| {
        // Whoever is just being removed makes no key that nobody was asked about.
        lock_members(tx.conn, &who.workspace)?;
        if !role_now(tx.conn, &who)?.may_administer() {
            return Err(AppError::Forbidden);
        }
        let actor = Actor::Member { id: who.member.clone(), name: who.name.clone() };
        let new = NewApiKey {
            id,
            workspace: &who.workspace,
            name: &name,
            scopes: &scopes,
            expires_at,
            created_by: Some(&who.member),
            actor,
        };
        super::create(tx, &new)
    })
    .await
}

/// `POST /settings/api-keys/{id}/revocation`
pub async fn revoke(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<NoFields>,
) -> PageResult {
    let (who, actor, id) = (member.acting(), member.actor(), ApiKeyId::from_text(&id));
    let revoked = app.write(move |tx| {
        if !role_now(tx.conn, &who)?.may_administer() {
            return Err(AppError::Forbidden);
        }
        super::revoke(tx, &who.workspace, &id, actor)
    });
    revoked.await?.ok_or(AppError::NotFound)?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_API_KEYS, Flash::KeyRevoked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        assert_eq!(
            end_of_day("2026-03-14").map(|end| end.map(UtcTime::iso)),
            Ok(Some("2026-03-15T00:00:00Z".to_owned()))
        );
        assert_eq!(end_of_day(""), Ok(None));
        for text in ["2026-02-30", "14.3.2026", "tomorrow", "2026-3-14"] {
            assert!(end_of_day(text).is_err(), "{text}");
        }
    }
}
