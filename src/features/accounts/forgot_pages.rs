//! `/forgot-password`: a link to choose a new password, for whoever reads the mail of that address.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::fields::FormErrors;
use super::resets;
use super::views::visitor_csrf;
use crate::base::error::AppResult;
use crate::platform::app::App;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::page::{PageResult, page, unprocessable};

/// No answer comes sooner, so that its time does not tell whether a mail was queued.
const SOONEST: Duration = Duration::from_millis(200);

/// What the form sends.
#[derive(Deserialize)]
pub struct ForgotForm {
    email: String,
}

#[derive(Template)]
#[template(path = "accounts/forgot.html")]
struct ForgotPage {
    host: String,
    csrf: String,
    errors: FormErrors,
    email: String,
}

#[derive(Template)]
#[template(path = "accounts/forgot_sent.html")]
struct SentPage {
    host: String,
    /// Mails leave this installation; otherwise they become files on its machine.
    mails: bool,
}

/// `GET /forgot-password`
pub async fn show(request: HttpRequest, app: web::Data<App>) -> PageResult {
    page(&ForgotPage {
        host: app.config.server.base_url.host(),
        csrf: visitor_csrf(&request, &app),
        errors: FormErrors::default(),
        email: String::new(),
    })
}

/// `POST /forgot-password`: says the same whether or not somebody has the address.
pub async fn request_link(request: HttpRequest, app: web::Data<App>, form: CsrfForm<ForgotForm>) -> PageResult {
    let mut errors = FormErrors::default();
    let email = errors.email("email", &form.value.email);
    let host = app.config.server.base_url.host();
    if !errors.is_empty() {
        return unprocessable(&ForgotPage {
            host,
            csrf: visitor_csrf(&request, &app),
            errors,
            email: form.value.email,
        });
    }
    let ip = client_ip(&request, &app.config.server.trusted_proxies);
    app.count_sign_in(ip, &format!("forgot {email}")).await?;
    let (queued, ()) = tokio::join!(queue(&app, email), tokio::time::sleep(SOONEST));
    queued?;
    page(&SentPage { host, mails: app.config.mail.smtp_url.is_some() })
}

async fn queue(app: &App, email: String) -> AppResult<()> {
    app.write(move |tx| resets::request(tx, &email)).await
}
