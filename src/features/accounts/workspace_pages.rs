//! `/settings/workspace`: name, colour, and whom recipients may ask.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::fields::{FormErrors, LONGEST_CONTACT, one_line};
use super::guard::{Admin, SignedIn};
use super::members::role_now;
use super::preview::Preview;
use super::views::names_in_words;
use super::{WorkspaceCard, owners_of, store};
use crate::base::error::{AppError, AppResult};
use crate::platform::activity::Event;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::{accent, urls};

/// What the form sends; `intent` is `preview` to look at the colour before it is saved.
#[derive(Deserialize)]
pub struct WorkspaceForm {
    name: String,
    accent: String,
    contact: String,
    #[serde(default)]
    intent: String,
}

#[derive(Template)]
#[template(path = "accounts/settings/workspace.html")]
struct WorkspacePage {
    frame: OwnerFrame,
    tab: &'static str,
    errors: FormErrors,
    may_change: bool,
    ask: String,
    slug: String,
    name: String,
    accent: String,
    contact: String,
    preview: Preview,
    unsaved: bool,
}

/// `GET /settings/workspace`
pub async fn show(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let id = member.workspace_id.clone();
    let (card, owners) = app
        .db
        .read(move |conn| Ok((store::find_workspace(conn, &id)?.ok_or(AppError::NotFound)?, owners_of(conn, &id)?)))
        .await?;
    page(&WorkspacePage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_WORKSPACE,
        errors: FormErrors::default(),
        may_change: member.role.may_administer(),
        ask: names_in_words(&owners),
        slug: card.slug,
        preview: Preview::new(&card.name, &card.accent),
        name: card.name,
        accent: card.accent,
        contact: card.contact,
        unsaved: false,
    })
}

/// `POST /settings/workspace`
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    form: CsrfForm<WorkspaceForm>,
) -> PageResult {
    let (form, is_review) = (form.value, form.is_review);
    let mut errors = FormErrors::default();
    let card = checked(&member, &form, &mut errors);
    if errors.is_empty() && form.intent != "preview" && !is_review {
        store_card(&app, &member, card).await?;
        return Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_WORKSPACE, Flash::WorkspaceSaved));
    }
    let view = WorkspacePage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_WORKSPACE,
        may_change: true,
        ask: String::new(),
        slug: card.slug,
        preview: Preview::new(&card.name, &card.accent),
        name: form.name,
        accent: form.accent,
        contact: form.contact,
        unsaved: errors.is_empty(),
        errors,
    };
    if view.unsaved { page(&view) } else { unprocessable(&view) }
}

/// The workspace as the form wants it; a colour that is none stays as it was.
fn checked(member: &SignedIn, form: &WorkspaceForm, errors: &mut FormErrors) -> WorkspaceCard {
    let name = errors.name("name", "Workspace name", &form.name);
    let accent = digits(&form.accent);
    if accent.is_none() {
        errors.add("accent", "Colour must be six hexadecimal digits, like 0f766e");
    }
    let contact = one_line(&form.contact);
    errors.within("contact", "Contact", &contact, LONGEST_CONTACT);
    WorkspaceCard {
        id: member.workspace_id.clone(),
        slug: member.workspace_slug.clone(),
        name,
        accent: accent.unwrap_or_else(|| member.workspace_accent.clone()),
        contact,
    }
}

async fn store_card(app: &App, member: &SignedIn, card: WorkspaceCard) -> AppResult<()> {
    let who = member.acting();
    app.write(move |tx| {
        if !role_now(tx.conn, &who)?.may_administer() {
            return Err(AppError::Forbidden);
        }
        store::update_workspace(tx.conn, &card)?;
        who.note(tx, Event::WorkspaceChanged, &card.name)
    })
    .await
}

/// The six digits of a typed colour; `#` in front and the short form of three are understood.
fn digits(typed: &str) -> Option<String> {
    let text = typed.trim().trim_start_matches('#');
    let long = if text.len() == 3 { text.chars().flat_map(|digit| [digit, digit]).collect() } else { text.to_owned() };
    accent::parse_hex(&long).map(accent::Hex::digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_kindly() {
        for (typed, read) in [
            ("#0F766E", Some("0f766e")),
            (" 0f766e ", Some("0f766e")),
            ("#1af", Some("11aaff")),
            ("teal", None),
            ("", None),
            ("#12345", None),
        ] {
            assert_eq!(digits(typed).as_deref(), read, "{typed}");
        }
    }
}
