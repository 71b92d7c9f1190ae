//! `/settings/appearance`: how pages look to the member. Every role may choose.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::guard::SignedIn;
use super::views::FormChoice;
use super::{Theme, store};
use crate::base::error::AppError;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// What the form sends.
#[derive(Deserialize)]
pub struct AppearanceForm {
    theme: String,
}

#[derive(Template)]
#[template(path = "accounts/settings/appearance.html")]
struct AppearancePage {
    frame: OwnerFrame,
    tab: &'static str,
    themes: Vec<FormChoice>,
}

/// `GET /settings/appearance`
pub async fn show(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let choice = |theme: &Theme| FormChoice {
        value: theme.as_str(),
        words: theme.words(),
        hint: "",
        chosen: *theme == member.theme,
    };
    page(&AppearancePage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_APPEARANCE,
        themes: Theme::ALL.iter().map(choice).collect(),
    })
}

/// `POST /settings/appearance`
pub async fn save(app: web::Data<App>, member: SignedIn, form: CsrfForm<AppearanceForm>) -> PageResult {
    let theme = Theme::parse(&form.value.theme).ok_or(AppError::Unreadable("no such theme"))?;
    let (workspace, id) = (member.workspace_id.clone(), member.member_id.clone());
    app.db.write(move |conn| Ok(store::set_theme(conn, &workspace, &id, theme)?)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_APPEARANCE, Flash::AppearanceSaved))
}
