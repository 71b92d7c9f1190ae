//! What somebody outside opens: look at the form, send it.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::guard::{KnownSetupLink, OpenSetupLink, SentForm};
use super::recipient_view::{Answer, DeadPage, FormPage};
use super::submit::{self, Outcome};
use super::{held, opened, try_out};
use crate::app::App;
use crate::connectors::spec_form::{self, Audience, Decoded, Layer, Submission};
use crate::error::{AppError, AppResult};
use crate::forms::{FieldRef, FormState, RawForm};
use crate::web::csrf::{self, FormToken};
use crate::web::page::{PageResult, page, page_with, see_other, unprocessable};
use crate::web::urls;

/// `GET /scl/{token}`. Spends nothing; that somebody looked is noted beside the link.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenSetupLink) -> PageResult {
    opened::note(&app, &link.known.link, opened::agent(&request)).await?;
    let token = csrf::token(&request, &app).ok_or(AppError::NotFound)?;
    page(&FormPage::new(&link, &FormState::empty(), &token, &Answer::Fresh, &app)?)
}

/// `POST /scl/{token}`
pub async fn submit(app: web::Data<App>, request: HttpRequest, sent: SentForm) -> PageResult {
    let SentForm { known, form } = sent;
    app.limits.submit(known.ip)?;
    if known.link.form_nonce.as_deref() == Some(form.token.nonce.as_str()) {
        return Ok(to_receipt(&submit::receipt_key(&app, &known.link.id, &form.token.nonce)));
    }
    let link = known.into_open(&app)?;
    let nonce = form.token.nonce.clone();
    let mut raw = RawForm::from_pairs(form.value);
    raw.fill_blank(&held::load(&app, &link.known.link, &nonce).await?);
    if let Some(wish) = try_out::Wish::read(&raw, &link) {
        return try_out::answer(&app, &request, &link, (&raw, &nonce), wish).await;
    }
    let layer = if raw.first("intent") == Some("partial") { Layer::Draft } else { Layer::Final };
    let decoded = decode(&link, &raw, layer);
    if !decoded.errors.is_empty() {
        return again(&app, &request, &link, decoded, &nonce, &Answer::Problems).await;
    }
    if decoded.submission.is_empty() && !may_be_empty(&link, layer) {
        return again(&app, &request, &link, decoded, &nonce, &Answer::NothingEntered).await;
    }
    send(&app, link, decoded.submission, &nonce).await
}

async fn send(app: &App, link: OpenSetupLink, submission: Submission, nonce: &str) -> PageResult {
    let left_empty = left_empty(&link, &submission);
    let done = submit::submit(app, &link.known.link, &link.connector, nonce, submission, left_empty).await;
    match done {
        Ok(Outcome::Taken { receipt_key }) => Ok(to_receipt(&receipt_key)),
        Ok(Outcome::Closed) | Err(AppError::Conflict(_)) => closed_meanwhile(app, link.known).await,
        Err(error) => Err(error.into()),
    }
}

fn to_receipt(key: &str) -> HttpResponse {
    see_other(&urls::receipt(key))
}

pub(super) fn decode(link: &OpenSetupLink, raw: &RawForm, layer: Layer) -> Decoded {
    let audience = Audience::Recipient { workspace: link.known.workspace.name.clone() };
    spec_form::decode(&link.connector.spec, raw, &link.known.connection.known_to_recipients(), layer, &audience)
}

fn left_empty(link: &OpenSetupLink, submission: &Submission) -> Vec<FieldRef> {
    submission.left_empty(&link.connector.spec, &link.known.connection.known_to_recipients())
}

/// Sending nothing makes sense only as "it is complete as it is".
fn may_be_empty(link: &OpenSetupLink, layer: Layer) -> bool {
    let known = link.known.connection.known_to_recipients();
    matches!(layer, Layer::Final) && spec_form::missing_required(&link.connector.spec, &known).is_empty()
}

/// The form again: what was typed stays, secrets are held sealed, the form keeps its nonce.
pub(super) async fn again(
    app: &App,
    request: &HttpRequest,
    link: &OpenSetupLink,
    decoded: Decoded,
    nonce: &str,
    answer: &Answer,
) -> PageResult {
    let state = hold(app, link, decoded, nonce).await?;
    let binding = csrf::binding(request, app).ok_or(AppError::NotFound)?;
    let token = FormToken::again(&app.form_marks, &binding, app.clock.now(), nonce);
    unprocessable(&FormPage::new(link, &state, &token, answer, app)?)
}

pub(super) async fn hold(app: &App, link: &OpenSetupLink, decoded: Decoded, nonce: &str) -> AppResult<FormState> {
    let names: BTreeSet<String> = decoded.typed_secrets.keys().cloned().collect();
    Ok(match held::keep(app, &link.known.link, nonce, &decoded.typed_secrets).await? {
        Some(until) => decoded.state.with_held(names, until.hour()),
        None => decoded.state,
    })
}

/// The link was closed between reading the form and sending it: the page of a dead link, with what is true now.
async fn closed_meanwhile(app: &App, known: KnownSetupLink) -> PageResult {
    let known = known.reload(app).await?;
    let reason = known
        .closed(app.clock.now())
        .ok_or(AppError::Conflict("This link changed while you were sending. Send again."))?;
    page_with(StatusCode::GONE, &DeadPage::new(&known, reason, app))
}
