//! What somebody outside opens: look at the form, sign in with the provider, send it.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::LONGEST_IDENTITY;
use super::guard::{KnownInviteLink, OpenInviteLink};
use super::recipient_view::{Answer, FormPage, Typed};
use super::sheet::Sheet;
use super::submit::{self, Outcome};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FormState, RawForm};
use crate::features::oauth::{self, ACCOUNT_FIELD, Leaving, PlanError};
use crate::features::recipient::{held, recipient_frame};
use crate::platform::app::App;
use crate::platform::web::csrf::{self, FormBehind, FormToken};
use crate::platform::web::page::{PageResult, page, see_other, unprocessable};
use crate::platform::web::urls;
use crate::schema::form::{Decoded, Strictness};

/// Who sends, as they say: the one field that is not the connector's.
const IDENTITY_FIELD: &str = "identity";

/// `GET /invite/{token}`. Spends nothing.
pub async fn show(app: web::Data<App>, request: HttpRequest, link: OpenInviteLink) -> PageResult {
    let token = csrf::token(&request, &app).ok_or(AppError::NotFound)?;
    let sheet = Sheet::of(&app, &request, link).await?;
    let state = sheet.resumed(&app);
    let identity = state.typed(IDENTITY_FIELD).and_then(|typed| typed.first()).map_or("", String::as_str);
    page(&FormPage::new(&sheet, Typed::fresh(&state, identity), &token, &app)?)
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
    let sheet = Sheet::of(&app, &request, known.into_open(&app)?).await?;
    let mut raw = RawForm::from_pairs(form.value);
    raw.fill_blank(&held_form(&sheet.link, &nonce).load(&app).await?);
    if let Some(desk) = &sheet.desk {
        desk.fill_blank(&mut raw);
    }
    let identity = raw.first(IDENTITY_FIELD).unwrap_or_default().trim().to_owned();
    let act = Act { app: &app, request: &request, raw, nonce, identity };
    match (act.raw.first("intent"), sheet.desk.is_some()) {
        (Some("sign-in"), true) => act.sign_in(sheet).await,
        (Some("find"), true) => act.find(sheet).await,
        (Some("partial"), _) => act.send(sheet, Strictness::Draft).await,
        _ => act.send(sheet, Strictness::Final).await,
    }
}

/// One form that was sent.
struct Act<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    raw: RawForm,
    nonce: String,
    /// Who sends, as they say.
    identity: String,
}

impl Act<'_> {
    /// To the provider; whatever was typed comes back with the person.
    async fn sign_in(&self, sheet: Sheet) -> PageResult {
        let Some(desk) = &sheet.desk else { return Err(AppError::NotFound.into()) };
        let decoded = sheet.decode(&self.raw, Strictness::Draft);
        match desk.inputs(&self.raw) {
            Ok(inputs) => oauth::leave(self.app, self.request, desk, self.leaving(&sheet, &decoded), inputs).await,
            Err(problems) => self.again(&sheet, decoded, Answer::Inputs(problems)).await,
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
            until: sheet.link.known.link.ends_at(),
            raw: &self.raw,
            decoded,
            beside: &[IDENTITY_FIELD],
            frame: recipient_frame(&sheet.link.known.workspace, self.app),
        }
    }

    async fn send(&self, mut sheet: Sheet, layer: Strictness) -> PageResult {
        let refused = sheet.plan(&self.chosen(), layer)?;
        let decoded = sheet.decode(&self.raw, layer);
        if let Some(problem) = refused {
            return self.again(&sheet, decoded, Answer::Accounts(problem)).await;
        }
        if !decoded.errors.is_empty() || identity_problem(&self.identity).is_some() {
            return self.again(&sheet, decoded, Answer::Problems).await;
        }
        if decoded.submission.is_empty() && !sheet.may_be_empty(layer) {
            return self.again(&sheet, decoded, Answer::NothingEntered).await;
        }
        let connector = Arc::clone(&sheet.link.connector);
        let (sent, known) = sheet.into_sent(decoded.submission, self.identity.clone(), self.nonce.clone())?;
        match submit::submit(self.app, &known.link, &connector, sent).await? {
            Outcome::Taken { receipt_key } => Ok(to_receipt(&receipt_key)),
            Outcome::Closed => self.not_taken(known, layer).await,
        }
    }

    fn chosen(&self) -> Vec<String> {
        self.raw.all(ACCOUNT_FIELD).map(str::to_owned).collect()
    }

    /// Nothing was taken: the page of a link that closed meanwhile, or, where there is room for some, the form with its ticks.
    async fn not_taken(&self, known: KnownInviteLink, layer: Strictness) -> PageResult {
        let link = known.reload(self.app).await?.into_open(self.app)?;
        let mut sheet = Sheet::of(self.app, self.request, link).await?;
        sheet.plan(&self.chosen(), layer)?;
        let decoded = sheet.decode(&self.raw, layer);
        self.again(&sheet, decoded, Answer::Accounts(PlanError::NoRoom)).await
    }

    /// The form again: what was typed stays, secrets are held sealed, the form keeps its nonce.
    async fn again(&self, sheet: &Sheet, decoded: Decoded, answer: Answer) -> PageResult {
        let state = self.hold(&sheet.link, decoded).await?;
        let binding = csrf::binding(self.request, self.app).ok_or(AppError::NotFound)?;
        let token = FormToken::again(&self.app.form_marks, &binding, self.app.clock.now(), &self.nonce);
        let typed = Typed {
            state: &state,
            identity: &self.identity,
            identity_problem: identity_problem(&self.identity),
            answer,
            raw: Some(&self.raw),
        };
        unprocessable(&FormPage::new(sheet, typed, &token, self.app)?)
    }

    async fn hold(&self, link: &OpenInviteLink, decoded: Decoded) -> AppResult<FormState> {
        let names: BTreeSet<String> = decoded.typed_secrets.keys().cloned().collect();
        let ends = link.known.link.ends_at();
        Ok(match held_form(link, &self.nonce).keep(self.app, &decoded.typed_secrets, ends).await? {
            Some(until) => decoded.state.with_held(names, until.hour()),
            None => decoded.state,
        })
    }
}

fn to_receipt(key: &str) -> HttpResponse {
    see_other(&urls::invite_receipt(key))
}

fn held_form(link: &OpenInviteLink, nonce: &str) -> held::Form {
    let link = &link.known.link;
    held::Form { workspace: link.workspace_id.clone(), link: link.id.to_string(), nonce: nonce.to_owned() }
}

/// What is wrong with who somebody says they are, if anything.
fn identity_problem(text: &str) -> Option<String> {
    if text.chars().count() > LONGEST_IDENTITY {
        return Some(format!("Your name or company must be {LONGEST_IDENTITY} characters or fewer"));
    }
    text.chars().any(char::is_control).then(|| "Your name or company must be one line of text".to_owned())
}
