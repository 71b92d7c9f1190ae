//! What somebody outside opens: look at the form, sign in with the provider, try out what was typed, send it.

use std::ops::ControlFlow;

use actix_web::{HttpRequest, web};

use super::guard::OpenSetupLink;
use super::{SetupLink, opened, reconnect, try_out};
use crate::features::recipient::{FormRequest, SentForm, show_form};
use crate::platform::app::App;
use crate::platform::web::page::PageResult;

/// `GET /scl/{token}`. Spends nothing; that somebody looked is noted beside the link.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenSetupLink) -> PageResult {
    opened::note(&app, &link.known.link.row, opened::agent(&request)).await?;
    show_form(&app, &request, link).await
}

/// `POST /scl/{token}`
pub async fn submit(app: web::Data<App>, request: HttpRequest, sent: SentForm<SetupLink>) -> PageResult {
    let form_request = match FormRequest::begin(&app, &request, sent).await? {
        ControlFlow::Continue(form_request) => form_request,
        ControlFlow::Break(receipt) => return Ok(receipt),
    };
    if let Some(wish) = try_out::TestWish::read(&form_request) {
        return try_out::answer(form_request, wish).await;
    }
    if form_request.form.is_reconnect() && !form_request.is_sign_in() {
        return reconnect::send(form_request).await;
    }
    form_request.answer().await
}
