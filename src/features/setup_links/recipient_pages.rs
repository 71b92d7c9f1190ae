//! What somebody outside opens: look at the form, sign in with the provider, send it.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::guard::{KnownSetupLink, OpenSetupLink, SentForm};
use super::recipient_view::{Answer, DeadPage, FormPage, frame};
use super::sheet::Sheet;
use super::submit::{self, Outcome};
use super::{opened, reconnect, try_out};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FormState, RawForm};
use crate::features::oauth::{self, ACCOUNT_FIELD, Leaving};
use crate::features::recipient::held;
use crate::platform::app::App;
use crate::platform::web::csrf::{self, FormToken};
use crate::platform::web::page::{PageResult, page, page_with, see_other, unprocessable};
use crate::platform::web::urls;
use crate::schema::form::{Decoded, Strictness};

/// `GET /scl/{token}`. Spends nothing; that somebody looked is noted beside the link.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenSetupLink) -> PageResult {
    opened::note(&app, &link.known.link, opened::agent(&request)).await?;
    let token = csrf::token(&request, &app).ok_or(AppError::NotFound)?;
    let sheet = Sheet::of(&app, &request, link).await?;
    let state = sheet.resumed(&app);
    page(&FormPage::new(&sheet, &state, &token, &Answer::Fresh, &app)?)
}

/// `POST /scl/{token}`
pub async fn submit(app: web::Data<App>, request: HttpRequest, sent: SentForm) -> PageResult {
    let SentForm { known, form } = sent;
    app.limits.submit(known.ip)?;
    if known.link.form_nonce.as_deref() == Some(form.token.nonce.as_str()) {
        return Ok(to_receipt(&submit::receipt_key(&app, &known.link.id, &form.token.nonce)));
    }
    let sheet = Sheet::of(&app, &request, known.into_open(&app)?).await?;
    let mut raw = RawForm::from_pairs(form.value);
    raw.fill_blank(&held_form(&sheet.link, &form.token.nonce).load(&app).await?);
    if let Some(desk) = &sheet.desk {
        desk.fill_blank(&mut raw);
    }
    let act = Act { app: &app, request: &request, raw, nonce: form.token.nonce };
    if let Some(wish) = try_out::Wish::read(&act.raw, &sheet) {
        return try_out::answer(&act, sheet, wish).await;
    }
    match (act.raw.first("intent"), sheet.desk.is_some()) {
        (Some("sign-in"), true) => act.sign_in(sheet).await,
        (Some("find"), true) => act.find(sheet).await,
        (Some("partial"), _) if !sheet.is_reconnect() => act.send(sheet, Strictness::Draft).await,
        _ => act.send(sheet, Strictness::Final).await,
    }
}

/// One form that was sent.
pub(super) struct Act<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a HttpRequest,
    pub(super) raw: RawForm,
    pub(super) nonce: String,
}

impl Act<'_> {
    /// To the provider; whatever was typed comes back with the person.
    async fn sign_in(&self, sheet: Sheet) -> PageResult {
        let Some(desk) = &sheet.desk else { return Err(AppError::NotFound.into()) };
        let decoded = sheet.decode(&self.raw, Strictness::Draft);
        match desk.inputs(&self.raw) {
            Ok(inputs) => oauth::leave(self.app, self.request, desk, self.leaving(&sheet, &decoded), inputs).await,
            Err(problems) => self.again(&sheet, decoded, &Answer::Inputs(problems)).await,
        }
    }

    /// The same page, with other accounts shown.
    async fn find(&self, sheet: Sheet) -> PageResult {
        let Some(desk) = &sheet.desk else { return Err(AppError::NotFound.into()) };
        let decoded = sheet.decode(&self.raw, Strictness::Draft);
        oauth::keep(self.app, self.request, desk, &self.leaving(&sheet, &decoded)).await
    }

    fn leaving<'a>(&'a self, sheet: &Sheet, decoded: &'a Decoded) -> Leaving<'a> {
        Leaving {
            return_to: self.request.path().to_owned(),
            until: sheet.link.until,
            raw: &self.raw,
            decoded,
            beside: &[],
            frame: frame(&sheet.link.known, self.app),
        }
    }

    async fn send(&self, mut sheet: Sheet, layer: Strictness) -> PageResult {
        let chosen: Vec<String> = self.raw.all(ACCOUNT_FIELD).map(str::to_owned).collect();
        let refused = sheet.plan(&chosen, layer)?;
        if sheet.is_reconnect() {
            return reconnect::send(self, sheet).await;
        }
        let decoded = sheet.decode_to_send(&self.raw, layer);
        if let Some(problem) = refused {
            return self.again(&sheet, decoded, &Answer::Accounts(problem)).await;
        }
        if !decoded.errors.is_empty() {
            return self.again(&sheet, decoded, &Answer::Problems).await;
        }
        if decoded.submission.is_empty() && !sheet.may_be_empty(layer) {
            return self.again(&sheet, decoded, &Answer::NothingEntered).await;
        }
        self.take(sheet, decoded).await
    }

    async fn take(&self, sheet: Sheet, decoded: Decoded) -> PageResult {
        let (sent, known) = sheet.into_sent(decoded.submission);
        let done = submit::submit(self.app, &known.link, &self.nonce, sent).await;
        self.answer(done, known).await
    }

    pub(super) async fn answer(&self, done: AppResult<Outcome>, known: KnownSetupLink) -> PageResult {
        match done {
            Ok(Outcome::Taken { receipt_key }) => Ok(to_receipt(&receipt_key)),
            Ok(Outcome::Closed) | Err(AppError::Conflict(_)) => closed_meanwhile(self.app, known).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The form again: what was typed stays, secrets are held sealed, the form keeps its nonce.
    pub(super) async fn again(&self, sheet: &Sheet, decoded: Decoded, answer: &Answer) -> PageResult {
        unprocessable(&self.form_again(sheet, decoded, answer).await?)
    }

    pub(super) async fn form_again(&self, sheet: &Sheet, decoded: Decoded, answer: &Answer) -> AppResult<FormPage> {
        let state = hold(self.app, &sheet.link, decoded, &self.nonce).await?;
        let binding = csrf::binding(self.request, self.app).ok_or(AppError::NotFound)?;
        let token = FormToken::again(&self.app.form_marks, &binding, self.app.clock.now(), &self.nonce);
        FormPage::again(sheet, &state, &token, answer, &self.raw, self.app)
    }
}

fn to_receipt(key: &str) -> HttpResponse {
    see_other(&urls::receipt(key))
}

async fn hold(app: &App, link: &OpenSetupLink, decoded: Decoded, nonce: &str) -> AppResult<FormState> {
    let names: BTreeSet<String> = decoded.typed_secrets.keys().cloned().collect();
    Ok(match held_form(link, nonce).keep(app, &decoded.typed_secrets, link.until).await? {
        Some(until) => decoded.state.with_held(names, until.hour()),
        None => decoded.state,
    })
}

fn held_form(link: &OpenSetupLink, nonce: &str) -> held::Form {
    let link = &link.known.link;
    held::Form { workspace: link.workspace_id.clone(), link: link.id.to_string(), nonce: nonce.to_owned() }
}

/// The link was closed between reading the form and sending it: the page of a dead link, with what is true now.
async fn closed_meanwhile(app: &App, known: KnownSetupLink) -> PageResult {
    let known = known.reload(app).await?;
    let reason = known
        .closed(app.clock.now())
        .ok_or(AppError::Conflict("This link changed while you were sending. Send again."))?;
    page_with(StatusCode::GONE, &DeadPage::new(&known, reason, app))
}
