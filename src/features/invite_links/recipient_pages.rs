//! What somebody outside opens: look at the form, sign in with the provider, send it.

use std::ops::ControlFlow;

use actix_web::{HttpRequest, web};

use super::guard::OpenInviteLink;
use super::store::InviteLink;
use crate::features::recipient::{FormRequest, SentForm, show_form};
use crate::platform::app::App;
use crate::platform::web::page::PageResult;

/// `GET /invite/{token}`. Spends nothing.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenInviteLink) -> PageResult {
    show_form(&app, &request, link).await
}

/// `POST /invite/{token}`
pub async fn submit(app: web::Data<App>, request: HttpRequest, sent: SentForm<InviteLink>) -> PageResult {
    match FormRequest::begin(&app, &request, sent).await? {
        ControlFlow::Continue(form_request) => form_request.answer().await,
        ControlFlow::Break(receipt) => Ok(receipt),
    }
}
