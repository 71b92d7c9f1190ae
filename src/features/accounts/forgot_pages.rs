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
use crate::platform::email::MailSentence;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::slowed_tries::TryKind;

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
    offer: &'static str,
    button: &'static str,
}

#[derive(Template)]
#[template(path = "accounts/forgot_sent.html")]
struct SentPage {
    host: String,
    headline: &'static str,
    made: &'static str,
    missing: &'static str,
}

/// `GET /forgot-password`
pub async fn show(request: HttpRequest, app: web::Data<App>) -> PageResult {
    page(&ForgotPage::new(&request, &app, FormErrors::default(), String::new()))
}

impl ForgotPage {
    fn new(request: &HttpRequest, app: &App, errors: FormErrors, email: String) -> Self {
        Self {
            host: app.config.server.base_url.host(),
            csrf: visitor_csrf(request, app),
            errors,
            email,
            offer: MailSentence::PasswordLinkOffer.of(&app.config.mail),
            button: MailSentence::PasswordLinkButton.of(&app.config.mail),
        }
    }
}

/// `POST /forgot-password`: says the same whether or not somebody has the address.
pub async fn request_link(request: HttpRequest, app: web::Data<App>, form: CsrfForm<ForgotForm>) -> PageResult {
    let mut errors = FormErrors::default();
    let email = errors.email("email", &form.value.email);
    if !errors.is_empty() {
        return unprocessable(&ForgotPage::new(&request, &app, errors, form.value.email));
    }
    // No answer tells whether it was right, so none ever is.
    app.begin_try(&request, TryKind::ResetMail, &email).await?;
    let (queued, ()) = tokio::join!(queue(&app, email), tokio::time::sleep(SOONEST));
    queued?;
    let says = |sentence: MailSentence| sentence.of(&app.config.mail);
    page(&SentPage {
        host: app.config.server.base_url.host(),
        headline: says(MailSentence::PasswordLinkHeadline),
        made: says(MailSentence::PasswordLinkMade),
        missing: says(MailSentence::PasswordLinkMissing),
    })
}

async fn queue(app: &App, email: String) -> AppResult<()> {
    app.write(move |tx| resets::request(tx, &email)).await
}
