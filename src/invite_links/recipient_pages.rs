//! What somebody outside opens: look at the form, send it.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::guard::{KnownInviteLink, OpenInviteLink};
use super::recipient_view::{Answer, DeadPage, FormPage, Typed};
use super::submit::{self, Arrival, Outcome, Sent};
use super::{InviteState, LONGEST_IDENTITY};
use crate::app::App;
use crate::connections;
use crate::connectors::spec_form::{self, Audience, Decoded, Known, Layer};
use crate::error::{AppError, AppResult};
use crate::forms::{FormState, RawForm};
use crate::held;
use crate::web::csrf::{self, FormBehind, FormToken};
use crate::web::page::{PageResult, page, page_with, see_other, unprocessable};
use crate::web::urls;

/// `GET /invite/{token}`. Spends nothing.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenInviteLink) -> PageResult {
    let token = csrf::token(&request, &app).ok_or(AppError::NotFound)?;
    let typed = Typed { state: &FormState::empty(), identity: "", identity_problem: None, answer: Answer::Fresh };
    page(&FormPage::new(&link, typed, &token, &app)?)
}

/// `POST /invite/{token}`
pub async fn submit(
    app: web::Data<App>,
    request: HttpRequest,
    sent: FormBehind<KnownInviteLink, Vec<(String, String)>>,
) -> PageResult {
    let FormBehind { guard: known, form } = sent;
    app.limits.submit(known.ip)?;
    let nonce = form.token.nonce.clone();
    if submit::was_sent(&app, &known.link, &nonce).await? {
        return Ok(to_receipt(&submit::receipt_key(&app, &known.link, &nonce)));
    }
    let link = known.into_open(&app)?;
    let mut raw = RawForm::from_pairs(form.value);
    raw.fill_blank(&held_form(&link, &nonce).load(&app).await?);
    let identity = raw.first("identity").unwrap_or_default().trim().to_owned();
    let layer = if raw.first("intent") == Some("partial") { Layer::Draft } else { Layer::Final };
    let decoded = decode(&link, &raw, layer);
    let nothing = decoded.errors.is_empty() && decoded.submission.is_empty() && !may_be_empty(&link, layer);
    let problem = identity_problem(&identity);
    if nothing || problem.is_some() || !decoded.errors.is_empty() {
        let again = Again { request: &request, nonce: &nonce, identity: &identity, problem, nothing };
        return again.show(&app, &link, decoded).await;
    }
    let arrival = Arrival { description: description(&link, &identity), submission: decoded.submission };
    send(&app, link, Sent { arrivals: vec![arrival], identity, nonce }).await
}

async fn send(app: &App, link: OpenInviteLink, sent: Sent) -> PageResult {
    match submit::submit(app, &link.known.link, &link.connector, sent).await? {
        Outcome::Taken { receipt_key } => Ok(to_receipt(&receipt_key)),
        Outcome::Closed => closed_meanwhile(app, link.known).await,
    }
}

fn to_receipt(key: &str) -> HttpResponse {
    see_other(&urls::invite_receipt(key))
}

fn held_form(link: &OpenInviteLink, nonce: &str) -> held::Form {
    let link = &link.known.link;
    held::Form { workspace: link.workspace_id.clone(), link: link.id.to_string(), nonce: nonce.to_owned() }
}

fn decode(link: &OpenInviteLink, raw: &RawForm, layer: Layer) -> Decoded {
    let audience = Audience::Recipient { workspace: link.known.workspace.name.clone() };
    spec_form::decode(&link.connector.spec, raw, &Known::default(), layer, &audience)
}

/// Sending nothing makes sense only when nothing is needed.
fn may_be_empty(link: &OpenInviteLink, layer: Layer) -> bool {
    matches!(layer, Layer::Final) && spec_form::missing_required(&link.connector.spec, &Known::default()).is_empty()
}

/// What is wrong with who somebody says they are, if anything.
fn identity_problem(text: &str) -> Option<String> {
    if text.chars().count() > LONGEST_IDENTITY {
        return Some(format!("Your name or company must be {LONGEST_IDENTITY} characters or fewer"));
    }
    text.chars().any(char::is_control).then(|| "Your name or company must be one line of text".to_owned())
}

/// What the new connection is called: who sent it, and what it is; else as its link is called.
fn description(link: &OpenInviteLink, identity: &str) -> String {
    let name = match identity {
        "" => link.known.link.name.clone(),
        who => format!("{who} – {}", link.connector.name()),
    };
    name.chars().take(connections::LONGEST_DESCRIPTION).collect()
}

/// The form again: what was typed stays, secrets are held sealed, the form keeps its nonce.
struct Again<'a> {
    request: &'a HttpRequest,
    nonce: &'a str,
    identity: &'a str,
    problem: Option<String>,
    nothing: bool,
}

impl Again<'_> {
    async fn show(self, app: &App, link: &OpenInviteLink, decoded: Decoded) -> PageResult {
        let state = self.hold(app, link, decoded).await?;
        let binding = csrf::binding(self.request, app).ok_or(AppError::NotFound)?;
        let token = FormToken::again(&app.form_marks, &binding, app.clock.now(), self.nonce);
        let answer = if self.nothing && self.problem.is_none() { Answer::NothingEntered } else { Answer::Problems };
        let typed = Typed { state: &state, identity: self.identity, identity_problem: self.problem, answer };
        unprocessable(&FormPage::new(link, typed, &token, app)?)
    }

    async fn hold(&self, app: &App, link: &OpenInviteLink, decoded: Decoded) -> AppResult<FormState> {
        let names: BTreeSet<String> = decoded.typed_secrets.keys().cloned().collect();
        let ends = link.known.link.ends_at();
        Ok(match held_form(link, self.nonce).keep(app, &decoded.typed_secrets, ends).await? {
            Some(until) => decoded.state.with_held(names, until.hour()),
            None => decoded.state,
        })
    }
}

/// The link was closed between reading the form and sending it: the page of a dead link, with what is true now.
async fn closed_meanwhile(app: &App, known: KnownInviteLink) -> PageResult {
    let known = known.reload(app).await?;
    match known.link.state(app.clock.now()) {
        InviteState::Active => {
            Err(AppError::Conflict("This link has no room for so many connections any more. Choose fewer.").into())
        }
        state => page_with(StatusCode::GONE, &DeadPage::new(&known, state, app)),
    }
}
